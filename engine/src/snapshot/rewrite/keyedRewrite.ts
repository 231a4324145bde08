import { keyGroupOfHash, keyGroupRangeOf } from '../../keys/keyGroup.ts';
import type { KeyedRow, RowFilter, ScanSignal } from '../keyed/keyedRows.ts';
import type { KeyedState } from '../keyed/keyedState.ts';
import { KeyedStreamWriter, type KeyedHeader } from '../keyed/keyedStream.ts';
import type { KeyedStateHandle } from '../metadata/snapshotMetadata.ts';
import { sameSerializer, sameState, synchronousState, type StateMetaInfo } from '../stateMetaInfo.ts';
import { UnreadableValue } from '../values/unreadableValue.ts';
import { KeyGroupSink } from './keyGroupSink.ts';
import { RowHasher, type KeyHash } from './keyGroupOfRow.ts';
import { MergedKeys, ownerOf } from './mergedKeys.ts';
import { canonicalOpaqueRow } from './opaqueValues.ts';
import { RowLog } from './rowLog.ts';
import { refuse, type ConflictRule } from './rewritePlan.ts';
import type { StateReport, StateReports } from './rewriteReport.ts';
import { RowInHand } from './rowInHand.ts';
import { ConflictSettlement, type SettleConflict } from './settledConflicts.ts';
import { OutputStream, type SnapshotOutput } from './snapshotOutput.ts';
import type { RowEdits } from './rowEdits.ts';
import type { TargetOperator } from './targetOperators.ts';

/** So many bytes of rows are put in order in memory; a key group that has more is read once for each of its states. */
const LOG_MAX = 48 << 20;

/** Keyed state of one subtask of one source. */
export interface KeyedPart {
  readonly keyed: KeyedState;
  readonly source: number;
  readonly maxParallelism: number;
}

export interface KeyedRewriteOptions {
  readonly output: SnapshotOutput;
  readonly reports: StateReports;
  readonly signal?: ScanSignal;
  readonly onConflict: ConflictRule;
  /** Decides about keys in place of the rule. */
  readonly settle: SettleConflict | null;
  /** When each source was taken. */
  readonly takenAt: readonly (number | null)[];
  /** Of the sources, those whose keys win first. */
  readonly precedence: readonly number[];
  readonly keyHash: KeyHash | null;
  /** Bytes of state that were read. */
  readonly onRead: (bytes: number) => void;
  /** As LOG_MAX, for tests. */
  readonly logMax?: number;
}

/** How the states of a part become those of the header that is written. */
interface PartInUse extends KeyedPart {
  /** By state of the part; -1 where it is left out. */
  readonly states: readonly number[];
  readonly filter: RowFilter;
  readonly hasher: RowHasher;
  readonly reports: readonly (StateReport | null)[];
}

/** A row of a part as it is to be written; false ends the scan. */
type ShowRow = (part: PartInUse, row: KeyedRow, hand: RowInHand, report: StateReport) => false | undefined;
/** Shows the same rows, each time that it is called. False where it was ended. */
type Scan = (show: ShowRow) => Promise<boolean>;

/** Writes the keyed state of an operator, subtask by subtask, in the canonical layout. */
export class KeyedRewrite {
  readonly #target: TargetOperator;
  readonly #parts: readonly KeyedPart[];
  readonly #edits: RowEdits;
  readonly #options: KeyedRewriteOptions;
  readonly #rehashes: boolean;
  readonly #log = new RowLog();
  readonly #hand = new RowInHand();

  constructor(target: TargetOperator, parts: readonly KeyedPart[], edits: RowEdits, options: KeyedRewriteOptions) {
    this.#target = target;
    const rank = ({ source }: KeyedPart): number => options.precedence.indexOf(source);
    this.#parts = [...parts].sort((a, b) => rank(a) - rank(b));
    this.#edits = edits;
    this.#options = options;
    this.#rehashes =
      edits.movesKeys || options.keyHash !== null || parts.some(({ maxParallelism }) => maxParallelism !== target.maxParallelism);
  }

  /** Null where the subtask has no keyed state. @throws RewriteRefused, FormatError */
  async write(subtask: number): Promise<KeyedStateHandle | null> {
    const { maxParallelism, parallelism, operatorId } = this.#target;
    const range = keyGroupRangeOf(maxParallelism, parallelism, subtask);
    const concerned = this.#rehashes
      ? this.#parts
      : this.#parts.filter(({ keyed }) => keyed.sections.some(({ keyGroup }) => keyGroup >= range.start && keyGroup <= range.end));
    const plan = this.#headerOf(concerned);
    if (plan === null) return null;
    const { header, parts } = plan;
    const stream = new OutputStream(this.#options.output, `${operatorId}-${String(subtask)}-keyed`);
    const writer = new KeyedStreamWriter(header, range, (bytes) => stream.write(bytes));
    const sink = new KeyGroupSink(
      maxParallelism,
      (keyGroup) => writer.begin(keyGroup),
      (bytes) => writer.append(bytes),
    );
    if (this.#rehashes) await this.#writeRehashed(range, parts, sink);
    else for (let keyGroup = range.start; keyGroup <= range.end; keyGroup++) await this.#writeKeyGroup(keyGroup, parts, header, sink);
    return {
      kind: 'keyGroups',
      form: 'savepoint',
      firstKeyGroup: range.start,
      offsets: writer.offsets,
      stream: stream.finish(),
      id: '',
    };
  }

  /** The states of all parts, each once, by name. Null where none is left. */
  #headerOf(concerned: readonly KeyedPart[]): { header: KeyedHeader; parts: PartInUse[] } | null {
    const { label, keeps, renames, classes } = this.#target;
    const states: StateMetaInfo[] = [];
    const indices = new Map<string, number>();
    const key = concerned[0]?.keyed.rows.header.key;
    if (key === undefined) return null;
    const parts = concerned.map((part): PartInUse => {
      const { keyed } = part;
      if (!sameSerializer(key, keyed.rows.header.key)) refuse(`${label}: the sources have keys of different types`);
      const mapping = keyed.states.map((state) => {
        if (!keeps(state.name)) return -1;
        const identity = `${state.kind === 'PRIORITY_QUEUE' ? 'timers' : 'keyed'} ${state.name}`;
        const known = indices.get(identity);
        const edited = this.#edits.metaOf(state);
        const meta = synchronousState(edited) ?? refuse(`${label}: the type of state ${state.name} is not whole in the snapshot`);
        const written = { ...meta, name: renames.get(meta.name) ?? meta.name };
        if (known !== undefined) {
          const other = states[known];
          if (other !== undefined && !sameState(other, classes.state(written, label)))
            refuse(`${label}: state ${state.name} has different types in the sources`);
          return known;
        }
        indices.set(identity, states.length);
        states.push(classes.state(written, label));
        return states.length - 1;
      });
      const wanted = new Set(mapping.flatMap((index, i) => (index < 0 ? [] : [i])));
      const { signal, reports, keyHash } = this.#options;
      return {
        ...part,
        states: mapping,
        filter: { ...(wanted.size < mapping.length ? { states: wanted } : {}), ...(signal === undefined ? {} : { signal }) },
        hasher: new RowHasher(keyed, part.maxParallelism, label, keyHash),
        reports: keyed.states.map((state, i) =>
          (mapping[i] ?? -1) < 0 ? null : reports.of(state.name, state.kind === 'PRIORITY_QUEUE' ? 'timers' : 'keyed'),
        ),
      };
    });
    return states.length === 0
      ? null
      : { header: { compressed: false, key: classes.serializer(key, `${label}, its keys`), states }, parts };
  }

  /** Every key group stays what it is. */
  async #writeKeyGroup(keyGroup: number, parts: readonly PartInUse[], header: KeyedHeader, sink: KeyGroupSink): Promise<void> {
    const here = parts.filter(({ keyed }) => keyed.sections.some((section) => section.keyGroup === keyGroup && section.size !== 0));
    const [only] = here;
    if (here.length === 1 && only !== undefined && isInOrder(only) && !this.#edits.adds) {
      sink.begin(keyGroup);
      if (!this.#edits.isNone || !(await this.#copyRuns(keyGroup, only, sink)))
        await this.#rowsOf(keyGroup, here, parts, null, (row) => {
          sink.row(row.state, row.key, row.keyStart, row.keyEnd, row.value, row.valueStart, row.valueEnd);
          return true;
        });
      sink.end();
      this.#hasRead(keyGroup, here);
      return;
    }
    const log = this.#log;
    log.clear();
    const most = this.#options.logMax ?? LOG_MAX;
    const before = this.#options.reports.mark();
    const fits = await this.#rowsOf(keyGroup, here, parts, null, (row) => {
      log.add(keyGroup, row.state, row.key, row.keyStart, row.keyEnd, row.value, row.valueStart, row.valueEnd);
      return log.size <= most;
    });
    if (fits) {
      log.writeTo(sink);
    } else {
      this.#options.reports.resetTo(before);
      log.clear();
      sink.begin(keyGroup);
      for (let state = 0; state < header.states.length; state++) {
        await this.#rowsOf(keyGroup, here, parts, state, (row) => {
          sink.row(row.state, row.key, row.keyStart, row.keyEnd, row.value, row.valueStart, row.valueEnd);
          return true;
        });
      }
      sink.end();
    }
    this.#hasRead(keyGroup, here);
  }

  /** Entries go out as they are. False where those of the part are in another way. */
  async #copyRuns(keyGroup: number, { keyed, states, reports }: PartInUse, sink: KeyGroupSink): Promise<boolean> {
    return keyed.scanRuns(
      keyGroup,
      ({ state, entries, bytes }) => {
        const report = reports[state];
        if (report == null) return;
        report.read += entries;
        report.written += entries;
        sink.entries(states[state] ?? -1, bytes);
      },
      this.#options.signal,
    );
  }

  #hasRead(keyGroup: number, here: readonly PartInUse[]): void {
    for (const { keyed } of here) this.#options.onRead(keyed.sections.find((section) => section.keyGroup === keyGroup)?.size ?? 0);
  }

  /**
   * Shows the rows of a key group as they are to be written, of one state or of all. `emit` says whether to go on; the row holds until it
   * returns. False where it ended it.
   */
  async #rowsOf(
    keyGroup: number,
    here: readonly PartInUse[],
    parts: readonly PartInUse[],
    only: number | null,
    emit: (row: RowInHand) => boolean,
  ): Promise<boolean> {
    const whole = await this.#written(here, emit, async (show) => {
      for (const part of here)
        if (!(await this.#scan(part, keyGroup, only, null, (row, hand, report) => show(part, row, hand, report)))) return false;
      return true;
    });
    return whole && this.#addNew(keyGroup, parts, only, emit);
  }

  /**
   * Shows what is to be written of the rows that `scan` shows, source by source. False where `emit` ended it, or where more than `most` bytes
   * would have to be known at once.
   */
  async #written(parts: readonly PartInUse[], emit: (row: RowInHand) => boolean, scan: Scan, most = Infinity): Promise<boolean> {
    const isOneSource = new Set(parts.map(({ source }) => source)).size <= 1;
    const merged = isOneSource ? null : await this.#mergedKeys(scan, most);
    if (merged === 'tooMuch') return false;
    const whole = await scan((part, row, hand, report) => {
      const written = (each: RowInHand): boolean => {
        report.written++;
        return emit(each);
      };
      const goesOn = merged === null ? written(hand) : merged.show(part.keyed, part.source, row, hand, written);
      return goesOn ? undefined : false;
    });
    if (whole) merged?.finish();
    return whole;
  }

  /** What decides between the sources. A function is asked before: then the rows are read twice more. */
  async #mergedKeys(scan: Scan, most: number): Promise<MergedKeys | 'tooMuch'> {
    const { onConflict, settle, takenAt, reports } = this.#options;
    const { label } = this.#target;
    if (settle === null && onConflict !== 'fail') return new MergedKeys({ onConflict: null });
    if (settle === null)
      return new MergedKeys({
        onConflict: (_owner, place) =>
          refuse(`${label}, state ${place}: the sources differ; say which of them is right: the first, the newest, or by a function`),
      });
    if (!this.#edits.isNone)
      refuse(`${label}: a function decides about what the sources have: put them together first, and edit what comes out`);
    const before = reports.mark();
    const differing = new Set<string>();
    const found = new MergedKeys({ onConflict: (owner) => differing.add(owner) });
    let bytes = 0;
    const whole = await scan((part, row, hand) => {
      bytes += hand.keyEnd - hand.keyStart + hand.valueEnd - hand.valueStart;
      found.show(part.keyed, part.source, row, hand, () => true);
      return bytes <= most ? undefined : false;
    });
    if (!whole) return 'tooMuch';
    found.finish();
    const settlement = new ConflictSettlement(settle, label, takenAt);
    if (differing.size > 0)
      await scan((part, row, hand) => {
        const owner = ownerOf(part.keyed, row, hand);
        if (differing.has(owner)) settlement.collect(owner, part.keyed, part.source, row);
        return undefined;
      });
    reports.resetTo(before);
    return new MergedKeys({ onConflict: null, settled: settlement.settled() });
  }

  async #scan(
    part: PartInUse,
    keyGroup: number,
    only: number | null,
    isWanted: ((row: KeyedRow) => boolean) | null,
    show: (row: KeyedRow, hand: RowInHand, report: StateReport) => false | undefined,
  ): Promise<boolean> {
    const { keyed, states, reports } = part;
    const hand = this.#hand;
    const filter =
      only === null ? part.filter : { ...part.filter, states: new Set(states.flatMap((index, i) => (index === only ? [i] : []))) };
    if (filter.states?.size === 0) return true;
    this.#edits.beginKeyGroup();
    try {
      return await keyed.scanRows(
        keyGroup,
        (row) => {
          const state = states[row.state] ?? -1;
          if (state < 0 || (only !== null && state !== only)) return undefined;
          const report = reports[row.state];
          if (report == null || (isWanted !== null && !isWanted(row))) return undefined;
          report.read++;
          hand.take(row);
          hand.state = state;
          if (row.opaque) {
            const codec = keyed.codec.states[row.state];
            if (codec !== undefined && !canonicalOpaqueRow(hand, codec, this.#target.label)) return undefined;
          }
          if (!this.#edits.apply(keyed, row, hand, report)) return undefined;
          return show(row, hand, report);
        },
        filter,
      );
    } catch (error) {
      if (error instanceof UnreadableValue) refuse(`${this.#target.label}: ${error.message}`);
      throw error;
    }
  }

  /** Every key moves to its key group. What does not fit into memory at once is done in several passes over all of the state. */
  async #writeRehashed(
    range: { readonly start: number; readonly end: number },
    parts: readonly PartInUse[],
    sink: KeyGroupSink,
  ): Promise<void> {
    const { reports, logMax = LOG_MAX } = this.#options;
    let start = range.start;
    let wide = range.end - range.start + 1;
    while (start <= range.end) {
      const end = Math.min(range.end, start + wide - 1);
      const before = reports.mark();
      if (await this.#gather(start, end, parts, start === end ? Infinity : logMax)) {
        this.#log.writeTo(sink);
        start = end + 1;
      } else {
        reports.resetTo(before);
        wide = Math.max(1, wide >> 1);
      }
    }
  }

  /** Takes the rows of a range of new key groups into the log. False where they are more than `most` bytes. */
  async #gather(start: number, end: number, parts: readonly PartInUse[], most: number): Promise<boolean> {
    const { maxParallelism } = this.#target;
    const log = this.#log;
    log.clear();
    this.#edits.begin();
    let keyGroup = 0;
    const add = (hand: RowInHand): boolean => {
      log.add(keyGroup, hand.state, hand.key, hand.keyStart, hand.keyEnd, hand.value, hand.valueStart, hand.valueEnd);
      return log.size <= most;
    };
    // They may be read more than once.
    const counted = new Set<object>();
    const scan: Scan = async (show) => {
      for (const part of parts) {
        const isWanted = (row: KeyedRow): boolean => {
          keyGroup = keyGroupOfHash(this.#edits.hashOf(part.keyed, row, part.hasher), maxParallelism);
          if (keyGroup < start || keyGroup > end) return false;
          const report = part.reports[row.state];
          if (report != null && part.hasher.moves) report.moved = (report.moved ?? 0) + 1;
          return true;
        };
        for (const section of part.keyed.sections) {
          if (section.size === 0) continue;
          const isWhole = await this.#scan(part, section.keyGroup, null, isWanted, (row, hand, report) => show(part, row, hand, report));
          if (!isWhole) return false;
          if (start > 0 || counted.has(section)) continue;
          counted.add(section);
          this.#options.onRead(section.size ?? 0);
        }
      }
      return true;
    };
    if (!(await this.#written(parts, add, scan, most))) return false;
    for (keyGroup = start; keyGroup <= end; keyGroup++) if (!this.#addNew(keyGroup, parts, null, add)) return false;
    return true;
  }

  /** Shows the entries of a key group that the plan adds. */
  #addNew(keyGroup: number, parts: readonly PartInUse[], only: number | null, emit: (row: RowInHand) => boolean): boolean {
    return this.#edits.additionsOf(keyGroup, this.#hand, (hand, keyed, stateOfPart) => {
      const part = parts.find((each) => each.keyed === keyed);
      // The first part of the operator defines the entries; it need not be one of this subtask's.
      const target = part?.states[stateOfPart] ?? this.#targetOf(keyed, stateOfPart, parts);
      if (target < 0 || (only !== null && only !== target)) return true;
      hand.state = target;
      const meta = keyed.states[stateOfPart];
      if (meta !== undefined) {
        const report = this.#options.reports.of(meta.name, meta.kind === 'PRIORITY_QUEUE' ? 'timers' : 'keyed');
        report.added++;
        report.written++;
      }
      return emit(hand);
    });
  }

  #targetOf(keyed: KeyedState, state: number, parts: readonly PartInUse[]): number {
    const meta = keyed.states[state];
    for (const part of parts) {
      const index = part.keyed.states.findIndex(({ name, kind }) => name === meta?.name && kind === meta.kind);
      if (index >= 0) return part.states[index] ?? -1;
    }
    return refuse(`${this.#target.label}: the subtask that an entry of ${meta?.name ?? '?'} belongs to has no such state`);
  }
}

/** The rows of a state come one after another. */
function isInOrder({ keyed }: PartInUse): boolean {
  return keyed.rows.layout === 'canonical' || keyed.rows.layout === 'rocksdb';
}
