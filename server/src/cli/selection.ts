import { nearest } from 'tidemark/plan';
import { describeStates, type SnapshotOperator, type StateQuery } from 'tidemark/snapshot';
import { operatorLabel, type OpenedSnapshot } from '../snapshots/openedSnapshot.ts';
import { UsageError } from './io.ts';

/** Options with which commands choose what of a snapshot they look at. */
export const SELECTION_OPTIONS = {
  operator: { type: 'string' },
  state: { type: 'string' },
  key: { type: 'string' },
  prefix: { type: 'string' },
  'key-group': { type: 'string' },
  subtask: { type: 'string' },
  where: { type: 'string' },
} as const;

export type SelectionValues = { readonly [K in keyof typeof SELECTION_OPTIONS]?: string | undefined };

/** The operator that is meant by uid, name, or id or the beginning of an id; null where none is named. @throws UsageError */
export function chosenOperators(opened: OpenedSnapshot, name: string | undefined): SnapshotOperator[] | null {
  if (name === undefined) return null;
  const { operators } = opened.snapshot;
  const exact = operators.filter((operator) =>
    [operatorLabel(opened, operator), operator.metadata.uid, operator.metadata.name].includes(name),
  );
  const chosen = exact.length > 0 ? exact : operators.filter(({ metadata }) => name.length >= 4 && metadata.operatorId.startsWith(name));
  if (chosen.length === 1) return chosen;
  const labels = operators.map((operator) => operatorLabel(opened, operator));
  if (chosen.length > 1) {
    const ids = chosen.map(({ metadata }) => metadata.operatorId).join(', ');
    throw new UsageError(`--operator ${name}: several operators are meant, ${ids}.`);
  }
  throw new UsageError(`--operator ${name}: there is no such operator.${suggestion(name, labels)}`);
}

/** The states of this name. @throws UsageError where no operator has one */
export async function checkState(operators: readonly SnapshotOperator[], name: string | undefined): Promise<void> {
  if (name === undefined) return;
  const names = new Set<string>();
  for (const operator of operators) for (const state of (await describeStates(operator)).states) names.add(state.name);
  if (!names.has(name)) throw new UsageError(`--state ${name}: there is no such state.${suggestion(name, [...names])}`);
}

function suggestion(name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  return meant === null ? ` Known: ${known.join(', ')}.` : ` Did you mean ${meant}?`;
}

/** @throws UsageError */
export function queryOf(values: SelectionValues): StateQuery {
  const { state, key, prefix, where } = values;
  const keyGroup = wholeNumber('--key-group', values['key-group']);
  const subtask = wholeNumber('--subtask', values.subtask);
  return {
    ...(state === undefined ? {} : { state: (name) => name === state }),
    ...(key === undefined ? {} : { key }),
    ...(prefix === undefined ? {} : { prefix }),
    ...(where === undefined ? {} : { where }),
    ...(keyGroup === undefined ? {} : { keyGroup }),
    ...(subtask === undefined ? {} : { subtask }),
  };
}

/** @throws UsageError */
export function wholeNumber(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw new UsageError(`${option} ${text}: a whole number is needed.`);
  return Number(text);
}
