/**
 * Messages between the page of comparisons and the extension that shows it. The page imports nothing else of ours: its data are the
 * snapshot process's answers, and the extension, which passes them on, is where the compiler sees that both agree.
 */
import type { ReadProgress, SnapshotOverview, StateGroup } from '../savepoint/protocol.ts';
import type { RemoteAnswer, RemoteQuestion, RemoteRequest } from '../snapshot/protocol.ts';
import type { ValueText } from '../snapshot/typedValue.ts';

export type ToDiffPage =
  /** What to compare; comes after `ready`. */
  | {
      readonly kind: 'pair';
      readonly before: string;
      readonly after: string;
      /** Operators that are known to have another name now. */
      readonly renames?: readonly (readonly [before: string, after: string])[];
      /** The second is only there to be looked at, until it is kept. */
      readonly isPreview?: boolean;
    }
  /** What the user wants to be left out, as they typed it. */
  | { readonly kind: 'ignore'; readonly ignore: string[] }
  | RemoteAnswer<ComparisonProgress>;

export type FromDiffPage =
  | { readonly kind: 'ready' }
  | RemoteQuestion<DiffRequests>
  /** In the editor's own diff editor. */
  | {
      readonly kind: 'openEntry';
      readonly pair: ComparedPair;
      readonly selection: ComparedSelection;
      readonly cursor: string;
      readonly title: string;
    }
  /** The preview becomes the savepoint, or goes away. */
  | { readonly kind: 'keepPreview' }
  | { readonly kind: 'discardPreview' }
  | { readonly kind: 'openSnapshot'; readonly location: string }
  | { readonly kind: 'askIgnore'; readonly ignore: string[] }
  /** As a JSON document. */
  | { readonly kind: 'openReport'; readonly json: string }
  | { readonly kind: 'showLog' };

export interface DiffRequests {
  open: { params: ComparedPair; result: ComparisonOverview };
  run: { params: ComparedPair; result: ComparisonResult };
  entries: {
    params: ComparedPair & ComparedSelection & { cursor: string | null; limit: number; valueLimit: number };
    result: ComparedPage;
  };
}

export type DiffRequest = RemoteRequest<DiffRequests>;

/** Two snapshots and how they are compared. Every request says it: nothing is kept between requests but open files. */
export interface ComparedPair {
  before: string;
  after: string;
  /** Operators that are the same under other names, from old to new: ids, uids or names. */
  renames: (readonly [before: string, after: string])[];
  /** Operators that look alike are taken for the same. */
  usesProposals: boolean;
  /** `ttl`, `timers`, a field such as `value.updatedAt`, or the name of a state. */
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
