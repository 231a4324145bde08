import { keyGroupRangeOf } from '../../keys/keyGroup.ts';
import { ByteReader } from '../bytes/byteReader.ts';
import { sameBytes } from '../bytes/sameBytes.ts';
import { LEGACY_KAFKA_STATE } from '../connectorState/legacyKafkaState.ts';
import { SOURCE_READER_STATE } from '../connectorState/sourceState.ts';
import type { ScanSignal } from '../keyed/keyedRows.ts';
import { operatorStateSize } from '../metadata/handleSizes.ts';
import type { KeyedStateHandle, MasterState, OperatorMetadata, SubtaskMetadata } from '../metadata/snapshotMetadata.ts';
import { writeMetadata, type WritableVersion } from '../metadata/writeMetadata.ts';
import type { Snapshot, SnapshotSubtask } from '../snapshot.ts';
import { isAsynchronous, type StateMetaInfo } from '../stateMetaInfo.ts';
import { hasTtl } from '../stateSchema.ts';
import type { FlinkMajor } from '../values/flinkMajor.ts';
import { DroppedTopics } from './droppedTopics.ts';
import { ElementEdits, type CountsByState } from './elementEdits.ts';
import type { KeyHash } from './keyGroupOfRow.ts';
import { KeyedRewrite, type KeyedPart } from './keyedRewrite.ts';
import { readOperatorStates, redistributed, writeManagedState, writeRawState, written, type StoredSubtask } from './operatorRewrite.ts';
import type { Migrating } from './migrating.ts';
import { OperatorFieldEdits } from './operatorFieldEdits.ts';
import type { Redacting } from './redacting.ts';
import { refuse, type RewritePlan } from './rewritePlan.ts';
import { StateReports, type OperatorReport, type RewriteReport, type StateReport } from './rewriteReport.ts';
import { RowEdits } from './rowEdits.ts';
import { OutputStream, type SnapshotOutput } from './snapshotOutput.ts';
import type { SettleConflict } from './settledConflicts.ts';
import { moveOffsets } from './sourceOffsets.ts';
import { resolvePlan, type TargetOperator } from './targetOperators.ts';

export interface RewriteOptions {
  /** Of operators whose metadata has none, by operator id. */
  readonly uids?: ReadonlyMap<string, string>;
  /** When each source was taken, in epoch milliseconds; by checkpoint ids where it is not known. */
  readonly takenAt?: readonly (number | null)[];
  /** Hashes of keys whose class has a hash of its own. */
  readonly keyHash?: KeyHash;
  /** Decides about keys for which sources have different state, in place of the plan's rule. */
  readonly settle?: SettleConflict;
  /** What must not be in what is written. */
  readonly redacting?: Redacting;
  /** What gives states other types. */
  readonly migrating?: Migrating;
  readonly signal?: ScanSignal;
  /** Of the state's bytes, from 0 to 1. */
  readonly onProgress?: (share: number) => void;
  /** How many bytes of rows are put in order in memory. */
  readonly logMax?: number;
}

/**
 * Writes what one or more snapshots hold as a new savepoint in Flink's canonical format, with the edits of a plan. Whatever no edit concerns
 * goes out byte for byte, entry by entry: also values and serializers that nobody here knows. Memory does not grow with the state.
 * @throws RewriteRefused where the plan cannot be done, ExpressionError, FormatError where a source is damaged
 */
export async function rewriteSnapshot(
  sources: readonly Snapshot[],
  plan: RewritePlan,
  output: SnapshotOutput,
  options: RewriteOptions = {},
): Promise<RewriteReport> {
  const [first] = sources;
  if (first === undefined) return refuse('there is no snapshot to write');
  const { operators, dropped, notes } = resolvePlan(sources, plan, options.uids ?? new Map());
  const { keyHash } = options;
  let asked = 0;
  const asking: KeyHash | undefined =
    keyHash &&
    ((key) => {
      asked++;
      return keyHash(key);
    });
  const rewriting = new Rewriting(sources, plan, output, asking === undefined ? options : { ...options, keyHash: asking }, operators);
  const metadata: OperatorMetadata[] = [];
  const reports: OperatorReport[] = [];
  for (const target of operators) {
    const done = await rewriting.operator(target);
    metadata.push(done.metadata);
    reports.push(done.report);
  }
  checkClasses(operators);
  options.signal?.throwIfAborted();
  if (keyHash !== undefined && asked === 0)
    refuse('a hash of keys was supplied, and there is no key to ask it for: nothing that is written has keys');
  await output.complete(
    writeMetadata({
      version: rewriting.version,
      checkpointId: Math.max(...sources.map((source) => source.metadata.checkpointId)),
      masterStates: mergedMasterStates(sources).filter(({ name }) => options.redacting?.keepsMasterState(name) !== false),
      operators: metadata,
      properties: null,
    }),
  );
  return { operators: reports, dropped, metadataVersion: rewriting.version, notes: [...notes, ...rewriting.notes] };
}

/** Flink 2.0, whose Kryo is another one, writes metadata of version 5. */
const FIRST_VERSION_OF_FLINK_2 = 5;

const ASYNCHRONOUS =
  'Asynchronous state of ForSt is written as synchronous state: the HashMap and RocksDB backends restore it, ForSt restores no canonical savepoint';
const ASYNCHRONOUS_TTL =
  'Flink 2.3 keeps asynchronous state on HashMap and RocksDB without TTL, also where the job asks for it: restored there, its values do not expire';

class Rewriting {
  readonly version: WritableVersion;
  readonly notes = new Set<string>();
  readonly #plan: RewritePlan;
  readonly #output: SnapshotOutput;
  readonly #options: RewriteOptions;
  readonly #precedence: readonly number[];
  readonly #sources: readonly Snapshot[];
  readonly #total: number;
  #read = 0;
  /** Of the operators that are written. */
  #done = 0;

  constructor(
    sources: readonly Snapshot[],
    plan: RewritePlan,
    output: SnapshotOutput,
    options: RewriteOptions,
    operators: readonly TargetOperator[],
  ) {
    this.#sources = sources;
    this.#plan = plan;
    this.#output = output;
    this.#options = options;
    this.version = plan.metadataVersion ?? (Math.max(4, ...sources.map(({ metadata }) => metadata.version)) as WritableVersion);
    this.#precedence = precedenceOf(sources, plan, options);
    this.#total = operators.reduce((sum, target) => sum + sizeOf(target), 0);
  }

  async operator(target: TargetOperator): Promise<{ metadata: OperatorMetadata; report: OperatorReport }> {
    const reports = new StateReports(this.#options.redacting?.counts);
    const finished = target.sources.every(({ operator }) => operator.metadata.finished);
    const dropped = new DroppedTopics(target);
    const subtasks = finished ? [] : await this.#subtasks(target, reports, dropped);
    const { operatorId, name, uid, parallelism, maxParallelism, label } = target;
    const coordinator = dropped.enumerator(await this.#coordinator(target));
    dropped.checkMet();
    // What was read in another way than row by row, and what was not read at all.
    this.#done += sizeOf(target);
    this.#hasRead(Math.max(0, this.#done - this.#read));
    return {
      metadata: {
        operatorId,
        name,
        uid,
        parallelism,
        maxParallelism,
        coordinatorState: coordinator === null ? null : written(coordinator, this.#output, `${operatorId}-coordinator`),
        finished,
        subtasks,
      },
      report: { label, operatorId, uid, parallelism, maxParallelism, states: reports.all.map((each) => renamedReport(each, target)) },
    };
  }

  async #subtasks(target: TargetOperator, reports: StateReports, dropped: DroppedTopics): Promise<SubtaskMetadata[]> {
    const { label, operatorId, parallelism } = target;
    const parts: KeyedPart[] = [];
    for (const { source, operator } of target.sources) {
      for (const subtask of operator.subtasks) {
        await this.#checkSubtask(target, subtask, label);
        for (const keyed of await subtask.keyedStates()) {
          this.#checkGeneration(
            label,
            source,
            keyed.states.filter(({ name }) => target.keeps(name)),
          );
          if (keyed.states.some(isAsynchronous)) this.notes.add(ASYNCHRONOUS);
          if (keyed.states.some((state) => isAsynchronous(state) && hasTtl(state))) this.notes.add(ASYNCHRONOUS_TTL);
          parts.push({ keyed, source, maxParallelism: operator.metadata.maxParallelism });
        }
      }
    }
    const { onConflict = 'fail' } = this.#plan;
    const { keyHash = null, settle = null, takenAt = [], signal, logMax } = this.#options;
    const edits = new RowEdits(
      target,
      parts,
      this.#plan,
      keyHash,
      this.#options.redacting?.keyed(operatorId) ?? null,
      this.#options.migrating ?? null,
    );
    const keyed = new KeyedRewrite(target, parts, edits, {
      output: this.#output,
      reports,
      onConflict,
      settle,
      takenAt,
      precedence: this.#precedence,
      keyHash,
      onRead: (bytes) => this.#hasRead(bytes),
      ...(signal === undefined ? {} : { signal }),
      ...(logMax === undefined ? {} : { logMax }),
    });
    const [lead] = target.sources;
    const same = target.sources.every(({ operator }) => operator.metadata.parallelism === parallelism);
    const indices = same
      ? [...new Set(target.sources.flatMap(({ operator }) => operator.subtasks.map(({ metadata }) => metadata.index)))]
      : Array.from({ length: parallelism }, (_, i) => i);
    const keyedNames = new Set(parts.flatMap((part) => part.keyed.states.map(({ name }) => name)));
    const elements = new ElementEdits(target, keyedNames);
    const fields = new OperatorFieldEdits(target, keyedNames);
    const stored = await this.#operatorStates(target, indices, same, reports, dropped, (subtask, states, flink, counts) =>
      withClasses(target, fields.apply(elements.apply(subtask, states, flink, counts), flink, counts)),
    );
    elements.checkMet(target.keeps);
    const subtasks: SubtaskMetadata[] = [];
    for (const [i, index] of indices.entries()) {
      this.#options.signal?.throwIfAborted();
      const place = `${operatorId}-${String(index)}`;
      const { managed, raw } = stored[i] ?? { managed: [], raw: [] };
      subtasks.push({
        index,
        finished: lead?.operator.subtasks.find(({ metadata }) => metadata.index === index)?.metadata.finished ?? false,
        managedOperatorState: writeManagedState(managed, this.#output, `${place}-operator`),
        rawOperatorState: writeRawState(raw, this.#output, `${place}-raw-operator`),
        managedKeyedState: await keyed.write(index),
        rawKeyedState: await this.#rawKeyed(target, index),
        inputChannels: [],
        resultSubpartitions: [],
      });
    }
    return subtasks;
  }

  async #checkSubtask(target: TargetOperator, subtask: SnapshotSubtask, label: string): Promise<void> {
    const { metadata } = subtask;
    const inFlight = [...metadata.inputChannels, ...metadata.resultSubpartitions];
    if (inFlight.length > 0 && this.#plan.dropInFlight !== true)
      refuse(
        `${label}, subtask ${String(metadata.index)}: an unaligned checkpoint has records in flight, which a savepoint cannot hold; say that they may be dropped, or take a savepoint`,
      );
    if (metadata.finished && target.sources.some(({ operator }) => operator.metadata.parallelism !== target.parallelism))
      refuse(`${label}: some of its subtasks have finished, so its parallelism stays`);
    const unreadable = await subtask.unreadableManagedState();
    if (unreadable !== null) refuse(`${label}, subtask ${String(metadata.index)}: keyed state cannot be read: ${unreadable}`);
  }

  /** What Kryo of one generation of Flink has written, the other cannot read. */
  #checkGeneration(label: string, source: number, states: readonly StateMetaInfo[]): void {
    const isFlink2 = (version: number): boolean => version >= FIRST_VERSION_OF_FLINK_2;
    const version = this.#sources[source]?.metadata.version ?? this.version;
    if (isFlink2(version) === isFlink2(this.version)) return;
    const state = states.find(({ serializers }) => [...serializers.values()].some(({ snapshot }) => hasKryo(snapshot)));
    if (state !== undefined)
      refuse(
        `${label}: state ${state.name} has values that Kryo of Flink ${isFlink2(version) ? '2' : '1'} wrote, which is not that of metadata version ${String(this.version)}`,
      );
  }

  /** By the subtasks that are written. */
  async #operatorStates(
    target: TargetOperator,
    indices: readonly number[],
    same: boolean,
    reports: StateReports,
    dropped: DroppedTopics,
    edited: (subtask: number, states: StoredSubtask, flink: FlinkMajor, counts: CountsByState) => StoredSubtask,
  ): Promise<readonly StoredSubtask[]> {
    const bySource: StoredSubtask[][] = [];
    const editedBySource: CountsByState[] = [];
    const seen = new Set<number>();
    for (const { source, operator } of target.sources) {
      if (seen.has(source)) continue;
      seen.add(source);
      const read: StoredSubtask[] = [];
      const counts: CountsByState = new Map();
      editedBySource.push(counts);
      for (const subtask of operator.subtasks) {
        this.#checkGeneration(target.label, source, (await subtask.operatorState())?.states.map(({ meta }) => meta) ?? []);
        const states = await readOperatorStates(subtask, target.keeps);
        const flink = (this.#sources[source]?.metadata.version ?? this.version) >= FIRST_VERSION_OF_FLINK_2 ? 2 : 1;
        const redacted = this.#options.redacting?.operatorState(target.operatorId, states, flink) ?? states;
        const migrated = this.#options.migrating?.operatorState(target.operatorId, redacted) ?? redacted;
        read.push(edited(subtask.metadata.index, migrated, flink, counts));
        this.#hasRead(operatorStateSize(subtask.metadata.managedOperatorState) + operatorStateSize(subtask.metadata.rawOperatorState));
      }
      const own = operator.subtasks.map(({ metadata }) => metadata.index);
      bySource.push(
        same ? indices.map((index) => read[own.indexOf(index)] ?? { managed: [], raw: [] }) : redistributed(read, target.parallelism),
      );
    }
    const chosen = this.#chosen(target, bySource, 'operator state', sameStates) ?? [];
    const counted = new Set<string>();
    for (const subtask of chosen) {
      for (const { meta, parts } of subtask.managed) {
        const isBroadcast = meta.kind === 'BROADCAST';
        // Every subtask has a copy of a broadcast state: its entries count once.
        if (isBroadcast && counted.has(meta.name)) continue;
        counted.add(meta.name);
        const report = reports.of(meta.name, isBroadcast ? 'broadcast' : 'list');
        const count = isBroadcast ? parts.reduce((sum, part) => sum + new ByteReader(part).count(0), 0) : parts.length;
        report.read += count;
        report.written += count;
      }
      for (const { name, parts } of subtask.raw) {
        const report = reports.of(name, 'raw');
        report.read += parts.length;
        report.written += parts.length;
      }
    }
    const source = chosen
      .flatMap(({ managed }) => managed.map(({ meta }) => meta.name))
      .find((name) => name === SOURCE_READER_STATE || name === LEGACY_KAFKA_STATE);
    const sourceReport = source === undefined ? null : reports.of(source, 'list');
    const moved = moveOffsets(dropped.readers(chosen, sourceReport), target, sourceReport);
    for (const [name, { group, changed, added, removed }] of editedBySource[bySource.findIndex((each) => each === chosen)] ?? []) {
      const report = reports.of(name, group);
      report.changed += changed;
      report.added += added;
      report.read += removed - added;
    }
    return moved.map((subtask) => renamedStates(subtask, target));
  }

  /** Of what does not belong to a key, all sources must have the same, or a rule say which is right. */
  #chosen<T>(target: TargetOperator, bySource: readonly T[], what: string, same: (a: T, b: T) => boolean): T | null {
    const [first] = bySource;
    if (first === undefined) return null;
    if (bySource.every((each) => same(first, each))) return first;
    if ((this.#plan.onConflict ?? 'fail') === 'fail')
      refuse(`${target.label}: the sources have different ${what}; say which of them is right: the first, or the newest`);
    const sources = [...new Set(target.sources.map(({ source }) => source))];
    const best = sources.reduce((a, b) => (this.#precedence.indexOf(a) < this.#precedence.indexOf(b) ? a : b));
    return bySource[sources.indexOf(best)] ?? first;
  }

  async #coordinator(target: TargetOperator): Promise<Uint8Array | null> {
    if (this.#options.redacting?.keepsCoordinator(target.operatorId) === false) return null;
    const states: (Uint8Array | null)[] = [];
    for (const { operator } of target.sources) states.push(await operator.coordinatorState());
    return this.#chosen(target, states, 'state of its coordinator', (a, b) => (a === null || b === null ? a === b : sameBytes(a, b)));
  }

  /** Raw keyed state of an operator's own goes along as it is, key group by key group. */
  async #rawKeyed(target: TargetOperator, index: number): Promise<KeyedStateHandle | null> {
    if (!target.keepsUnnamed || this.#options.redacting?.keepsRawKeyed(target.operatorId) === false) return null;
    const { label, maxParallelism, parallelism, operatorId } = target;
    const { start, end } = keyGroupRangeOf(maxParallelism, parallelism, index);
    const offsets = new Array<number>(end - start + 1).fill(-1);
    const stream = new OutputStream(this.#output, `${operatorId}-${String(index)}-raw-keyed`);
    for (const { operator } of target.sources) {
      for (const subtask of operator.subtasks) {
        for await (const { keyGroup, bytes } of subtask.rawKeyGroups()) {
          if (operator.metadata.maxParallelism !== maxParallelism)
            refuse(`${label}: its raw keyed state, which only its own code reads, does not let max parallelism change`);
          if (keyGroup < start || keyGroup > end) continue;
          if (offsets[keyGroup - start] !== -1) refuse(`${label}: several sources have raw keyed state of key group ${String(keyGroup)}`);
          offsets[keyGroup - start] = stream.length;
          stream.write(bytes);
        }
      }
    }
    return stream.length === 0
      ? null
      : { kind: 'keyGroups', form: 'plain', firstKeyGroup: start, offsets, stream: stream.finish(), id: '' };
  }

  #hasRead(bytes: number): void {
    this.#read += bytes;
    this.#options.onProgress?.(this.#total === 0 ? 1 : Math.min(1, this.#read / this.#total));
  }
}

function renamedReport(report: StateReport, { renames }: TargetOperator): StateReport {
  const now = renames.get(report.name);
  return now === undefined ? report : { ...report, now };
}

function renamedStates({ managed, raw }: StoredSubtask, { renames }: TargetOperator): StoredSubtask {
  const nameOf = (name: string): string => renames.get(name) ?? name;
  return {
    managed: managed.map((state) => ({ ...state, meta: { ...state.meta, name: nameOf(state.meta.name) } })),
    raw: raw.map((state) => ({ ...state, name: nameOf(state.name) })),
  };
}

function withClasses({ classes, label }: TargetOperator, stored: StoredSubtask): StoredSubtask {
  return { ...stored, managed: stored.managed.map((state) => ({ ...state, meta: classes.state(state.meta, label) })) };
}

/** @throws RewriteRefused where no state has a class that is to be renamed */
function checkClasses(operators: readonly TargetOperator[]): void {
  const [first, ...others] = operators.map(({ classes }) => new Set(classes.unmet));
  const unmet = [...(first ?? [])].find((name) => others.every((each) => each.has(name)));
  if (unmet !== undefined) refuse(`no state has the class ${unmet}`);
}

function sizeOf({ sources }: TargetOperator): number {
  return sources.reduce((sum, { operator }) => sum + operator.stateSize, 0);
}

function precedenceOf(sources: readonly Snapshot[], { onConflict }: RewritePlan, { takenAt }: RewriteOptions): number[] {
  const order = [...sources.keys()];
  if (onConflict !== 'newest') return order;
  const ageOf = (i: number): number => takenAt?.[i] ?? sources[i]?.metadata.checkpointId ?? 0;
  return order.sort((a, b) => ageOf(b) - ageOf(a));
}

function mergedMasterStates(sources: readonly Snapshot[]): MasterState[] {
  const states = new Map<string, MasterState>();
  for (const { metadata } of sources) for (const state of metadata.masterStates) if (!states.has(state.name)) states.set(state.name, state);
  return [...states.values()];
}

function hasKryo(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return false;
  if (Array.isArray(value)) return value.some(hasKryo);
  return ('kind' in value && value.kind === 'kryo') || Object.values(value).some(hasKryo);
}

function sameStates(a: readonly StoredSubtask[], b: readonly StoredSubtask[]): boolean {
  return sameLists(
    a,
    b,
    (one, other) =>
      sameLists(
        one.managed,
        other.managed,
        (x, y) => x.meta.name === y.meta.name && x.mode === y.mode && sameLists(x.parts, y.parts, sameBytes),
      ) && sameLists(one.raw, other.raw, (x, y) => x.name === y.name && sameLists(x.parts, y.parts, sameBytes)),
  );
}

function sameLists<T>(a: readonly T[], b: readonly T[], same: (one: T, other: T) => boolean): boolean {
  return (
    a === b ||
    (a.length === b.length &&
      a.every((one, i) => {
        const other = b[i];
        return other !== undefined && same(one, other);
      }))
  );
}
