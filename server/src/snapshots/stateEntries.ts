import type { KeyedEntry, KeyedState, KeyGroupSection, SnapshotOperator } from 'tidemark/snapshot';

/** Key groups whose entries stay decoded: those that a page, and its neighbours, come from. */
const DECODED_MAX = 64;

interface Place {
  readonly keyed: KeyedState;
  readonly section: KeyGroupSection;
  readonly subtask: number;
}

export interface PlacedEntry {
  readonly entry: KeyedEntry;
  readonly subtask: number;
}

/**
 * The entries of an operator's keyed states, in the order of key groups. To know how many there are, each key group is read once; after
 * that only counts are kept, and the key groups that pages come from.
 */
export class StateEntries {
  readonly #places: readonly Place[];
  /** For each key group, how many entries each state has, by name. */
  #counts: Promise<readonly ReadonlyMap<string, number>[]> | null = null;
  readonly #decoded = new Map<number, Promise<readonly KeyedEntry[]>>();

  private constructor(places: readonly Place[]) {
    this.#places = places;
  }

  static async open(operator: SnapshotOperator): Promise<StateEntries> {
    const places: Place[] = [];
    for (const subtask of operator.subtasks) {
      const keyed = await subtask.keyedState();
      for (const section of keyed?.sections ?? []) {
        if (keyed !== null && section.size > 0) places.push({ keyed, section, subtask: subtask.metadata.index });
      }
    }
    return new StateEntries(places);
  }

  async count(state: string): Promise<number> {
    return (await this.#allCounts()).reduce((sum, counts) => sum + (counts.get(state) ?? 0), 0);
  }

  async page(state: string, offset: number, limit: number): Promise<PlacedEntry[]> {
    const page: PlacedEntry[] = [];
    let skip = offset;
    for (const [i, counts] of (await this.#allCounts()).entries()) {
      const count = counts.get(state) ?? 0;
      if (page.length >= limit) break;
      if (skip >= count) {
        skip -= count;
        continue;
      }
      const entries = (await this.#entries(i)).filter((entry) => this.#stateName(i, entry) === state);
      const subtask = this.#places[i]?.subtask ?? 0;
      page.push(...entries.slice(skip, skip + limit - page.length).map((entry) => ({ entry, subtask })));
      skip = 0;
    }
    return page;
  }

  #allCounts(): Promise<readonly ReadonlyMap<string, number>[]> {
    this.#counts ??= this.#count();
    return this.#counts;
  }

  async #count(): Promise<readonly ReadonlyMap<string, number>[]> {
    const all: Map<string, number>[] = [];
    for (const i of this.#places.keys()) {
      const counts = new Map<string, number>();
      for (const entry of await this.#entries(i)) {
        const name = this.#stateName(i, entry);
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
      all.push(counts);
    }
    return all;
  }

  #stateName(place: number, entry: KeyedEntry): string {
    return this.#places[place]?.keyed.states[entry.state]?.name ?? '';
  }

  #entries(i: number): Promise<readonly KeyedEntry[]> {
    const known = this.#decoded.get(i);
    if (known !== undefined) return known;
    const place = this.#places[i];
    const entries: Promise<readonly KeyedEntry[]> = place === undefined ? Promise.resolve([]) : place.keyed.entries(place.section);
    this.#decoded.set(i, entries);
    const oldest = this.#decoded.keys().next().value;
    if (this.#decoded.size > DECODED_MAX && oldest !== undefined) this.#decoded.delete(oldest);
    return entries;
  }
}
