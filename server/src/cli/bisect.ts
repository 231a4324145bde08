import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Invariant, Verdict } from '../snapshots/compare/invariant.ts';
import { SnapshotSide } from '../snapshots/compare/snapshotSide.ts';
import { absoluteLocation } from '../snapshots/storage/openStorage.ts';
import { asDiff, DIFF_EXIT, invariantsOf } from './diff.ts';
import { UsageError, type CliIo } from './io.ts';
import { untilInterrupted } from './interrupt.ts';
import { openedForReading, READING_OPTIONS, type ReadingValues } from './openedForReading.ts';
import { parsed, type CommandSyntax } from './syntax.ts';

interface Checkpoint {
  readonly location: string;
  readonly checkpointId: number;
}

interface Probe extends Checkpoint {
  readonly verdicts: readonly Verdict[];
}

export const bisectSyntax = {
  name: 'bisect',
  operands: 'CHECKPOINTS...',
  about: 'Finds the first of several checkpoints for which something does not hold.',
  options: {
    expect: {
      value: 'EXPECTATION|MODULE',
      repeated: true,
      required: true,
      about: 'What must hold, as diff takes it. It is compared with the first checkpoint.',
    },
    ...READING_OPTIONS,
    json: { about: 'Prints JSON.' },
  },
} as const satisfies CommandSyntax;

/**
 * `tidemark bisect CHECKPOINTS...`: the first of a row of checkpoints for which something does not hold. As with every bisection, what has
 * been broken once is taken to stay broken. What is about two snapshots compares with the first.
 */
export async function bisect(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parsed(bisectSyntax, args);
  if (positionals.length === 0) throw new UsageError('bisect needs checkpoints, or folders with some.');
  if (values.expect === undefined) throw new UsageError('bisect needs --expect with what must hold.');
  return asDiff(io, async () => {
    const invariants = await invariantsOf(values.expect ?? [], io);
    const row = await checkpoints(positionals, values, io);
    if (row === null) return DIFF_EXIT.error;
    if (row.length < 2) throw new UsageError(`bisect needs two checkpoints at least, found ${String(row.length)}.`);
    const { last, first, failed } = await firstBroken(row, new Prober(row, invariants, values, io));
    if (failed !== null) return failed;
    if (values.json) io.out(`${JSON.stringify({ checkpoints: row.length, lastWhole: last, firstBroken: first }, null, 2)}\n`);
    else if (first === null) io.out(`It holds in the last of ${String(row.length)} checkpoints.\n`);
    else {
      io.out(`First broken: ${first.location} (checkpoint ${String(first.checkpointId)})\n`);
      if (last !== null) io.out(`Last whole:   ${last.location} (checkpoint ${String(last.checkpointId)})\n`);
      for (const { text, holds, detail } of first.verdicts) if (!holds) io.out(`${text}${detail === '' ? '' : `: ${detail}`}\n`);
    }
    return first === null ? DIFF_EXIT.same : DIFF_EXIT.different;
  });
}

interface Found {
  readonly last: Probe | null;
  readonly first: Probe | null;
  /** An exit code where a checkpoint could not be read. */
  readonly failed: number | null;
}

async function firstBroken(row: readonly Checkpoint[], prober: Prober): Promise<Found> {
  const isWhole = ({ verdicts }: Probe): boolean => verdicts.every(({ holds }) => holds);
  let last: Probe | null = null;
  let first: Probe | null = null;
  let low = 0;
  let high = row.length;
  // The last comes first: where it is whole, there is nothing to look for. Then the one in the middle, each time.
  for (let at = row.length - 1; low < high; at = (low + high) >> 1) {
    const probe = await prober.probe(at);
    if (typeof probe === 'number') return { last, first, failed: probe };
    if (isWhole(probe)) {
      last = probe;
      low = at + 1;
    } else {
      first = probe;
      high = at;
    }
  }
  return { last, first, failed: null };
}

class Prober {
  readonly #row: readonly Checkpoint[];
  readonly #invariants: readonly Invariant[];
  readonly #values: ReadingValues;
  readonly #io: CliIo;

  constructor(row: readonly Checkpoint[], invariants: readonly Invariant[], values: ReadingValues, io: CliIo) {
    this.#row = row;
    this.#invariants = invariants;
    this.#values = values;
    this.#io = io;
  }

  /** An exit code where it cannot be read. */
  async probe(index: number): Promise<Probe | number> {
    const [base] = this.#row;
    const checkpoint = this.#row[index];
    if (base === undefined || checkpoint === undefined) throw new RangeError(`there is no checkpoint ${String(index)}`);
    const found: Probe[] = [];
    const code = await openedForReading(base.location, this.#values, this.#io, (one) =>
      openedForReading(checkpoint.location, this.#values, this.#io, (two) =>
        untilInterrupted(async (signal) => {
          const verdicts: Verdict[] = [];
          for (const each of this.#invariants) {
            verdicts.push(await each.verdict(new SnapshotSide(one, signal), new SnapshotSide(two, signal)));
          }
          found.push({ ...checkpoint, verdicts });
          return DIFF_EXIT.same;
        }),
      ),
    );
    const [probe] = found;
    if (probe === undefined) return code;
    const { verdicts } = probe;
    const told = verdicts.map(({ holds, detail }) => `${holds ? 'holds' : 'broken'}${detail === '' ? '' : ` (${detail})`}`);
    this.#io.err(`checkpoint ${String(checkpoint.checkpointId)}: ${told.join('; ')}\n`);
    return probe;
  }
}

/** In the order in which they were taken; null where one cannot be read. */
async function checkpoints(places: readonly string[], values: ReadingValues, io: CliIo): Promise<Checkpoint[] | null> {
  const row: Checkpoint[] = [];
  for (const place of places) {
    for (const location of await snapshotsIn(absoluteLocation(io.cwd, place))) {
      const before = row.length;
      await openedForReading(location, values, io, ({ snapshot }) => {
        row.push({ location, checkpointId: snapshot.metadata.checkpointId });
        return Promise.resolve(DIFF_EXIT.same);
      });
      if (row.length === before) return null;
    }
  }
  return row.sort((a, b) => a.checkpointId - b.checkpointId);
}

/** A folder that is not a snapshot itself stands for all that are right in it. */
async function snapshotsIn(location: string): Promise<string[]> {
  const entries = await readdir(location, { withFileTypes: true }).catch(() => []);
  if (entries.length === 0 || entries.some(({ name }) => name === '_metadata')) return [location];
  const found: string[] = [];
  for (const entry of entries) {
    if (!entry.isDirectory()) continue;
    const inside = await readdir(join(location, entry.name)).catch((): string[] => []);
    if (inside.includes('_metadata')) found.push(join(location, entry.name));
  }
  return found.length === 0 ? [location] : found;
}
