import { ByteReader } from '../bytes/byteReader.ts';
import { FormatError } from '../bytes/formatError.ts';
import type { KeyedRow, RowFilter, ScanSignal } from '../keyed/keyedRows.ts';
import type { KeyedState } from '../keyed/keyedState.ts';
import type { StateCodec } from '../keyed/stateCodec.ts';
import { mergedUnreadable, withUnreadable, type UnreadableEntries, type UnreadableSummary } from '../keyed/unreadableEntries.ts';
import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import { namespaceSerializer, valueSerializer } from '../stateMetaInfo.ts';
import { dumpBytes, dumpText } from '../values/dumpValue.ts';
import { UnreadableValue } from '../values/unreadableValue.ts';
import { KeySums, LargestKeys } from './keySizes.ts';
import { lengthOf, skipOf, type Skip } from './skipValue.ts';
import { TimeHistogram, type TimeBuckets } from './timeBuckets.ts';

interface StatisticsOptions {
  /** Epoch milliseconds: what is due, and what has expired, by then. */
  readonly asOf: number;
  /** Which timers of event time are due, in epoch milliseconds; `asOf` where there is none. Event time need not be the clock's. */
  readonly eventTime?: number;
  /** How many of the largest keys. */
  readonly top: number;
  /** Milliseconds after their last access that entries expire; null where that is not asked for. */
  readonly ttl: number | null;
  /** By name; all where there is none. */
  readonly state?: (name: string) => boolean;
}

/** What keyed state of an operator holds. Plain data, which goes between threads; parts of a state add up by `mergeStatistics`. */
export interface KeyedStatistics {
  readonly states: readonly KeyedStateStatistics[];
  readonly subtasks: readonly { readonly subtask: number; readonly entries: number; readonly bytes: number }[];
  /** By bytes over all states, largest first. */
  readonly largestKeys: readonly LargeKey[];
  /** False where a key group has too many keys to tell all apart: then the largest keys are those of the first that were seen. */
  readonly exactKeys: boolean;
  /** Key groups that could not be read, in words, at most the first 100. What could not be read is not counted. */
  readonly errors: readonly string[];
}

/** Bytes of an entry are those of its row in the canonical encoding, key and value. */
export interface KeyedStateStatistics {
  readonly state: string;
  readonly group: 'keyed' | 'timers';
  /** Rows: of a map state one for each user key. */
  readonly entries: number;
  /** Keys that have entries. */
  readonly keys: number;
  readonly keyBytes: number;
  readonly valueBytes: number;
  /** Those that have entries, ascending. */
  readonly keyGroups: readonly { readonly keyGroup: number; readonly entries: number; readonly bytes: number }[];
  /** `sizes[i]` entries have 2^i to 2^(i+1)-1 bytes; those without bytes are in `sizes[0]`. */
  readonly sizes: readonly number[];
  readonly largestBytes: number;
  /** Largest first. */
  readonly largestKeys: readonly LargeKey[];
  /** Of timers, when they fire. */
  readonly timers: TimeBuckets | null;
  /** Of state with TTL, when entries were accessed last. */
  readonly lastAccess: TimeBuckets | null;
  /** Of state with TTL, how many entries have expired; null where no TTL was given. */
  readonly expired: number | null;
  /** Entries that are there and that no figure counts, because nothing tells where they are; null where there are none. */
  readonly unreadable: UnreadableSummary | null;
}

/** `key` is a line of JSON, as a dump has it. */
export interface LargeKey {
  readonly key: string;
  readonly keyGroup: number;
  readonly entries: number;
  readonly bytes: number;
}

const ERRORS_MAX = 100;
const SIZES = 32;
const TIMESTAMP_SIZE = 8;
const SEPARATOR_SIZE = 1;

/** Counts rows, key group by key group. Values are not read, but for the time in front of those with TTL. Memory does not grow with the state. */
export class StatisticsCollector {
  readonly #options: StatisticsOptions;
  readonly #states = new Map<string, StateCollector>();
  readonly #subtasks = new Map<number, { entries: number; bytes: number }>();
  readonly #largest: LargestKeys;
  readonly #sums = new KeySums();
  readonly #shapes = new WeakMap<KeyedState, readonly StateShape[]>();
  readonly #errors: string[] = [];
  #exact = true;
  #keyText: (key: Uint8Array) => string = () => '';

  constructor(options: StatisticsOptions) {
    this.#options = options;
    this.#largest = new LargestKeys(options.top);
  }

  /**
   * Counts the rows of one key group, which must not have been counted before, in all keyed states that a subtask has. What cannot be read
   * is among the errors of the result. @throws the signal's reason
   */
  async scan(keyedStates: readonly KeyedState[], subtask: number, keyGroup: number, signal?: ScanSignal): Promise<void> {
    const collectors = new Set<StateCollector>();
    for (const keyed of keyedStates) {
      for (const { collector } of this.#shapesOf(keyed)) if (collector !== null) collectors.add(collector);
    }
    // The keys of a single state are the operator's: only several need to be added up.
    const shared = collectors.size > 1;
    for (const collector of collectors) collector.sums = shared ? this.#sums : null;
    for (const keyed of keyedStates) await this.#scan(keyed, subtask, keyGroup, signal);
    for (const collector of collectors) {
      collector.endKeyGroup(keyGroup);
      if (collector.overflowed) this.#exact = false;
    }
    if (!shared) return;
    if (this.#sums.overflowed) this.#exact = false;
    this.#sums.offerTo(this.#largest, keyGroup);
    this.#sums.clear();
  }

  async #scan(keyed: KeyedState, subtask: number, keyGroup: number, signal: ScanSignal | undefined): Promise<void> {
    const shapes = this.#shapesOf(keyed);
    const wanted = new Set(shapes.flatMap((shape, i) => (shape.collector === null ? [] : [i])));
    const filter: RowFilter = {
      ...(signal === undefined ? {} : { signal }),
      ...(wanted.size < shapes.length ? { states: wanted } : {}),
      onUnreadable: (entries) => shapes[entries.state]?.collector?.addUnreadable(entries),
    };
    const place = this.#subtasks.get(subtask) ?? { entries: 0, bytes: 0 };
    this.#subtasks.set(subtask, place);
    this.#keyText = (key) => keyText(keyed, key);
    const visit = (row: KeyedRow): undefined => {
      const shape = shapes[row.state];
      if (shape?.collector == null) return;
      place.entries++;
      place.bytes += shape.collector.add(row, shape);
    };
    try {
      await keyed.scanRows(keyGroup, visit, filter);
    } catch (error) {
      if (!(error instanceof FormatError) && !(error instanceof UnreadableValue)) throw error;
      if (this.#errors.length < ERRORS_MAX) this.#errors.push(error.message);
    }
  }

  #shapesOf(keyed: KeyedState): readonly StateShape[] {
    let shapes = this.#shapes.get(keyed);
    if (shapes === undefined) {
      shapes = keyed.codec.states.map((state) => shapeOf(keyed, state, this.#collectorOf(state)));
      this.#shapes.set(keyed, shapes);
    }
    return shapes;
  }

  #collectorOf(state: StateCodec): StateCollector | null {
    const { name } = state.meta;
    if (this.#options.state?.(name) === false) return null;
    const group = state.type === 'TIMER' ? 'timers' : 'keyed';
    const identity = `${group} ${name}`;
    let collector = this.#states.get(identity);
    if (collector === undefined) {
      collector = new StateCollector(name, group, ttlPlace(state) !== null, this.#options, this.#largest);
      this.#states.set(identity, collector);
    }
    return collector;
  }

  /** So far. */
  result(): KeyedStatistics {
    const states = [...this.#states.values()].map((collector) => collector.result(this.#keyText));
    return {
      states,
      subtasks: [...this.#subtasks].map(([subtask, { entries, bytes }]) => ({ subtask, entries, bytes })),
      largestKeys: largeKeys(this.#largest, this.#keyText),
      exactKeys: this.#exact,
      errors: [...this.#errors],
    };
  }
}

/** Where in the rows of a state things are. */
interface StateShape {
  readonly collector: StateCollector | null;
  readonly isTimer: boolean;
  readonly keyLength: number | null;
  /** Where the key ends that begins at `start`. */
  readonly keyEnd: (row: KeyedRow, start: number) => number;
  /** All rows of a key come one after another. */
  readonly contiguous: boolean;
  readonly ttl: TtlPlace | null;
  readonly skipElement: Skip | null;
}

/** Of state with TTL, where the time of the last access is in a row's value. */
type TtlPlace = 'front' | 'afterNullMark' | 'elements';

function shapeOf(keyed: KeyedState, state: StateCodec, collector: StateCollector | null): StateShape {
  const key = keyed.rows.header.key.snapshot;
  const ttl = ttlPlace(state);
  const element = storedValue(state);
  const isTimer = state.type === 'TIMER';
  return {
    collector,
    isTimer,
    keyLength: lengthOf(key),
    keyEnd: keyEndOf(keyed, skipOf(key, keyed.context)),
    contiguous: !isTimer && (namespaceSerializer(state.meta)?.kind ?? 'voidNamespace') === 'voidNamespace',
    ttl,
    skipElement:
      ttl === 'elements' && (element?.kind === 'list' || element?.kind === 'arrayList') ? skipOf(element.element, keyed.context) : null,
  };
}

function storedValue(state: StateCodec): SerializerSnapshot | null {
  const stored = valueSerializer(state.meta);
  return stored?.kind === 'ttlAware' ? stored.value : stored;
}

function ttlPlace(state: StateCodec): TtlPlace | null {
  const value = storedValue(state);
  if (state.type === 'TIMER') return null;
  if (value?.kind === 'ttl') return 'front';
  if (state.type === 'MAP' && value?.kind === 'map' && value.value.kind === 'ttl') return 'afterNullMark';
  const isList = value?.kind === 'list' || value?.kind === 'arrayList';
  return state.type === 'LIST' && isList && value.element.kind === 'ttl' ? 'elements' : null;
}

/** Whether timers of this state fire by the watermark. */
export function isEventTime(state: string): boolean {
  return state.startsWith('_timer_state/event_');
}

/** One state of the operator, over all key groups that are scanned. */
class StateCollector {
  readonly #name: string;
  readonly #group: 'keyed' | 'timers';
  readonly #ttl: number | null;
  readonly #asOf: number;
  #entries = 0;
  #keys = 0;
  #keyBytes = 0;
  #valueBytes = 0;
  readonly #sizes = new Float64Array(SIZES);
  #largestBytes = 0;
  readonly #keyGroups = new Map<number, { entries: number; bytes: number }>();
  #groupEntries = 0;
  #unreadable: UnreadableSummary | null = null;
  #groupBytes = 0;
  readonly #largest: LargestKeys;
  readonly #timers: TimeHistogram | null;
  readonly #lastAccess: TimeHistogram | null;
  #expired = 0;
  /** Keys of the key group, where they do not come one after another. */
  readonly #ownSums = new KeySums();
  /** Takes in the keys of the key group over all states of the operator; null where this is the only one. */
  sums: KeySums | null = null;
  readonly #operatorLargest: LargestKeys;
  overflowed = false;
  /** The key whose rows are coming. */
  #run = new Uint8Array(64);
  #runLength = -1;
  #runEntries = 0;
  #runBytes = 0;
  #runKeyGroup = 0;
  #contiguous = true;

  constructor(name: string, group: 'keyed' | 'timers', hasTtl: boolean, options: StatisticsOptions, operatorLargest: LargestKeys) {
    this.#name = name;
    this.#group = group;
    this.#ttl = options.ttl;
    this.#asOf = options.asOf;
    this.#largest = new LargestKeys(options.top);
    this.#operatorLargest = operatorLargest;
    this.#timers = group === 'timers' ? new TimeHistogram(isEventTime(name) ? (options.eventTime ?? options.asOf) : options.asOf) : null;
    this.#lastAccess = hasTtl ? new TimeHistogram(options.asOf) : null;
  }

  addUnreadable(entries: UnreadableEntries): void {
    this.#unreadable = withUnreadable(this.#unreadable, entries);
  }

  /** Returns the row's bytes. */
  add(row: KeyedRow, shape: StateShape): number {
    const keySize = row.keyEnd - row.keyStart;
    const valueSize = row.valueEnd - row.valueStart;
    const size = keySize + valueSize;
    this.#keyBytes += keySize;
    this.#valueBytes += valueSize;
    this.#groupEntries++;
    this.#groupBytes += size;
    const bucket = size === 0 ? 0 : 31 - Math.clz32(size);
    this.#sizes[bucket] = (this.#sizes[bucket] ?? 0) + 1;
    if (size > this.#largestBytes) this.#largestBytes = size;
    if (shape.isTimer) this.#timers?.add(timeAt(row.keyBytes, row.keyStart, true));
    if (shape.ttl !== null && !row.opaque) this.#addLastAccess(row, shape);
    this.#addToKey(row, shape, size);
    return size;
  }

  #addToKey(row: KeyedRow, shape: StateShape, size: number): void {
    const start = shape.isTimer ? row.keyStart + TIMESTAMP_SIZE : row.keyStart;
    const end = shape.keyLength === null ? shape.keyEnd(row, start) : Math.min(start + shape.keyLength, row.keyEnd);
    if (!this.#isRun(row, start, end)) {
      this.#endRun();
      this.#beginRun(row, start, end, shape.contiguous);
    }
    this.#runEntries++;
    this.#runBytes += size;
  }

  #isRun({ keyBytes }: KeyedRow, start: number, end: number): boolean {
    if (this.#runLength !== end - start) return false;
    // The last bytes are the likeliest to differ.
    for (let i = end - 1; i >= start; i--) if (keyBytes[i] !== this.#run[i - start]) return false;
    return true;
  }

  #beginRun({ keyBytes, keyGroup }: KeyedRow, start: number, end: number, contiguous: boolean): void {
    const length = end - start;
    if (length > this.#run.length) this.#run = new Uint8Array(length * 2);
    for (let i = 0; i < length; i++) this.#run[i] = keyBytes[start + i] ?? 0;
    this.#runLength = length;
    this.#runKeyGroup = keyGroup;
    this.#runEntries = 0;
    this.#runBytes = 0;
    this.#contiguous = contiguous;
  }

  #endRun(): void {
    const length = this.#runLength;
    if (length < 0) return;
    this.#runLength = -1;
    this.sums?.add(this.#run, 0, length, this.#runEntries, this.#runBytes);
    if (!this.#contiguous) {
      this.#ownSums.add(this.#run, 0, length, this.#runEntries, this.#runBytes);
      return;
    }
    this.#keys++;
    this.#largest.offer(this.#run, 0, length, this.#runKeyGroup, this.#runEntries, this.#runBytes);
    if (this.sums === null) this.#operatorLargest.offer(this.#run, 0, length, this.#runKeyGroup, this.#runEntries, this.#runBytes);
  }

  #addLastAccess(row: KeyedRow, shape: StateShape): void {
    switch (shape.ttl) {
      case 'front':
        this.#accessed(row, row.valueStart);
        break;
      case 'afterNullMark':
        if (row.valueBytes[row.valueStart] === 0) this.#accessed(row, row.valueStart + 1);
        break;
      case 'elements':
        if (shape.skipElement !== null) this.#elementsAccessed(row, shape.skipElement);
        break;
      case null:
        break;
    }
  }

  #elementsAccessed(row: KeyedRow, skip: Skip): void {
    const reader = new ByteReader(row.valueBytes, row.valueStart, row.valueEnd, row.baseOffset);
    while (reader.remaining >= TIMESTAMP_SIZE) {
      this.#accessed(row, reader.offset);
      skip(reader);
      if (reader.remaining > 0) reader.take(SEPARATOR_SIZE);
    }
  }

  #accessed(row: KeyedRow, at: number): void {
    if (at + TIMESTAMP_SIZE > row.valueEnd) return;
    const time = timeAt(row.valueBytes, at, false);
    this.#lastAccess?.add(time);
    if (this.#ttl !== null && time + this.#ttl <= this.#asOf) this.#expired++;
  }

  endKeyGroup(keyGroup: number): void {
    this.#endRun();
    if (this.#groupEntries > 0) {
      this.#entries += this.#groupEntries;
      this.#keyGroups.set(keyGroup, { entries: this.#groupEntries, bytes: this.#groupBytes });
      this.#groupEntries = 0;
      this.#groupBytes = 0;
    }
    const sums = this.#ownSums;
    if (sums.count === 0) return;
    this.#keys += sums.count;
    if (sums.overflowed) this.overflowed = true;
    sums.offerTo(this.#largest, keyGroup);
    if (this.sums === null) sums.offerTo(this.#operatorLargest, keyGroup);
    sums.clear();
  }

  result(textOf: (key: Uint8Array) => string): KeyedStateStatistics {
    return {
      state: this.#name,
      group: this.#group,
      entries: this.#entries,
      keys: this.#keys,
      keyBytes: this.#keyBytes,
      valueBytes: this.#valueBytes,
      keyGroups: [...this.#keyGroups].map(([keyGroup, sums]) => ({ keyGroup, ...sums })).sort((a, b) => a.keyGroup - b.keyGroup),
      sizes: withoutTail([...this.#sizes]),
      largestBytes: this.#largestBytes,
      largestKeys: largeKeys(this.#largest, textOf),
      timers: this.#timers?.result() ?? null,
      lastAccess: this.#lastAccess?.result() ?? null,
      expired: this.#lastAccess === null || this.#ttl === null ? null : this.#expired,
      unreadable: this.#unreadable,
    };
  }
}

function keyEndOf(keyed: KeyedState, skip: Skip): StateShape['keyEnd'] {
  return (row, start) => {
    const reader = new ByteReader(row.keyBytes, start, row.keyEnd, row.baseOffset);
    try {
      skip(reader);
      return reader.offset;
    } catch (error) {
      if (error instanceof UnreadableValue) return keyed.keyEnd(row);
      throw error;
    }
  };
}

/** Eight bytes as a number, rounded where it is beyond 2^53. Timers have their sign bit flipped. */
function timeAt(bytes: Uint8Array, at: number, flipped: boolean): number {
  const word = (i: number): number =>
    ((bytes[i] ?? 0) << 24) | ((bytes[i + 1] ?? 0) << 16) | ((bytes[i + 2] ?? 0) << 8) | (bytes[i + 3] ?? 0);
  const high = flipped ? word(at) ^ -0x80000000 : word(at);
  return high * 4294967296 + (word(at + 4) >>> 0);
}

function keyText(keyed: KeyedState, key: Uint8Array): string {
  try {
    return dumpText(keyed.codec.key(new ByteReader(key)));
  } catch (error) {
    if (error instanceof UnreadableValue) return dumpText(dumpBytes(key));
    throw error;
  }
}

function largeKeys(largest: LargestKeys, textOf: (key: Uint8Array) => string): LargeKey[] {
  return largest.keys.map(({ key, keyGroup, entries, bytes }) => ({ key: textOf(key), keyGroup, entries, bytes }));
}

function withoutTail(sizes: number[]): number[] {
  return sizes.slice(0, sizes.findLastIndex((count) => count > 0) + 1);
}

/** Adds up what was counted over different key groups. */
export function mergeStatistics(
  parts: readonly KeyedStatistics[],
  { asOf, top }: Pick<StatisticsOptions, 'asOf' | 'top'>,
): KeyedStatistics {
  const states = new Map<string, KeyedStateStatistics>();
  const subtasks = new Map<number, { entries: number; bytes: number }>();
  for (const part of parts) {
    for (const state of part.states) {
      const identity = `${state.group} ${state.state}`;
      const known = states.get(identity);
      states.set(identity, known === undefined ? state : mergedState(known, state, asOf, top));
    }
    for (const { subtask, entries, bytes } of part.subtasks) {
      const known = subtasks.get(subtask);
      subtasks.set(subtask, { entries: (known?.entries ?? 0) + entries, bytes: (known?.bytes ?? 0) + bytes });
    }
  }
  return {
    states: [...states.values()],
    subtasks: [...subtasks].sort(([a], [b]) => a - b).map(([subtask, sums]) => ({ subtask, ...sums })),
    largestKeys: largestOf(
      parts.map((part) => part.largestKeys),
      top,
    ),
    exactKeys: parts.every((part) => part.exactKeys),
    errors: parts.flatMap((part) => part.errors).slice(0, ERRORS_MAX),
  };
}

function mergedState(a: KeyedStateStatistics, b: KeyedStateStatistics, asOf: number, top: number): KeyedStateStatistics {
  return {
    state: a.state,
    group: a.group,
    entries: a.entries + b.entries,
    keys: a.keys + b.keys,
    keyBytes: a.keyBytes + b.keyBytes,
    valueBytes: a.valueBytes + b.valueBytes,
    keyGroups: mergedKeyGroups(a.keyGroups, b.keyGroups),
    sizes: Array.from({ length: Math.max(a.sizes.length, b.sizes.length) }, (_, i) => (a.sizes[i] ?? 0) + (b.sizes[i] ?? 0)),
    largestBytes: Math.max(a.largestBytes, b.largestBytes),
    largestKeys: largestOf([a.largestKeys, b.largestKeys], top),
    timers: mergedTimes(a.timers, b.timers, asOf),
    lastAccess: mergedTimes(a.lastAccess, b.lastAccess, asOf),
    expired: a.expired === null || b.expired === null ? (a.expired ?? b.expired) : a.expired + b.expired,
    unreadable: mergedUnreadable([a.unreadable, b.unreadable]),
  };
}

function mergedKeyGroups(a: KeyedStateStatistics['keyGroups'], b: KeyedStateStatistics['keyGroups']): KeyedStateStatistics['keyGroups'] {
  const sums = new Map<number, { keyGroup: number; entries: number; bytes: number }>();
  for (const { keyGroup, entries, bytes } of [...a, ...b]) {
    const known = sums.get(keyGroup);
    sums.set(keyGroup, { keyGroup, entries: (known?.entries ?? 0) + entries, bytes: (known?.bytes ?? 0) + bytes });
  }
  return [...sums.values()].sort((x, y) => x.keyGroup - y.keyGroup);
}

/** No key is in two parts, for each is in one key group. */
function largestOf(parts: readonly (readonly LargeKey[])[], top: number): LargeKey[] {
  return parts
    .flat()
    .sort((a, b) => b.bytes - a.bytes || a.keyGroup - b.keyGroup)
    .slice(0, top);
}

function mergedTimes(a: TimeBuckets | null, b: TimeBuckets | null, asOf: number): TimeBuckets | null {
  if (a === null || b === null) return a ?? b;
  const times = new TimeHistogram(asOf);
  times.addAll(a);
  times.addAll(b);
  return times.result();
}

/** The size that a share of the entries does not exceed, as the upper end of its bucket in `sizes`; null without entries. */
export function sizeAtShare(sizes: readonly number[], share: number): number | null {
  let left = sizes.reduce((sum, count) => sum + count, 0) * share;
  for (const [i, count] of sizes.entries()) {
    left -= count;
    if (count > 0 && left <= 0) return 2 ** (i + 1) - 1;
  }
  return null;
}
