import type { KeyedPart, OperatorHeaders, OperatorStatePart, SnapshotHeaders } from '../snapshot/snapshotHeaders.ts';
import type { StateMetaInfo } from '../snapshot/stateMetaInfo.ts';

/**
 * Headers without what no comparison with a plan asks for: handles of files, places of key groups, serializers as bytes; and what all
 * subtasks of an operator say alike is said once. It goes to another process with each check.
 */
export function essentialsOf({ metadata, operators }: SnapshotHeaders): SnapshotHeaders {
  return { metadata: { ...metadata, operators: [], masterStates: [], properties: null }, operators: operators.map(ofOperator) };
}

function ofOperator(operator: OperatorHeaders): OperatorHeaders {
  const { metadata, keyed, operatorStates } = operator;
  // Whether timers are beside the keyed state, and whether records were in flight, is asked for.
  const subtasks = metadata.subtasks
    .filter(
      ({ rawKeyedState, inputChannels, resultSubpartitions }) =>
        rawKeyedState !== null || inputChannels.length + resultSubpartitions.length > 0,
    )
    .map((subtask) => ({
      ...subtask,
      inputChannels: subtask.inputChannels.slice(0, 1),
      resultSubpartitions: subtask.resultSubpartitions.slice(0, 1),
    }));
  return {
    ...operator,
    metadata: { ...metadata, coordinatorState: null, subtasks },
    keyed: keyedOnce(keyed),
    operatorStates: operatorStatesOnce(operatorStates),
  };
}

/** One part of each layout, with the states of all. */
function keyedOnce(parts: readonly KeyedPart[]): KeyedPart[] {
  const layouts = new Map<KeyedPart['layout'], { readonly part: KeyedPart; readonly states: Map<string, StateMetaInfo> }>();
  for (const part of parts) {
    const known = layouts.get(part.layout) ?? { part, states: new Map<string, StateMetaInfo>() };
    layouts.set(part.layout, known);
    for (const state of part.header.states) if (!known.states.has(state.name)) known.states.set(state.name, withoutBytes(state));
  }
  return [...layouts.values()].map(({ part, states }) => {
    const { compressed, key } = part.header;
    return { ...part, header: { compressed, key: { snapshot: key.snapshot, bytes: null }, states: [...states.values()] }, sections: [] };
  });
}

function operatorStatesOnce(parts: readonly OperatorStatePart[]): OperatorStatePart[] {
  const states = new Map<string, OperatorStatePart>();
  for (const part of parts) {
    const known = states.get(part.meta.name);
    states.set(
      part.meta.name,
      known === undefined
        ? { ...part, meta: withoutBytes(part.meta) }
        : { ...known, count: known.count + part.count, views: [...known.views, ...part.views] },
    );
  }
  return [...states.values()];
}

function withoutBytes(meta: StateMetaInfo): StateMetaInfo {
  const serializers = new Map([...meta.serializers].map(([role, { snapshot }]) => [role, { snapshot, bytes: null }]));
  return { ...meta, serializers };
}
