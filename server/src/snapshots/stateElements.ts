import type { DumpValue, SnapshotOperator, StateDescription } from 'tidemark/snapshot';

/** An element of list or union state, an entry of broadcast state, or a part of raw state. */
export interface StateElement {
  readonly subtask: number;
  /** Among those of its subtask. */
  readonly index: number;
  /** Of broadcast state; absent elsewhere. */
  readonly key?: DumpValue;
  readonly value: DumpValue;
}

/** All that an operator state has, subtask by subtask. It is small by nature. @throws FormatError */
export async function stateElements(operator: SnapshotOperator, group: StateDescription['group'], name: string): Promise<StateElement[]> {
  const elements: StateElement[] = [];
  for (const subtask of operator.subtasks) {
    const { index: at } = subtask.metadata;
    const add = (found: readonly { readonly key?: DumpValue; readonly value: DumpValue }[]): void => {
      for (const [index, each] of found.entries()) elements.push({ subtask: at, index, ...each });
    };
    if (group === 'raw') {
      const parts = (await subtask.rawOperatorState()).filter(({ state }) => state === name).flatMap((state) => state.parts);
      add(parts.map((part) => ({ value: { $bytes: Buffer.from(part).toString('hex') } })));
      continue;
    }
    const operatorState = await subtask.operatorState();
    const state = operatorState?.states.find(({ meta }) => meta.name === name);
    if (operatorState == null || state === undefined) continue;
    if (group === 'broadcast') add([...operatorState.entries(state)].map(([key, value]) => ({ key, value })));
    else add([...operatorState.elements(state)].map((value) => ({ value })));
  }
  return elements;
}
