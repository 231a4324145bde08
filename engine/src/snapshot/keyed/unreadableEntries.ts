import { UnreadableValue } from '../values/unreadableValue.ts';

/**
 * Entries of one state in one key group that are there, but that nothing can tell apart: values that only the job's classes can read have
 * no lengths in the heap layout, so nothing says where the entries after them begin.
 */
export class UnreadableEntries extends UnreadableValue {
  readonly keyGroup: number;
  /** Index in the header, and the state's name. */
  readonly state: number;
  readonly stateName: string;
  /** Null where their number cannot be known either. */
  readonly entries: number | null;
  readonly reason: string;

  constructor(keyGroup: number, state: number, stateName: string, entries: number | null, { what, className }: UnreadableValue) {
    super(what, className);
    this.keyGroup = keyGroup;
    this.state = state;
    this.stateName = stateName;
    this.entries = entries;
    this.reason = `${what}${what.includes(', ') && !what.endsWith(',') ? ',' : ''} have no length here`;
    this.message = `state ${stateName}, key group ${String(keyGroup)}: ${this.count} cannot be read: ${this.reason}. ${UNREADABLE_REMEDY}`;
  }

  /** Such as `3 entries`. */
  get count(): string {
    if (this.entries === null) return 'an unknown number of entries';
    return this.entries === 1 ? '1 entry' : `${String(this.entries)} entries`;
  }
}

export const UNREADABLE_REMEDY =
  'Take a canonical savepoint with Flink, which has the lengths, or declare the class in tidemark.decoders.json';

/** How many entries cannot be read. Plain data, which goes between threads. */
export interface UnreadableSummary {
  /** Those whose number is known. */
  readonly entries: number;
  /** Parts of key groups of which even the number of entries is not known. */
  readonly uncounted: number;
  /** The first that was found. */
  readonly reason: string;
}

export function withUnreadable(sum: UnreadableSummary | null, { entries, reason }: UnreadableEntries): UnreadableSummary {
  const more = { entries: entries ?? 0, uncounted: entries === null ? 1 : 0, reason };
  return sum === null ? more : { entries: sum.entries + more.entries, uncounted: sum.uncounted + more.uncounted, reason: sum.reason };
}

export function mergedUnreadable(parts: readonly (UnreadableSummary | null)[]): UnreadableSummary | null {
  const found = parts.filter((part) => part !== null);
  const [first] = found;
  if (first === undefined) return null;
  return {
    entries: found.reduce((sum, { entries }) => sum + entries, 0),
    uncounted: found.reduce((sum, { uncounted }) => sum + uncounted, 0),
    reason: first.reason,
  };
}

/** Such as `3 entries cannot be read: objects of com.shop.Order, which only Kryo knows, have no length here`. */
export function unreadableText({ entries, uncounted, reason }: UnreadableSummary): string {
  const parts = [
    ...(entries > 0 ? [entries === 1 ? '1 entry' : `${String(entries)} entries`] : []),
    ...(uncounted > 0 ? [`an unknown number of entries in ${uncounted === 1 ? '1 key group' : `${String(uncounted)} key groups`}`] : []),
  ];
  return `${parts.join(' and ')} cannot be read: ${reason}`;
}
