import type { OperatorDescription } from '../describeStates.ts';
import { operatorsNamed } from '../operatorsNamed.ts';
import type { OperatorFacts } from './differences.ts';

export interface OperatorMatch {
  /** Indices in the lists that were given; null where the other side has no such operator. */
  readonly before: number | null;
  readonly after: number | null;
  readonly by: 'id' | 'uid' | 'rename' | 'proposal' | null;
}

/** Two operators that look alike: equal names, types and keys of all their states, and no other operator that has them. */
export interface ProposedRename {
  readonly before: OperatorFacts;
  readonly after: OperatorFacts;
}

/** A rename that names no operator, or one that is not free. */
export class RenameError extends Error {
  override readonly name = 'RenameError';
}

export interface OperatorMatching {
  readonly matches: readonly OperatorMatch[];
  readonly proposals: readonly ProposedRename[];
}

export interface MatchingOptions {
  /** From old to new, each an uid, a name or an id. */
  readonly renames: readonly (readonly [before: string, after: string])[];
  /** Whether proposals count as if the user had given them. */
  readonly usesProposals: boolean;
  /** What an operator's states are; asked only for those that have no counterpart. */
  readonly describe: (side: 'before' | 'after', index: number) => Promise<OperatorDescription>;
}

/** Which operators of two snapshots are the same: first as the user says, then by id, then by uid. @throws RenameError, FormatError */
export async function matchOperators(
  before: readonly OperatorFacts[],
  after: readonly OperatorFacts[],
  { renames, usesProposals, describe }: MatchingOptions,
): Promise<OperatorMatching> {
  const pairs = new Map<number, OperatorMatch>();
  const taken = new Set<number>();
  const pair = (i: number, j: number, by: OperatorMatch['by']): void => {
    pairs.set(i, { before: i, after: j, by });
    taken.add(j);
  };
  for (const [from, to] of renames) {
    const i = named(before, from, 'before');
    const j = named(after, to, 'after');
    if (pairs.has(i) || taken.has(j)) throw new RenameError(`${from}=${to}: one of both has been renamed already`);
    pair(i, j, 'rename');
  }
  for (const by of ['id', 'uid'] as const) {
    for (const [i, operator] of before.entries()) {
      if (pairs.has(i) || operator[by] === null) continue;
      const j = after.findIndex((each, at) => !taken.has(at) && each[by] === operator[by]);
      if (j >= 0) pair(i, j, by);
    }
  }
  const alike = await lookAlikes(
    before.flatMap((_, i) => (pairs.has(i) ? [] : [i])),
    after.flatMap((_, j) => (taken.has(j) ? [] : [j])),
    describe,
  );
  const proposals: ProposedRename[] = [];
  for (const [i, j] of alike) {
    if (usesProposals) pair(i, j, 'proposal');
    const [one, two] = [before[i], after[j]];
    if (!usesProposals && one !== undefined && two !== undefined) proposals.push({ before: one, after: two });
  }
  const matches = before.map((_, i): OperatorMatch => pairs.get(i) ?? { before: i, after: null, by: null });
  for (const j of after.keys()) if (!taken.has(j)) matches.push({ before: null, after: j, by: null });
  return { matches, proposals };
}

function named(operators: readonly OperatorFacts[], name: string, side: string): number {
  const found = operatorsNamed(operators, name, (operator) => operator);
  const [operator] = found;
  if (operator === undefined || found.length > 1) {
    const known = operators.map(({ label }) => label).join(', ');
    throw new RenameError(
      `${found.length > 1 ? 'several operators' : 'no operator'} of the snapshot ${side} ${found.length > 1 ? 'are' : 'is'} ${name}; known: ${known}`,
    );
  }
  return operators.indexOf(operator);
}

async function lookAlikes(
  before: readonly number[],
  after: readonly number[],
  describe: MatchingOptions['describe'],
): Promise<(readonly [number, number])[]> {
  if (before.length === 0 || after.length === 0) return [];
  const old = await bySignature('before', before, describe);
  const young = await bySignature('after', after, describe);
  return [...old].flatMap(([signature, [i, ...more]]) => {
    const [j, ...others] = young.get(signature) ?? [];
    return i === undefined || j === undefined || more.length + others.length > 0 ? [] : [[i, j] as const];
  });
}

async function bySignature(
  side: 'before' | 'after',
  indices: readonly number[],
  describe: MatchingOptions['describe'],
): Promise<Map<string, number[]>> {
  const found = new Map<string, number[]>();
  for (const index of indices) {
    const { key, states } = await describe(side, index);
    // Operators without state have nothing to be known by.
    if (states.length === 0) continue;
    const lines = states.map(({ group, name, kind, type }) => [group, name, kind, type].join('\t')).sort();
    const signature = [key ?? '', ...lines].join('\n');
    found.set(signature, [...(found.get(signature) ?? []), index]);
  }
  return found;
}
