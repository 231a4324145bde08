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
