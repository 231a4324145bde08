import { shownElement } from '../connectorState/connectorElement.ts';
import type { StateGroup } from '../describeStates.ts';
import type { RowAnswer, ScanSignal } from '../keyed/keyedRows.ts';
import type { OperatorState } from '../operator/operatorState.ts';
import type { SnapshotOperator, SnapshotSubtask } from '../snapshot.ts';
import { dumpBytes, dumpText, type DumpValue } from '../values/dumpValue.ts';
import { compileExpression } from './expression.ts';
import type { Path, PathRoot } from './expressionSyntax.ts';
import { textOfKey } from './keyLookup.ts';
import { partOf, scalarOf, type Scalar } from './scalar.ts';
import type { StateQuery } from './stateQuery.ts';

/** An element of operator state; of broadcast state an entry. */
export interface MatchedElement {
  readonly group: Exclude<StateGroup, 'keyed' | 'timers'>;
  readonly state: string;
  readonly subtask: number;
  /** In the state of its subtask. */
  readonly index: number;
  /** Null but of broadcast state. */
  readonly key: DumpValue;
  readonly value: DumpValue;
}

/** Operator state has neither key groups nor keys to look up. */
export function wantsElements({ key, prefix, keyGroup }: StateQuery): boolean {
  return key === undefined && prefix === undefined && keyGroup === undefined;
}

/**
 * Shows the elements of operator state that a query wants, in the order of subtasks, until the visitor says false; then it resolves to
 * false. @throws ExpressionError, FormatError
 */
export async function queryElements(
  operator: SnapshotOperator,
  query: StateQuery,
  visit: (element: MatchedElement) => RowAnswer,
  signal?: ScanSignal,
): Promise<boolean> {
  if (!wantsElements(query)) return true;
  const matches = elementFilter(query);
  for (const subtask of operator.subtasks) {
    const { index } = subtask.metadata;
    if ((query.subtask ?? index) !== index) continue;
    for (const element of await elementsOf(subtask, query)) {
      signal?.throwIfAborted();
      if (!matches(element)) continue;
      const answer = visit(element);
      if ((typeof answer === 'object' ? await answer : answer) === false) return false;
    }
  }
  return true;
}

/** The value of a path in an element; null where it has no such part. Of a connector's element, parts are what its bytes say. */
export function partOfElement({ key, value, state, subtask }: MatchedElement, { root, steps }: Path): Scalar {
  const shown = root === 'value' && steps.length > 0 ? shownElement(state, value) : value;
  const roots: Partial<Record<PathRoot, DumpValue>> = { key, value: shown, state, subtask };
  return scalarOf(steps.reduce(partOf, roots[root] ?? null));
}

/** Elements are few and small: they are compared as they were read. */
function elementFilter({ where, element: wanted, elementPrefix }: StateQuery): (element: MatchedElement) => boolean {
  const compiled = where === undefined ? null : compileExpression(where);
  return (element) => {
    const named = element.group === 'broadcast' ? element.key : element.value;
    if (wanted !== undefined && textOfKey(named) !== wanted && dumpText(named) !== wanted) return false;
    if (elementPrefix !== undefined && !textOfKey(named).startsWith(elementPrefix)) return false;
    return compiled === null || compiled.evaluate(compiled.paths.map((path) => partOfElement(element, path))) === true;
  };
}

async function elementsOf(subtask: SnapshotSubtask, query: StateQuery): Promise<Iterable<MatchedElement>> {
  const { index: subtaskIndex, managedOperatorState, rawOperatorState } = subtask.metadata;
  const wanted = (name: string, group: StateGroup): boolean => query.state?.(name, group) ?? true;
  const managed = managedOperatorState?.partitions.some(({ name }) => wanted(name, 'list') || wanted(name, 'broadcast'));
  const operatorState = managed === true ? await subtask.operatorState() : null;
  const raw = rawOperatorState?.partitions.some(({ name }) => wanted(name, 'raw')) === true ? await subtask.rawOperatorState() : [];
  return inTurn();

  function* inTurn(): Generator<MatchedElement> {
    if (operatorState !== null) yield* managedElements(operatorState, subtaskIndex, wanted);
    for (const { state, parts } of raw) {
      if (!wanted(state, 'raw')) continue;
      const place = { group: 'raw', state, subtask: subtaskIndex, key: null } as const;
      for (const [index, part] of parts.entries()) yield { ...place, index, value: dumpBytes(part) };
    }
  }
}

function* managedElements(
  operatorState: OperatorState,
  subtask: number,
  wanted: (name: string, group: StateGroup) => boolean,
): Generator<MatchedElement> {
  for (const state of operatorState.states) {
    const { name } = state.meta;
    const group = state.meta.kind === 'BROADCAST' ? 'broadcast' : 'list';
    if (!wanted(name, group)) continue;
    const place = { group, state: name, subtask } as const;
    let index = 0;
    if (group === 'broadcast') {
      for (const [key, value] of operatorState.entries(state)) yield { ...place, index: index++, key, value };
    } else for (const value of operatorState.elements(state)) yield { ...place, index: index++, key: null, value };
  }
}
