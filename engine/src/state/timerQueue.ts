/** Milliseconds that one bucket spans. */
const BUCKET_SPAN = 1024;
/** Below this, insertion sort beats counting. */
const SMALL_BUCKET = 48;
/** Deleted timers are swept out when they are more than this many and more than half of all. */
const SWEEP_ABOVE = 1024;

/** Timers side by side: times[i] is due for items[i]. */
class Bucket<T> {
  times: number[];
  items: T[];

  constructor(time: number, item: T) {
    this.times = [time];
    this.items = [item];
  }
}

/**
 * Timers in order of time, then of registration. Far timers are unsorted in coarse buckets; a bucket is sorted when it comes due, by
 * counting, so that a timer costs the same however many there are. Timers for a bucket that has been sorted already go to a heap.
 *
 * The queue does not know which timers were deleted: the one that polls checks with the key. Times are integers.
 */
export class TimerQueue<T> {
  readonly #isPending: (item: T, time: number) => boolean;
  #buckets = new Map<number, Bucket<T>>();
  readonly #bucketIds: number[] = [];
  #due: Bucket<T> | null = null;
  #dueAt = 0;
  /** Buckets below this id have been sorted out. */
  #sortedBelow = -Infinity;
  readonly #stragglers = new StragglerHeap<T>();
  #size = 0;
  #deleted = 0;
  /** Time of what `poll` returned last. */
  polledTime = 0;

  /** `isPending` tells timers that still hold from deleted ones. */
  constructor(isPending: (item: T, time: number) => boolean) {
    this.#isPending = isPending;
  }

  add(time: number, item: T): void {
    this.#size++;
    const id = Math.floor(time / BUCKET_SPAN);
    if (id < this.#sortedBelow) {
      this.#stragglers.push(time, item);
      return;
    }
    const bucket = this.#buckets.get(id);
    if (bucket === undefined) {
      this.#buckets.set(id, new Bucket(time, item));
      pushId(this.#bucketIds, id);
    } else {
      bucket.times.push(time);
      bucket.items.push(item);
    }
  }

  /** A timer that was added has been deleted at its key. */
  noteDeleted(): void {
    this.#deleted++;
    if (this.#deleted > SWEEP_ABOVE && this.#deleted * 2 > this.#size) this.#sweep();
  }

  /** The earliest timer at or before `limit`, taken out; null when there is none. Deleted ones come too. */
  poll(limit: number): T | null {
    for (;;) {
      const due = this.#due;
      const stragglers = this.#stragglers;
      if (due !== null) {
        const time = due.times[this.#dueAt] ?? Infinity;
        if (stragglers.size > 0 && stragglers.firstTime < time) return this.#pollStraggler(limit);
        if (time > limit) return null;
        return this.#pollDue(due, time);
      }
      if (stragglers.size > 0) return this.#pollStraggler(limit);
      const id = this.#bucketIds[0];
      if (id === undefined || id * BUCKET_SPAN > limit) return null;
      this.#sortOut();
    }
  }

  /** Time of the earliest timer, deleted or not; Infinity when there is none. */
  nextTime(): number {
    if (this.#due === null && this.#stragglers.size === 0 && this.#bucketIds.length > 0) this.#sortOut();
    const due = this.#due === null ? Infinity : (this.#due.times[this.#dueAt] ?? Infinity);
    return this.#stragglers.size > 0 ? Math.min(due, this.#stragglers.firstTime) : due;
  }

  #pollDue(due: Bucket<T>, time: number): T | null {
    const item = due.items[this.#dueAt] ?? null;
    this.#dueAt++;
    if (this.#dueAt === due.times.length) this.#due = null;
    this.polledTime = time;
    this.#size--;
    return item;
  }

  #pollStraggler(limit: number): T | null {
    const time = this.#stragglers.firstTime;
    if (time > limit) return null;
    this.polledTime = time;
    this.#size--;
    return this.#stragglers.pop();
  }

  /** Sorts the earliest bucket. */
  #sortOut(): void {
    const id = popId(this.#bucketIds);
    const bucket = this.#buckets.get(id);
    this.#buckets.delete(id);
    this.#sortedBelow = id + 1;
    if (bucket === undefined) return;
    this.#due = bucket.times.length <= SMALL_BUCKET ? insertionSorted(bucket) : countingSorted(bucket, id * BUCKET_SPAN);
    this.#dueAt = 0;
  }

  #sweep(): void {
    const old = this.#buckets;
    this.#buckets = new Map();
    this.#bucketIds.length = 0;
    this.#deleted = 0;
    this.#size = this.#stragglers.size + (this.#due === null ? 0 : this.#due.times.length - this.#dueAt);
    for (const bucket of old.values()) {
      for (let i = 0; i < bucket.times.length; i++) {
        const time = bucket.times[i];
        const item = bucket.items[i];
        if (time !== undefined && item !== undefined && this.#isPending(item, time)) this.add(time, item);
      }
    }
  }
}

function insertionSorted<T>(bucket: Bucket<T>): Bucket<T> {
  const { times, items } = bucket;
  for (let i = 1; i < times.length; i++) {
    const time = times[i] as number;
    const item = items[i] as T;
    let at = i - 1;
    while (at >= 0 && (times[at] as number) > time) {
      times[at + 1] = times[at] as number;
      items[at + 1] = items[at] as T;
      at--;
    }
    times[at + 1] = time;
    items[at + 1] = item;
  }
  return bucket;
}

function countingSorted<T>(bucket: Bucket<T>, start: number): Bucket<T> {
  const { times, items } = bucket;
  const positions = new Int32Array(BUCKET_SPAN + 1);
  for (const time of times) positions[time - start + 1] = (positions[time - start + 1] ?? 0) + 1;
  for (let i = 1; i <= BUCKET_SPAN; i++) positions[i] = (positions[i] ?? 0) + (positions[i - 1] ?? 0);
  const sorted = new Bucket(0, items[0] as T);
  sorted.times = times.slice();
  sorted.items = items.slice();
  for (let i = 0; i < times.length; i++) {
    const time = times[i] as number;
    const at = positions[time - start] ?? 0;
    positions[time - start] = at + 1;
    sorted.times[at] = time;
    sorted.items[at] = items[i] as T;
  }
  return sorted;
}

/** A binary min-heap of bucket ids. */
function pushId(heap: number[], id: number): void {
  let at = heap.length;
  heap.push(id);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const other = heap[parent] as number;
    if (other <= id) break;
    heap[at] = other;
    at = parent;
  }
  heap[at] = id;
}

function popId(heap: number[]): number {
  const first = heap[0] as number;
  const last = heap.pop() as number;
  const size = heap.length;
  if (size === 0) return first;
  let at = 0;
  for (;;) {
    let child = at * 2 + 1;
    if (child >= size) break;
    if (child + 1 < size && (heap[child + 1] as number) < (heap[child] as number)) child++;
    if ((heap[child] as number) >= last) break;
    heap[at] = heap[child] as number;
    at = child;
  }
  heap[at] = last;
  return first;
}

interface Straggler<T> {
  readonly time: number;
  readonly order: number;
  readonly item: T;
}

/** Timers registered for a time whose bucket has been sorted already, such as those in the past. */
class StragglerHeap<T> {
  readonly #heap: Straggler<T>[] = [];
  #order = 0;

  get size(): number {
    return this.#heap.length;
  }

  get firstTime(): number {
    return this.#heap[0]?.time ?? Infinity;
  }

  push(time: number, item: T): void {
    const heap = this.#heap;
    const straggler = { time, order: this.#order++, item };
    let at = heap.length;
    heap.push(straggler);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const other = heap[parent] as Straggler<T>;
      if (!isBefore(straggler, other)) break;
      heap[at] = other;
      at = parent;
    }
    heap[at] = straggler;
  }

  pop(): T | null {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined) return null;
    const size = heap.length;
    if (size === 0) return first.item;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= size) break;
      if (child + 1 < size && isBefore(heap[child + 1] as Straggler<T>, heap[child] as Straggler<T>)) child++;
      if (!isBefore(heap[child] as Straggler<T>, last)) break;
      heap[at] = heap[child] as Straggler<T>;
      at = child;
    }
    heap[at] = last;
    return first.item;
  }
}

function isBefore<T>(a: Straggler<T>, b: Straggler<T>): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order);
}
