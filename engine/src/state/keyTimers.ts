/** Beyond this many timers of one key, a set is faster than looking through an array. */
const SMALL = 16;

/** The pending timers of one key in one time domain: a set of times. */
export class KeyTimers {
  #times: number[] = [];
  #set: Set<number> | null = null;

  get size(): number {
    return this.#set === null ? this.#times.length : this.#set.size;
  }

  has(time: number): boolean {
    return this.#set === null ? this.#times.includes(time) : this.#set.has(time);
  }

  /** False when it was there already. */
  add(time: number): boolean {
    if (this.#set !== null) {
      const before = this.#set.size;
      return this.#set.add(time).size > before;
    }
    if (this.#times.includes(time)) return false;
    if (this.#times.length === SMALL) {
      this.#set = new Set(this.#times);
      this.#set.add(time);
      this.#times = [];
    } else {
      this.#times.push(time);
    }
    return true;
  }

  /** False when it was not there. */
  delete(time: number): boolean {
    if (this.#set !== null) return this.#set.delete(time);
    const at = this.#times.indexOf(time);
    if (at < 0) return false;
    const last = this.#times.pop();
    if (last !== undefined && at < this.#times.length) this.#times[at] = last;
    return true;
  }

  times(): Iterable<number> {
    return this.#set ?? this.#times;
  }
}
