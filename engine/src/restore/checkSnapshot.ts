import type { Plan } from '../plan/plan.ts';
import type { ScanSignal } from '../snapshot/keyed/keyedRows.ts';
import type { UnreadableEntries } from '../snapshot/keyed/unreadableEntries.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { readHeaders, type SnapshotHeaders } from '../snapshot/snapshotHeaders.ts';
import { checkStored, reportOf, type CheckOptions } from './checkRestore.ts';
import type { FlinkTarget } from '../snapshot/compatibility/flinkVerdict.ts';
import { flinkFindings } from './flinkTarget.ts';
import { essentialsOf } from './essentials.ts';
import { finding, type RestoreFinding, type RestoreReport } from './restoreReport.ts';
import type { SnapshotManifest } from './snapshotManifest.ts';
import type { StoredDescription } from './storedDescription.ts';

export interface CheckSnapshotOptions extends CheckOptions {
  /** A Flink that is to restore it in place of this engine; null for the engine. */
  readonly flink: FlinkTarget | null;
}

/** All that a comparison with a plan needs of a snapshot. Plain data: it may be made in another process, where the plan is. */
export interface KnownSnapshot {
  readonly headers: SnapshotHeaders;
  /** As the manifest has them: none for snapshots of Flink. */
  readonly operators: StoredDescription['operators'];
  readonly counts: readonly EntryCount[];
}

/** Entries of keyed state: of one state of an operator, or of all that it has (null). */
export interface EntryCount {
  readonly operatorId: string;
  readonly state: string | null;
  readonly entries: number;
}

export interface Comparison {
  readonly report: RestoreReport;
  /** What was not counted yet, and would say whether something is lost: until then the report takes it for something. */
  readonly uncounted: readonly Omit<EntryCount, 'entries'>[];
}

/** A function of the plan and of what has been read. */
export function compareWithPlan(plan: Plan, { headers, operators, counts }: KnownSnapshot, options: CheckSnapshotOptions): Comparison {
  const known = new Map(counts.map((count) => [identityOf(count), count.entries]));
  const uncounted = new Map<string, Omit<EntryCount, 'entries'>>();
  const report = checkDescription(
    plan,
    {
      headers,
      operators,
      counts: {
        of(operatorId, state) {
          const identity = identityOf({ operatorId, state });
          const entries = known.get(identity);
          if (entries === undefined) uncounted.set(identity, { operatorId, state });
          return entries ?? null;
        },
      },
    },
    options,
  );
  return { report, uncounted: [...uncounted.values()] };
}

function identityOf({ operatorId, state }: Omit<EntryCount, 'entries'>): string {
  return state === null ? operatorId : `${operatorId} ${state}`;
}

/** A snapshot of any layout, in any storage, that plans are checked against: what was read of it stays, so that the next check is quick. */
export class CheckedSnapshot {
  readonly #snapshot: Snapshot;
  readonly #manifest: SnapshotManifest | null;
  readonly #counts: EntryCount[] = [];
  #headers: Promise<SnapshotHeaders> | null = null;
  #known: Promise<Omit<KnownSnapshot, 'counts'>> | null = null;

  constructor(snapshot: Snapshot, manifest: SnapshotManifest | null) {
    this.#snapshot = snapshot;
    this.#manifest = manifest;
  }

  /** What a restore into the plan would do. Entries are read only of state that has no taker. @throws FormatError, the signal's reason */
  check(plan: Plan, options: CheckSnapshotOptions, signal?: ScanSignal): Promise<RestoreReport> {
    return this.checkBy((known) => compareWithPlan(plan, known, options), signal);
  }

  /** The same where somebody else compares: he is asked again when what he missed has been counted. */
  async checkBy(compare: (known: KnownSnapshot) => Comparison | Promise<Comparison>, signal?: ScanSignal): Promise<RestoreReport> {
    const known = await (this.#known ??= this.#read());
    for (;;) {
      const { report, uncounted } = await compare({ ...known, counts: [...this.#counts] });
      if (uncounted.length === 0) return report;
      for (const missing of uncounted)
        this.#counts.push({ ...missing, entries: await this.#count(missing.operatorId, missing.state, signal) });
    }
  }

  /** Read once. */
  headers(): Promise<SnapshotHeaders> {
    return (this.#headers ??= readHeaders(this.#snapshot));
  }

  async #read(): Promise<Omit<KnownSnapshot, 'counts'>> {
    return {
      headers: essentialsOf(await this.headers()),
      operators: (this.#manifest?.operators ?? []).map(({ operatorId, uid, kind }) => ({ operatorId, uid, kind })),
    };
  }

  async #count(operatorId: string, state: string | null, signal: ScanSignal | undefined): Promise<number> {
    const operator = this.#snapshot.operators.find(({ metadata }) => metadata.operatorId === operatorId);
    let count = 0;
    for (const subtask of operator?.subtasks ?? []) {
      for (const keyed of await subtask.keyedStates()) {
        const wanted = new Set(keyed.states.flatMap(({ name }, id) => (state === null || name === state ? [id] : [])));
        if (wanted.size === 0) continue;
        // Of what cannot be counted there is taken to be some: it would be lost.
        const onUnreadable = ({ entries }: UnreadableEntries): void => void (count += entries ?? 1);
        const filter = { states: wanted, onUnreadable, ...(signal === undefined ? {} : { signal }) };
        for (const { keyGroup, size } of keyed.sections) {
          if (size === 0) continue;
          await keyed.scanRows(
            keyGroup,
            (row) => {
              if (wanted.has(row.state)) count++;
              return undefined;
            },
            filter,
          );
        }
      }
    }
    return count;
  }
}

/** A function of the plan and of what has been read: the engine's own verdict, and what Flink does where that is the target. */
export function checkDescription(plan: Plan, stored: StoredDescription, options: CheckSnapshotOptions): RestoreReport {
  const { findings } = checkStored(plan, stored, options);
  const { flink } = options;
  return reportOf([
    ...findings,
    ...(flink === null
      ? [...nativeLayout(stored.headers), ...inFlight(stored.headers, options)]
      : flinkFindings(plan, stored.headers, flink, findings)),
  ]);
}

/** A run restores the canonical form; what is in any other one, it writes again first. */
function nativeLayout({ operators }: SnapshotHeaders): RestoreFinding[] {
  const native = new Set(operators.flatMap(({ keyed }) => keyed.map(({ layout }) => layout)).filter((layout) => layout !== 'canonical'));
  if (native.size === 0) return [];
  return [
    finding(
      'info',
      'nativeLayout',
      null,
      null,
      `Its keyed state is in the form of a state backend of Flink (${[...native].join(', ')}): a run first writes a copy of it in the canonical form, beside its own snapshots, and restores that.`,
      null,
    ),
  ];
}

/** Records between operators belong to the job that they were under way in: no savepoint holds them. */
function inFlight({ operators }: SnapshotHeaders, { allowNonRestoredState }: CheckOptions): RestoreFinding[] {
  const isInFlight = operators.some(({ metadata }) =>
    metadata.subtasks.some(({ inputChannels, resultSubpartitions }) => inputChannels.length + resultSubpartitions.length > 0),
  );
  if (!isInFlight) return [];
  return [
    finding(
      allowNonRestoredState ? 'warning' : 'error',
      'inFlight',
      null,
      null,
      'It is an unaligned checkpoint: the records that were in flight are not restored.',
      allowNonRestoredState ? null : 'Take a savepoint, or allow non-restored state to leave them out.',
    ),
  ];
}
