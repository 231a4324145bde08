import {
  withUnreadable,
  type KeyedEntry,
  type KeyedState,
  type SnapshotOperator,
  type UnreadableEntries,
  type UnreadableSummary,
} from 'tidemark/snapshot';

interface Place {
  readonly keyed: KeyedState;
  readonly keyGroup: number;
  readonly subtask: number;
}

export interface PlacedEntry {
  readonly entry: KeyedEntry;
  readonly subtask: number;
}

export interface EntryPage {
  readonly entries: readonly PlacedEntry[];
  readonly hasMore: boolean;
  /** Of all that has been read so far: entries that are on no page. */
  readonly unreadable: UnreadableSummary | null;
}

/**
 * The entries of an operator's keyed states, in the order of key groups. Only what a page needs is read, and nothing of it is kept but how
 * many entries each key group has that has been read to its end: a later page skips those unread.
 */
export class StateEntries {
  readonly #places: readonly Place[];
  /** By state, the entries of each place that has been counted; places are counted in order. */
  readonly #counts = new Map<string, number[]>();
  /** By state and place. */
  readonly #unreadable = new Map<string, Map<number, UnreadableEntries>>();

  private constructor(places: readonly Place[]) {
    this.#places = places;
  }

  static async open(operator: SnapshotOperator): Promise<StateEntries> {
    const places: Place[] = [];
    for (const subtask of operator.subtasks) {
      for (const keyed of await subtask.keyedStates()) {
        for (const { keyGroup, size } of keyed.sections) {
          if (size !== 0) places.push({ keyed, keyGroup, subtask: subtask.metadata.index });
        }
      }
    }
    return new StateEntries(places);
  }

  async page(state: string, offset: number, limit: number): Promise<EntryPage> {
    const page: PlacedEntry[] = [];
    const counts = this.#counts.get(state) ?? [];
    this.#counts.set(state, counts);
    const unreadable = this.#unreadable.get(state) ?? new Map<number, UnreadableEntries>();
    this.#unreadable.set(state, unreadable);
    let skip = offset;
    for (const [i, place] of this.#places.entries()) {
      const known = counts[i];
      if (known !== undefined && known <= skip) {
        skip -= known;
        continue;
      }
      const { seen, whole } = await read(place, { state, skip, limit: limit + 1 - page.length }, page, (entries) =>
        unreadable.set(i, entries),
      );
      if (whole && counts.length === i) counts.push(seen);
      skip = Math.max(0, skip - seen);
      if (page.length > limit) break;
    }
    return {
      entries: page.slice(0, limit),
      hasMore: page.length > limit,
      unreadable: [...unreadable.values()].reduce<UnreadableSummary | null>(withUnreadable, null),
    };
  }
}

/** Adds up to `limit` entries after the first `skip` to the page; says how many it saw, and whether those were all. */
async function read(
  { keyed, keyGroup, subtask }: Place,
  { state, skip, limit }: { readonly state: string; readonly skip: number; readonly limit: number },
  page: PlacedEntry[],
  onUnreadable: (entries: UnreadableEntries) => void,
): Promise<{ seen: number; whole: boolean }> {
  const index = keyed.states.findIndex((meta) => meta.name === state);
  if (index < 0) return { seen: 0, whole: true };
  let seen = 0;
  let room = limit;
  const whole = await keyed.scanEntries(
    keyGroup,
    (entry) => {
      if (entry.state !== index) return undefined;
      if (seen++ < skip) return undefined;
      page.push({ entry, subtask });
      return --room > 0;
    },
    { states: new Set([index]), onUnreadable },
  );
  return { seen, whole };
}
