import type { RemoteAnswer, RemoteQuestion, RemoteRequest } from '../snapshot/protocol.ts';
import type { ValueText } from '../snapshot/typedValue.ts';

/**
 * Messages between the savepoint page and the extension that shows it. The page imports nothing else of ours: its data are the snapshot
 * process's answers, and the extension, which passes them on, is where the compiler sees that both agree. Times are epoch milliseconds.
 */
export type ToSavepointPage =
  | { readonly kind: 'overview'; readonly overview: SnapshotOverview; readonly can: PageAbilities }
  /** An operator, by its id. */
  | { readonly kind: 'show'; readonly operator: string }
  /** It could not be opened. */
  | { readonly kind: 'failed'; readonly reason: string }
  | RemoteAnswer<PageProgress>;

export type PageProgress = ReadProgress & { readonly states?: StateStatistics[] };

export type FromSavepointPage =
  | { readonly kind: 'ready' }
  | RemoteQuestion<PageRequests>
  | { readonly kind: 'retry' }
  /** Null is the whole snapshot. The extension asks for form and file. */
  | { readonly kind: 'export'; readonly selection: StateSelection | null }
  | { readonly kind: 'openEntry'; readonly selection: StateSelection; readonly cursor: string; readonly title: string }
  | { readonly kind: 'copy'; readonly text: string }
  | { readonly kind: 'openAsJson' }
  | { readonly kind: 'runFrom' }
  | { readonly kind: 'openProgram' }
  | { readonly kind: 'showLog' };

/** What the page may offer. */
export interface PageAbilities {
  readonly run: boolean;
}

export interface PageRequests {
  verify: { params: object; result: SnapshotVerdict };
  operators: { params: { operators: string[] }; result: { operators: OperatorFacts[] } };
  statistics: { params: { operator: string | null }; result: SnapshotStatistics };
  entries: { params: StateSelection & EntryPageRequest; result: EntryPage };
}

export type PageRequest = RemoteRequest<PageRequests>;

export interface SnapshotOverview {
  /** The folder of `_metadata`. */
  location: string;
  name: string;
  kind: 'savepoint' | 'checkpoint' | 'unknown';
  /** Of `_metadata`, 1 to 6. */
  version: number;
  checkpointId: number;
  pipeline: string | null;
  /** The module that wrote it, where the manifest says so and it still exists. */
  program: string | null;
  createdAt: number | null;
  /** What asked for it: `interval`, `command`, `stop` ...; null where nothing says so. */
  trigger: string | null;
  /** `Tidemark`, `Flink 2.0 or newer`; null where nothing says who wrote it. */
  writer: string | null;
  /** `canonical`, `native`, `RocksDB, incremental`, `changelog`; several are joined by `and`. */
  format: string;
  /** Versions of Flink that restore it, in words; null where that cannot be said. */
  restoresOn: string | null;
  sizeBytes: number;
  fileCount: number;
  /** No file is referred to by an absolute path, so that the folder can be moved. */
  relocatable: boolean;
  hasChecksums: boolean;
  operators: OperatorOverview[];
}

export interface OperatorOverview {
  /** 32 hex digits. */
  id: string;
  /** Uid, else name, else id. */
  label: string;
  uid: string | null;
  name: string | null;
  parallelism: number;
  maxParallelism: number;
  finished: boolean;
  bytes: StateBytes;
}

/** As the handles say it. `total` is the sum of the others. */
export interface StateBytes {
  total: number;
  keyed: number;
  rawKeyed: number;
  operator: number;
  rawOperator: number;
  channels: number;
  coordinator: number;
}

export interface SnapshotVerdict {
  ok: boolean;
  /** Whether contents were compared with checksums, or only presence and sizes of files. */
  checksums: boolean;
  /** What is wrong, at most the first 100. */
  problems: { file: string; reason: string }[];
}

/** What handles and headers say about an operator. */
export interface OperatorFacts {
  id: string;
  states: StateFacts[];
  /** State that cannot be read, or an error in a header, in words; null where all can be read. */
  unreadable: string | null;
  /** In order of index; finished subtasks too. */
  subtasks: SubtaskFacts[];
  /** Bytes of keyed state by key group, over all subtasks; null without keyed state, and where the handles do not tell. */
  keyGroupBytes: number[] | null;
  /** How far a source has read, one text a split. */
  sourcePositions: string[];
}

export interface SubtaskFacts {
  index: number;
  finished: boolean;
  bytes: number;
  /** Its key groups; null without keyed state. */
  keyGroups: { first: number; last: number } | null;
}

export type StateGroup = 'keyed' | 'timers' | 'list' | 'broadcast' | 'raw';

export interface StateFacts {
  name: string;
  group: StateGroup;
  /** For people: `value`, `map`, `union list`, `event-time timers` ... */
  kind: string;
  /** Types for people, such as `map<string, long>`; null for what the state has none of. `value` is null for timers. */
  key: string | null;
  namespace: string | null;
  userKey: string | null;
  value: string | null;
  /** Class names of its serializers, without packages, outermost first. */
  serializers: string[];
  /** Values carry the time of their last access. */
  hasTtl: boolean;
  /** Entries, where counting costs nothing; null for keyed state. */
  count: number | null;
}

export interface SnapshotStatistics {
  bytesRead: number;
  durationMs: number;
  states: StateStatistics[];
  /** Key groups that could not be read, in words, at most the first 100. Their entries are not counted. */
  errors: { operator: string; message: string }[];
}

/** Bytes of an entry are those of its row in Flink's canonical encoding, key and value, whatever the layout. */
export interface StateStatistics {
  operator: string;
  state: string;
  group: StateGroup;
  /** Rows: for a map state one a user key. */
  entries: number;
  /** Keys that have entries; null where they cannot be told apart (operator state). */
  keys: number | null;
  bytes: number;
  /** Those that have entries, ascending. Empty for operator state. */
  keyGroups: { keyGroup: number; entries: number; bytes: number }[];
  /** `sizes[i]` entries have 2^i to 2^(i+1)-1 bytes; those without bytes are in `sizes[0]`. */
  sizes: number[];
  /** The median and the 99th percentile of entries' bytes, as the upper ends of their buckets; null without entries. */
  medianBytes: number | null;
  p99Bytes: number | null;
  largestBytes: number;
  /** The keys with the most bytes, largest first, at most 50. */
  largestKeys: { key: ValueText; keyGroup: number; entries: number; bytes: number }[];
  /** Of timers, when they fire. */
  timers: TimeBuckets | null;
  /** Of state with TTL, when entries were accessed last. */
  lastAccess: TimeBuckets | null;
}

/** How many are in each span of time. Times are epoch milliseconds. */
export interface TimeBuckets {
  /** Of the first bucket; a multiple of `bucketMs`. */
  start: number;
  /** A minute, an hour, a day, 30 days ...: the shortest with at most 1,000 buckets. */
  bucketMs: number;
  counts: number[];
  /** The exact first and last time within the buckets; null where there is none. */
  first: number | null;
  last: number | null;
  /** How many are at or before the time the snapshot was taken. */
  due: number;
  /** How many are outside of what a date can say, such as timers at the end of time. */
  beyond: number;
}

/** A state of an operator, and which of its entries. */
export interface StateSelection {
  operator: string;
  state: string;
  group: StateGroup;
  query: EntryQuery;
}

/** All that are given must hold. */
export interface EntryQuery {
  /** The key as JSON, as people write it or as a dump has it: `"ATL"`, `17`, `{"$long":"17"}`. A text that is not JSON is a string. */
  key: string | null;
  /** What the key's text begins with; for keys that are not texts, their JSON. */
  prefix: string | null;
  /** Such as `key == 'ATL' && value > 30`. A wrong one is refused with the position in it. */
  expression: string | null;
  keyGroup: number | null;
  subtask: number | null;
}

export interface EntryPageRequest {
  /** Where the page begins: null, or a cursor from an earlier page or row of the same selection. */
  cursor: string | null;
  /** At most 1,000. */
  limit: number;
  /** Values are cut after so many characters. */
  valueLimit: number;
}

export interface EntryPage {
  rows: EntryRow[];
  /** Where the next page begins; null at the end. */
  cursor: string | null;
  /** Bytes that this page needed, of those of the whole selection. */
  bytesRead: number;
  bytesTotal: number;
  /** How much was searched from the beginning of the selection, and how much there is. */
  searchedKeyGroups: number;
  keyGroups: number;
  /** What of the key groups that this page read cannot be read, in words; null where there is nothing. */
  unreadable: string | null;
  durationMs: number;
}

export interface EntryRow {
  /** A page that begins here has this row first. */
  cursor: string;
  keyGroup: number | null;
  subtask: number;
  key: ValueText | null;
  namespace: ValueText | null;
  userKey: ValueText | null;
  /** Null for timers. */
  value: ValueText | null;
  /** When a timer fires; a decimal number, for it has 64 bits. */
  timestamp: string | null;
  lastAccess: number | null;
  bytes: number;
}

export interface ReadProgress {
  bytesRead: number;
  bytesTotal: number;
}
