/** What the extension asks the processes it starts, beyond LSP and DAP. Plain data. */

/** Snapshot process: JSON-RPC over stdio (vscode-jsonrpc). Reads snapshots; blocks neither the extension host nor the language server. */
export interface SnapshotRequests {
  /** What the editor knows that snapshots do not say. Comes first, and again when it changed. */
  'snapshot/configure': { params: SnapshotConfiguration; result: null };
  /** A passphrase or secret key of age, with which sealed archives are opened from now on; kept in memory alone. */
  'snapshot/unlock': { params: { secret: string }; result: null };
  /** `folder` is a snapshot folder, or a `_metadata` file. */
  'snapshot/open': { params: { location: string }; result: SnapshotSummary };
  /** Everything of the tree below a node, one page: operators, states, keys, entries ... */
  'snapshot/children': { params: { location: string; node: string | null; offset: number; limit: number }; result: SnapshotPage };
  /** All snapshots at or below the folders, newest first. */
  'snapshot/list': { params: { folders: string[] }; result: { snapshots: SnapshotListItem[] } };
  /** Runs of pipelines at or below the folders whose process ended without stopping them. Waits a few seconds for runs that are going on. */
  'runs/interrupted': { params: { folders: string[] }; result: { runs: InterruptedRun[] } };
  /** The user does not go on with it: it is not told again. */
  'runs/forget': { params: { snapshotFolder: string; id: string }; result: null };
  /** The whole snapshot as JSON Lines, at most `limit` lines; `truncated` says when there is more. */
  'snapshot/dump': { params: { location: string; limit: number }; result: { text: string; truncated: boolean } };
  /** Runs the pipeline's builder in a process of its own, which ends with the request. `text` stands for what the file has. */
  'snapshot/check': {
    params: { location: string; program: string; text: string | null; allowNonRestoredState: boolean; flink: '2.3' | '1.20' | null };
    result: CheckReport;
  };
  /** What in it will hurt later. With `scan` every entry of keyed state is read. Reports `ReadProgress`. */
  /** `kafka` is a cluster that is asked what it has of the topics that sources read: brokers, or a file of properties. */
  'snapshot/doctor': {
    params: { location: string; scan: boolean; kafka?: { cluster: string; folder: string } } & Reporting;
    result: DoctorReport;
  };
  /** What `_metadata` and the manifest say. Reads no state, so its time does not grow with the state. */
  'snapshot/overview': { params: { location: string }; result: SnapshotOverview };
  /** Whether all files are there and whole; with checksums where the snapshot has them, and then every byte is read. */
  'snapshot/verify': { params: { location: string }; result: SnapshotVerdict };
  /** Reads the headers of these operators' state, and no entries. Results are in the order of `operators`. */
  'snapshot/operators': { params: { location: string; operators: string[] }; result: { operators: OperatorFacts[] } };
  /** Reads every entry of an operator, or of all (null). Reports `StatisticsProgress`, with what has been counted so far. */
  'snapshot/statistics': { params: { location: string; operator: string | null } & Reporting; result: SnapshotStatistics };
  /** One page of a state's entries that match. Reports `ReadProgress`. */
  'snapshot/entries': { params: { location: string } & StateSelection & EntryPageRequest & Reporting; result: EntryPage };
  /** Writes what matches to the file `target`; null is the whole snapshot. Nothing is left at `target` when it fails or is cancelled. */
  'snapshot/export': {
    params: { location: string; selection: StateSelection | null; format: ExportFormat; target: string } & Reporting;
    result: { entries: number; bytes: number };
  };
  /** Packs all of a snapshot into one archive, the file `target`. Nothing is left there when it fails or is cancelled. Reports `ReadProgress`. */
  'snapshot/pack': {
    params: { location: string; seal: ArchiveSeal; target: string } & Reporting;
    /** In bytes: of all files, and of the archive. */
    result: { files: number; content: number; size: number };
  };
  /** What metadata and headers of two snapshots say. Reads no entries. */
  'compare/open': { params: ComparedPair; result: ComparisonOverview };
  /** Compares all entries and counts. Reports `ComparisonProgress`. */
  'compare/run': { params: ComparedPair & Reporting; result: ComparisonResult };
  /** One page of a state's entries that differ, at most 1,000; values are cut after `valueLimit` characters. */
  'compare/entries': {
    params: ComparedPair & ComparedSelection & { cursor: string | null; limit: number; valueLimit: number };
    result: ComparedPage;
  };
  /** What is wrong with an expression that chooses keys; null where it is right. */
  'rewrite/keys': { params: { where: string }; result: { problem: string | null } };
  /** What a plan of edits says, as a document in `folder`, and what in it does not fit its snapshots. Reads headers, and no entries. */
  'rewrite/check': { params: { text: string; folder: string }; result: PlanCheck };
  /** The fields that edits can name of a state in some snapshots. */
  'rewrite/fields': {
    params: { sources: string[]; operator: string; state: string };
    result: { fields: { path: string; type: string }[] };
  };
  /** What an edit says to mean a node of the tree, from `snapshot/children`. */
  'rewrite/named': { params: { location: string; node: string }; result: NamedByNode };
  /** Writes a new savepoint into `target`, which must not be there. Nothing is left when it fails or is cancelled. Reports `ReadProgress`. */
  'rewrite/write': {
    params: { sources: string[]; plan: unknown; code: RewriteCode; target: string } & Reporting;
    result: RewriteResult;
  };
  /**
   * Writes what `rewrite/write` would write to a place of its own, to be looked at. An earlier preview of this target is gone. Reports
   * `ReadProgress`.
   */
  'rewrite/preview': {
    params: { sources: string[]; plan: unknown; code: RewriteCode; target: string } & Reporting;
    result: { result: RewriteResult; place: string };
  };
  /** The preview becomes the savepoint at `target`. Not kept where there is no preview of it. */
  'rewrite/keep': { params: { target: string }; result: { kept: boolean } };
  /** The preview is removed, where there is one. */
  'rewrite/discard': { params: { target: string }; result: null };
  /** Rules of a redaction to begin from, as a document: all that the snapshot has. Reads headers, and no entries. */
  'redact/rules': { params: { location: string }; result: { text: string } };
  /** Whether rules can be heeded, and what is to be asked for before. What is at an address is written below `home`. Reads headers, and no entries. */
  'redact/check': { params: { location: string; rules: string; home: string }; result: RedactionCheck };
  /** Writes a new savepoint without sensitive data into `target`, as `rewrite/write` does. Reports `ReadProgress`. */
  'redact/write': {
    params: { location: string; rules: string; salt: string | null; target: string } & Reporting;
    result: RedactionResult;
  };
}

/** Whom an archive is sealed for: a passphrase or public keys `age1...`, never both. It is not sealed where there are neither. */
export interface ArchiveSeal {
  readonly passphrase: string | null;
  readonly recipients: readonly string[];
}

/** Data of the error of a request about an archive that is sealed, and that no key so far opens. */
export interface SealedError {
  sealed: 'passphrase' | 'recipient';
}

export interface SnapshotConfiguration {
  /** Workspace folders: the uids of operators are looked for in their sources. */
  folders: string[];
  /** Uids that the user gave. */
  uids: string[];
  /** Files that a snapshot names below `from` are read below `to`. */
  pathMap: { from: string; to: string }[];
  /** For snapshots below a folder that has settings of its own: these hold instead. */
  byFolder?: { folder: string; uids: string[]; pathMap: { from: string; to: string }[] }[];
  /** Whether the workspace's own code may run, such as decoders of its classes. */
  trusted: boolean;
}

/**
 * A long request reports to `$/progress` under this token while it works, at most a few times a second; null asks for no reports. It ends
 * early when it is cancelled through JSON-RPC's `$/cancelRequest`, with the error code RequestCancelled.
 */
export interface Reporting {
  progress: string | null;
}

export interface ReadProgress {
  bytesRead: number;
  bytesTotal: number;
}

export interface StatisticsProgress extends ReadProgress {
  /** States that changed since the last report. */
  states: StateStatistics[];
}

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

/** A value as one line of JSON that keeps Flink's types apart, as `tidemark dump` writes it. */
export interface ValueText {
  json: string;
  /** It is cut off, and no JSON any more. */
  cut: boolean;
}

export type ExportFormat = 'jsonl' | 'csv' | 'parquet';

export interface SnapshotSummary {
  location: string;
  version: number;
  checkpointId: number;
  kind: 'savepoint' | 'checkpoint' | 'unknown';
  pipeline: string | null;
  createdAt: number | null;
  sizeBytes: number;
  operatorCount: number;
}

export interface SnapshotPage {
  nodes: SnapshotNode[];
  /** Null where there are more, and only reading all of them would tell how many. */
  total: number | null;
}

export interface SnapshotNode {
  /** Opaque: give it back as `node` to get its children. */
  id: string;
  kind: 'operator' | 'state' | 'key' | 'entry' | 'timers' | 'timer' | 'operatorState' | 'element' | 'fact' | 'error';
  label: string;
  /** Secondary text: type, value, counts. */
  description: string;
  tooltip: string | null;
  sizeBytes: number | null;
  expandable: boolean;
}

export interface SnapshotListItem {
  location: string;
  pipeline: string;
  /** Its name in lists: `12:04 savepoint 7`, or the name that a person gave its folder. */
  title: string;
  /** The pipeline, with its folder where pipelines of several projects have one name. */
  origin: string;
  /** Absolute path of the folder whose pipelines wrote it. */
  project: string;
  kind: 'savepoint' | 'checkpoint';
  checkpointId: number;
  createdAt: number;
  sizeBytes: number;
  /** Absolute path of the pipeline module that wrote it, where known. */
  program: string | null;
  /** It is in a `.tidemark` folder: the engine wrote it, and it may be deleted from the view. */
  owned: boolean;
}

/** A run that was going on when its editor was closed or its process was killed. */
export interface InterruptedRun {
  id: string;
  pipeline: string;
  /** Absolute path of the pipeline module. */
  program: string;
  /** When it was started, epoch milliseconds. */
  since: number;
  /** Name of the folder whose pipeline it is. */
  project: string;
  /** Absolute path of the folder with the pipeline's snapshots. */
  snapshotFolder: string;
  /** The newest savepoint or checkpoint of the pipeline; null where there is none. */
  newest: SnapshotListItem | null;
}

export interface CheckReport {
  compatible: boolean;
  findings: CheckFinding[];
}

export interface CheckFinding {
  severity: 'error' | 'warning' | 'info';
  /** `restored`, `migrated`, `new`, `leftBehind`, `incompatible`, `keyTypeChanged`, `maxParallelism` ... */
  code: string;
  operator: string | null;
  state: string | null;
  message: string;
  /** What to do about it; null where nothing is to be done. */
  remedy: string | null;
  written: string | null;
  wanted: string | null;
  /** What becomes of values, one sentence each. */
  changes: string[];
  /** Both types with their fields, to be laid side by side. */
  schemas: { written: string; wanted: string } | null;
  /** What can be changed in the pipeline's text so that it fits; types as a pipeline writes them. */
  edit: PipelineEdit | null;
}

/** What TypeScript reports in a pipeline's module or in one that it imports. */
export interface TypeProblem {
  /** Absolute. */
  path: string;
  /** From 1, as `column`. */
  line: number;
  column: number;
  message: string;
}

export type PipelineEdit =
  | { kind: 'uid'; from: string; to: string }
  | { kind: 'state'; operator: string; from: string; to: string }
  | { kind: 'field'; record: string; field: string; type: string }
  | { kind: 'type'; operator: string; state: string; type: string };

export interface DoctorReport {
  location: string;
  /** Epoch milliseconds: what is due and what has expired, by then. */
  asOf: number;
  /** Whether every entry of keyed state has been read. */
  scanned: boolean;
  /** The worst first. */
  findings: DoctorFinding[];
  /** Files that no checkpoint in the folder needs. */
  unreferenced: { path: string; size: number }[];
}

export interface DoctorFinding {
  severity: 'error' | 'warning' | 'info';
  code: string;
  /** Label and id. */
  operator: string | null;
  operatorId: string | null;
  state: string | null;
  file: string | null;
  message: string;
  remedy: string | null;
}

/** Two snapshots and how they are compared. Every request says it: nothing is kept between requests but open files. */
export interface ComparedPair {
  before: string;
  after: string;
  /** Operators that are the same under other names, from old to new: ids, uids or names. */
  renames: (readonly [before: string, after: string])[];
  /** Operators that look alike are taken for the same. */
  usesProposals: boolean;
  /** `ttl`, `timers`, a field such as `value.updatedAt`, the name of a state, or `tolerance=0.001` for numbers. */
  ignore: string[];
}

/** What metadata and headers say. */
export interface ComparisonOverview {
  before: SnapshotOverview;
  after: SnapshotOverview;
  /** Operators that both have first, in the order of the older snapshot. */
  operators: ComparedOperator[];
  /** How far sources had read: one text a split. Null is a side without it. */
  positions: { operator: string; before: string | null; after: string | null }[];
}

export type ComparedPresence = 'both' | 'added' | 'removed';

export interface ComparedOperator {
  presence: ComparedPresence;
  /** Operator ids; null is a side without it. */
  before: string | null;
  after: string | null;
  labelBefore: string | null;
  labelAfter: string | null;
  matchedBy: 'id' | 'uid' | 'rename' | 'proposal' | null;
  /** Bytes of all its state, as the handles say. */
  bytesBefore: number;
  bytesAfter: number;
  states: ComparedState[];
  /** What is not compared, and why. */
  notes: string[];
}

export type ComparedGroup = StateGroup | 'coordinator';

export interface ComparedState {
  name: string;
  group: ComparedGroup;
  presence: ComparedPresence;
  /** For people, such as `map<string, long>`, of the side that has it, the newer one first. */
  type: string;
  /** Parts of its type that have changed. */
  schema: { part: string; before: string | null; after: string | null }[];
}

export interface ComparisonProgress extends ReadProgress {
  /** Operators whose counts have grown since the last report. */
  operators: OperatorCounts[];
}

export interface ComparisonResult {
  operators: OperatorCounts[];
  durationMs: number;
}

export interface OperatorCounts {
  /** Its place in the overview. */
  operator: number;
  /** All of it has been compared. */
  isFinal: boolean;
  states: { name: string; group: ComparedGroup; presence: ComparedPresence; counts: EntryCounts }[];
  /** Bytes in files that both share: what is in them is the same, and is neither read nor counted. */
  sharedBytes: number;
  /** Bytes of keyed state by key group; null until all of it has been compared, and without keyed state. */
  keyGroups: { before: number[]; after: number[] } | null;
}

/** Each entry of a map, each timer and each element counts as one. Bytes are those of keys and values. */
export interface EntryCounts {
  added: number;
  removed: number;
  changed: number;
  same: number;
  bytesBefore: number;
  bytesAfter: number;
}

/** A state of a compared operator, and which of its entries. */
export interface ComparedSelection {
  /** Operator ids, as in the overview. */
  operatorBefore: string | null;
  operatorAfter: string | null;
  state: string;
  group: ComparedGroup;
  changes: EntryChange[];
  /** The key as people write it; null is all. Only keyed state has keys. */
  key: string | null;
}

export type EntryChange = 'added' | 'removed' | 'changed';

export interface ComparedPage {
  rows: ComparedRow[];
  /** Where the next page begins; null at the end. */
  cursor: string | null;
}

export interface ComparedRow {
  /** A page of one row that begins here has this row. */
  cursor: string;
  change: EntryChange;
  keyGroup: number | null;
  key: ValueText | null;
  namespace: ValueText | null;
  userKey: ValueText | null;
  timestamp: string | null;
  /** Null where there was no such entry, and of timers. */
  before: ValueText | null;
  after: ValueText | null;
  /** Of changed entries, part by part, at most 200; `path` such as `value.items[2].price`. */
  fields: { path: string; before: ValueText | null; after: ValueText | null }[];
  /** How many parts have changed. */
  fieldCount: number;
}

/** A place in a document, in UTF-16 units from its beginning. */
export interface PlanProblem {
  /** `syntax` is what every editor of JSON says by itself. */
  severity: 'syntax' | 'error' | 'warning';
  offset: number;
  length: number;
  message: string;
}

export interface PlanCheck {
  problems: PlanProblem[];
  /** Absolute paths, or addresses, of what is rewritten. */
  sources: string[];
  /** Where the result goes: what the document says, else a free place beside the first source. Null without a source. */
  target: string | null;
  /** To be given back as it is; null where there are errors. */
  plan: unknown;
  code: RewriteCode;
}

/** The user's code that a rewriting runs. It is for trusted workspaces only. */
export interface RewriteCode {
  /** Absolute path of the pipeline whose types the state gets; null leaves it those that it has. */
  migrateTo: string | null;
  /** Gives keys whose class has a hash of its own their hash. */
  keyHash: RewriteModule | null;
  /** Decides about keys for which the sources have different state. */
  onConflict: RewriteModule | null;
}

export interface RewriteModule {
  /** As the document names it, and for what. */
  named: string;
  /** Absolute. */
  path: string;
}

/** Parts of an edit. JSON as a dump has it, where it is a value; null is what the node does not have. */
export interface NamedByNode {
  operator: string;
  uid: string | null;
  maxParallelism: number;
  state: string | null;
  key: string | null;
  namespace: string | null;
  userKey: string | null;
  timestamp: string | null;
  /** Of an element of list or union state, which has no key. */
  subtask: number | null;
  index: number | null;
  value: string | null;
}

export interface RedactionCheck {
  /** Why the rules cannot be heeded, in their document. */
  problems: PlanProblem[];
  /** Hashes are made, for which a salt is needed. */
  hashes: boolean;
  /** The fewest characters of a salt. */
  saltMin: number;
  /** A free place beside the snapshot. */
  target: string;
}

export interface RedactionResult {
  bytes: number;
  /** The file in the new savepoint that says what was done. */
  report: string;
  /** `random` was thrown away: another redaction gives other hashes. */
  salt: 'none needed' | 'given' | 'random';
  /** How many values were hashed, masked, replaced or dropped. */
  values: number;
}

/** What was written. Entries are values, entries of maps, timers and elements of operator state. */
export interface RewriteResult {
  target: string;
  bytes: number;
  durationMs: number;
  operators: RewrittenOperator[];
  /** Operators that are left out, by label. */
  dropped: string[];
}

export interface RewrittenOperator {
  /** As it was known before. */
  label: string;
  /** The uid it has now; null where none is known. */
  uid: string | null;
  parallelism: number;
  maxParallelism: number;
  states: { name: string; read: number; written: number; changed: number; added: number }[];
}
