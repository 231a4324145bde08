/** States that have begun: one that is being read, and those before it. There is one object of each way they can begin. */
export class BegunStates {
  /** -1 where none has begun. */
  readonly state: number;
  readonly count: number;
  readonly before: BegunStates | null;
  readonly #next = new Map<number, BegunStates>();
  readonly #progress = new Map<number, Progress>();

  constructor(state: number, before: BegunStates | null) {
    this.state = state;
    this.before = before;
    this.count = before === null ? 0 : before.count + 1;
  }

  then(state: number): BegunStates {
    let next = this.#next.get(state);
    if (next === undefined) this.#next.set(state, (next = new BegunStates(state, this)));
    return next;
  }

  progress(entriesLeft: number, onNew: (progress: Progress) => void): Progress {
    let progress = this.#progress.get(entriesLeft);
    if (progress === undefined) {
      progress = { begun: this, entriesLeft, openFrom: Infinity, alive: new Set(), last: -1, lastButOne: -1 };
      this.#progress.set(entriesLeft, progress);
      onNew(progress);
    }
    return progress;
  }
}

/** How far a key group has been read, whatever came before: each way to read it that comes to the same place goes on in the same way. */
export interface Progress {
  readonly begun: BegunStates;
  /** Entries of the state that is being read which are still to come. */
  readonly entriesLeft: number;
  /** Entries of it may begin at every offset from here on, because an opaque value is in front; Infinity where none is. */
  openFrom: number;
  /** Where the rest of the key group can be read. */
  readonly alive: Set<number>;
  /** The last two of them; -1 where there are none. */
  last: number;
  lastButOne: number;
}

export function isBegun(begun: BegunStates, state: number): boolean {
  for (let each: BegunStates | null = begun; each !== null; each = each.before) if (each.state === state) return true;
  return false;
}

/** In the order in which they began. */
export function statesOf(begun: BegunStates): number[] {
  const states: number[] = [];
  for (let each: BegunStates | null = begun; each !== null && each.count > 0; each = each.before) states.push(each.state);
  return states.reverse();
}

/** Offsets come in descending order. */
export function addAlive(progress: Progress, offset: number): void {
  progress.alive.add(offset);
  if (progress.last < 0) progress.last = offset;
  else if (progress.lastButOne < 0) progress.lastButOne = offset;
}
