import type { KeyedHeader } from './keyedStream.ts';
import type { UnreadableEntries } from './unreadableEntries.ts';

export type KeyedLayout = 'canonical' | 'heap' | 'rocksdb' | 'changelog';

const EMPTY = new Uint8Array(0);

/**
 * One row of keyed state in Flink's canonical encoding, whatever layout it came from. A value or list state has one row for each key and
 * namespace, a map state one for each user key, a timer queue one for each timer.
 *
 * A scan has one row that it fills again and again: what `visit` wants to keep, it copies. Nothing is allocated per row.
 */
export class KeyedRow {
  /** Index in `header.states`. */
  state = 0;
  keyGroup = 0;
  /** The composite key from after the key-group prefix on: key, namespace and, for maps, the user key; of timers timestamp, key, namespace. */
  keyBytes: Uint8Array = EMPTY;
  keyStart = 0;
  keyEnd = 0;
  /** Elements of a list are joined by a comma; a map's value has its null mark in front; timers have none. */
  valueBytes: Uint8Array = EMPTY;
  valueStart = 0;
  valueEnd = 0;
  /** The value is as its whole serializer writes it, because nothing that is known could take it apart. Heap layout only. */
  opaque = false;
  /** Added to positions in the bytes gives those in the file, for errors; 0 where the bytes do not be there as they are. */
  baseOffset = 0;
}

/**
 * What is called for each row; `false` ends the scan. Code that must wait, such as for a slow reader of what he writes, gives a promise:
 * the scan stops until it is kept. A scan asks `typeof answer === 'object'` before it waits, so that most rows cost no promise.
 */
export type RowVisitor = (row: KeyedRow) => RowAnswer;
export type RowAnswer = boolean | undefined | Promise<boolean | undefined>;

/** Entries of one state that are one behind the other in a block, each with its lengths: composite key and value. */
export interface EntryRun {
  /** Index in `header.states`. */
  readonly state: number;
  readonly entries: number;
  /** Not to be kept. */
  readonly bytes: Uint8Array;
}

/** What a scan may leave out. A scan honours it as far as that saves work, and may show more than was asked for. */
export interface RowFilter {
  /** Indices of the states that are wanted. */
  readonly states?: ReadonlySet<number>;
  /** Composite keys that are wanted begin with these bytes, after the key-group prefix. Not for timers, which begin with their time. */
  readonly keyPrefix?: Uint8Array;
  /** Asked now and then, between reads: whether to stop. It then throws its reason. */
  readonly signal?: ScanSignal;
  /** Is told of entries that cannot be read; the scan goes on after them where it can. Where it is not given, the scan throws them. */
  readonly onUnreadable?: (entries: UnreadableEntries) => void;
}

/** The part of AbortSignal that the snapshot reader needs; it knows no DOM and no Node. */
export interface ScanSignal {
  throwIfAborted(): void;
}

export interface KeyGroupSection {
  readonly keyGroup: number;
  /** Bytes in its files; 0 where it is known to be empty, null where only reading would tell. */
  readonly size: number | null;
}

/** The keyed state of one subtask. Its headers have been read; rows are read key group by key group, when asked for. */
export interface KeyedRows {
  readonly header: KeyedHeader;
  readonly layout: KeyedLayout;
  /** For errors: where the state is. */
  readonly file: string;
  /** The key groups of its range, in ascending order. */
  readonly sections: readonly KeyGroupSection[];
  /**
   * Shows the rows of a key group. Rows of one map state's key come one after another. Memory does not grow with the key group.
   * False when `visit` ended it. @throws FormatError where it is damaged, UnreadableEntries in the heap layout where an opaque value
   * hides where others begin, unless the filter takes them
   */
  scan(keyGroup: number, visit: RowVisitor, filter?: RowFilter): Promise<boolean>;
  /** In the canonical layout: the entries of a key group as they are in its block, as many at a time as are at hand. @throws FormatError */
  scanRuns?(keyGroup: number, visit: (run: EntryRun) => void, signal?: ScanSignal): Promise<void>;
}
