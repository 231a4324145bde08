import { nearest } from 'tidemark/plan';
import { describeStates, operatorsNamed, type SnapshotOperator, type StateQuery } from 'tidemark/snapshot';
import type { OpenedSnapshot } from '../snapshots/openedSnapshot.ts';
import { UsageError } from './io.ts';
import type { OptionTable, OptionValues } from './syntax.ts';

/** Options with which commands choose what of a snapshot they look at. */
export const SELECTION_OPTIONS = {
  operator: { value: 'O', about: 'Only this operator, by uid, name or id.' },
  state: { value: 'S', about: 'Only the state of this name.' },
  key: { value: 'K', about: 'Only this key, as text or as JSON. For negative numbers: --key=-5.' },
  prefix: { value: 'TEXT', about: 'Only keys that begin with this text.' },
  'key-group': { value: 'N', about: 'Only this key group.' },
  subtask: { value: 'N', about: 'Only what this subtask wrote.' },
  where: { value: 'EXPR', about: `Only entries for which this is true, such as 'value.count > 5 && key startsWith "A"'.` },
} as const satisfies OptionTable;

export type SelectionValues = OptionValues<typeof SELECTION_OPTIONS>;

/** The operator that is meant by uid, name, or id or the beginning of an id; null where none is named. @throws UsageError */
export function chosenOperators(opened: OpenedSnapshot, name: string | undefined): readonly SnapshotOperator[] | null {
  if (name === undefined) return null;
  const { operators } = opened.snapshot;
  const chosen = operatorsNamed(operators, name, ({ names }) => names);
  if (chosen.length === 1) return chosen;
  const labels = operators.map(({ label }) => label);
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
