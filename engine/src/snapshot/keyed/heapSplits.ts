import { ByteReader } from '../bytes/byteReader.ts';
import { FormatError } from '../bytes/formatError.ts';
import { namespaceSerializer } from '../stateMetaInfo.ts';
import { dumpText } from '../values/dumpValue.ts';
import { UnreadableValue } from '../values/unreadableValue.ts';
import { addAlive, BegunStates, isBegun, statesOf, type Progress } from './heapProgress.ts';
import { HeapEntry, isOpaque, type HeapSection } from './heapSection.ts';

/** Places that are looked at for one key group, all ways to read it together: less than a second. */
const STEPS_MAX = 200_000;

/** Entries that are there, but of which nothing is certain. */
export interface UncertainEntries {
  readonly state: number;
  /** Null where their number is not certain either. */
  readonly entries: number | null;
  /** Of the value that hides where they begin. */
  readonly error: UnreadableValue;
}

/** The rest of a key group. */
export interface HeapRest {
  /** Of which every part is certain, in the order of the bytes. */
  readonly entries: readonly HeapEntry[];
  readonly uncertain: readonly UncertainEntries[];
}

/**
 * The rest of a key group from an entry on whose value nothing can read (`error`), so that its end is not known. `reader` has the rest to
 * its end.
 *
 * An opaque value may end wherever everything after it can be read, to the very end of the key group: with the entries that each state
 * says it has, keys of this key group, and no key twice. So the true way to split the bytes into entries is among those that this finds.
 * Only what all of them have in common is certain; all of it, where there is one way only.
 */
export function splitRest(section: HeapSection, reader: ByteReader, error: UnreadableValue): HeapRest {
  return withoutStacks(() => new HeapSplits(section, reader, error).split());
}

/** The same, where there is too much of it to look at. `reader` has its beginning. @throws FormatError */
export function unsplitRest(section: HeapSection, reader: ByteReader, error: UnreadableValue): HeapRest {
  return new HeapSplits(section, reader, error).nothing();
}

/** From one place in the bytes to the next. */
interface Step {
  readonly from: Progress;
  readonly offset: number;
  /** Null where a state begins. */
  readonly entry: HeapEntry | null;
  readonly to: Progress;
  /** Of an opaque value, the first offset at which it may end. */
  readonly end: number;
  isDead: boolean;
}

class HeapSplits {
  readonly #section: HeapSection;
  readonly #reader: ByteReader;
  readonly #start: number;
  readonly #error: UnreadableValue;
  readonly #first: Progress;
  readonly #known: Progress[] = [];
  /** By offset. */
  readonly #arrivals = new Map<number, Set<Progress>>();
  /** That may be at every offset from some on, by the state that they are in. */
  readonly #open = new Map<number, Set<Progress>>();
  readonly #steps: Step[] = [];

  constructor(section: HeapSection, reader: ByteReader, error: UnreadableValue) {
    this.#section = section;
    this.#error = error;
    this.#reader = new ByteReader(reader.bytes, reader.offset, reader.end, reader.baseOffset);
    this.#start = reader.offset;
    const begun = section.begun.reduce((states, state) => states.then(state), new BegunStates(-1, null));
    this.#first = this.#progressOf(begun, section.entriesLeft);
  }

  split(): HeapRest {
    if (!this.#findSteps()) return this.nothing();
    for (;;) {
      this.#findAlive();
      const certain = this.#certainSteps();
      if (certain === null) return this.nothing();
      if (!this.#dropRepeatedKeys(certain)) return this.#rest(certain);
    }
  }

  /** Every step that can be reached from the start. False where there are too many to look at. */
  #findSteps(): boolean {
    const end = this.#reader.end;
    let looked = 0;
    this.#arrive(this.#first, this.#start);
    for (let offset = this.#start; offset <= end; offset++) {
      const here = this.#arrivals.get(offset) ?? new Set();
      const entries = new Map<number, HeapEntry | null>();
      looked += this.#open.size;
      for (const [state, open] of this.#open) {
        const canBegin = this.#entryOnce(state, offset, entries) !== null;
        for (const progress of open) {
          if ((canBegin || progress.entriesLeft === 0) && progress.openFrom <= offset) here.add(progress);
          looked += canBegin ? 1 : 0;
        }
      }
      looked += here.size;
      if (looked > STEPS_MAX) return false;
      for (const progress of here) this.#step(progress, offset, entries);
      this.#arrivals.delete(offset);
    }
    return true;
  }

  #step(from: Progress, offset: number, entries: Map<number, HeapEntry | null>): void {
    const { state } = from.begun;
    if (from.entriesLeft === 0) {
      const begun = this.#beginning(from, offset);
      if (begun === null) return;
      const end = this.#reader.offset;
      this.#steps.push({ from, offset, entry: null, to: begun, end, isDead: false });
      this.#arrive(begun, end);
      return;
    }
    const found = this.#entryOnce(state, offset, entries);
    if (found === null) return;
    const to = this.#progressOf(from.begun, from.entriesLeft - 1);
    this.#steps.push({ from, offset, entry: found, to, end: found.end, isDead: false });
    if (!found.opaque) {
      this.#arrive(to, found.end);
      return;
    }
    const open = this.#open.get(state);
    if (open === undefined) this.#open.set(state, new Set([to]));
    else open.add(to);
    to.openFrom = Math.min(to.openFrom, found.end);
  }

  /** However many ways come here, it is read once. */
  #entryOnce(state: number, offset: number, entries: Map<number, HeapEntry | null>): HeapEntry | null {
    let found = entries.get(state);
    if (found === undefined) {
      found = this.#entry(state, offset);
      entries.set(state, found);
    }
    return found;
  }

  #beginning({ begun }: Progress, offset: number): Progress | null {
    const { bytes } = this.#reader;
    const state = ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
    // Nearly always: without an error, which would cost most of the time.
    if (begun.count === this.#section.stateCount || state >= this.#section.stateCount) return null;
    try {
      const next = this.#section.beginState(this.#at(offset), (each) => isBegun(begun, each));
      return this.#progressOf(begun.then(next.state), next.entries);
    } catch (error) {
      if (error instanceof FormatError) return null;
      throw error;
    }
  }

  /** Null where none can begin. Of one with an opaque value, the end is the first that it may have. */
  #entry(state: number, offset: number): HeapEntry | null {
    const reader = this.#at(offset);
    const entry = new HeapEntry();
    if (!this.#mayBegin(state, offset)) return null;
    try {
      this.#section.readEntry(reader, state, entry);
      return this.#hasUserKeysOnce(entry) ? entry : null;
    } catch (error) {
      if (isOpaque(error, entry)) {
        entry.error = error;
        // What was read up to there belongs to the value. An entry always has bytes.
        entry.end = Math.max(reader.offset, offset + 1);
        return entry;
      }
      if (error instanceof FormatError || error instanceof UnreadableValue) return null;
      throw error;
    }
  }

  /** A namespace that says nothing is a byte of 0. Flink does not look at it; but it writes no other. */
  #mayBegin(state: number, offset: number): boolean {
    const codec = this.#section.codecOf(state);
    if (codec === undefined || codec.type === 'TIMER') return true;
    const isVoid = (namespaceSerializer(codec.meta)?.kind ?? 'voidNamespace') === 'voidNamespace';
    return !isVoid || this.#reader.bytes[offset] === 0;
  }

  /** A map that can be read has no user key twice. @throws FormatError */
  #hasUserKeysOnce({ state, valueStart, end }: HeapEntry): boolean {
    const codec = this.#section.codecOf(state);
    if (codec?.type !== 'MAP') return true;
    const reader = new ByteReader(this.#reader.bytes, valueStart, end);
    const count = reader.i32();
    const keys = new Set<string>();
    for (let i = 0; i < count; i++) {
      keys.add(dumpText(codec.userKey(reader)));
      if (!reader.bool()) codec.userValue(reader);
    }
    return keys.size === count;
  }

  #at(offset: number): ByteReader {
    const reader = this.#reader;
    return reader.moveTo(reader.bytes, offset, reader.end, reader.baseOffset);
  }

  #progressOf(begun: BegunStates, entriesLeft: number): Progress {
    return begun.progress(entriesLeft, (progress) => this.#known.push(progress));
  }

  #arrive(progress: Progress, offset: number): void {
    const here = this.#arrivals.get(offset);
    if (here === undefined) this.#arrivals.set(offset, new Set([progress]));
    else here.add(progress);
  }

  /** Goes back from the end: the other steps lead nowhere. */
  #findAlive(): void {
    for (const progress of this.#known) {
      progress.alive.clear();
      progress.last = progress.lastButOne = -1;
      if (progress.entriesLeft === 0 && progress.begun.count === this.#section.stateCount) addAlive(progress, this.#reader.end);
    }
    for (let i = this.#steps.length - 1; i >= 0; i--) {
      const step = this.#steps[i];
      if (step === undefined || step.isDead) continue;
      const goesOn = step.entry?.opaque === true ? step.to.last >= step.end : step.to.alive.has(step.end);
      if (goesOn) addAlive(step.from, step.offset);
      else step.isDead = true;
    }
  }

  /** Those that every way to the end takes, in their order; null where there is no way. */
  #certainSteps(): Step[] | null {
    const alive = this.#steps.filter(({ isDead }) => !isDead);
    if (!this.#first.alive.has(this.#start)) return null;
    const certain: Step[] = [];
    /** How far the steps before lead: none must lead beyond a certain one's start. */
    let reach = this.#start;
    for (const [i, step] of alive.entries()) {
      const alone = alive[i - 1]?.offset !== step.offset && alive[i + 1]?.offset !== step.offset;
      if (alone && reach <= step.offset) certain.push(step);
      reach = Math.max(reach, this.#furthest(step));
    }
    return certain;
  }

  #furthest({ entry, to, end }: Step): number {
    return entry?.opaque === true ? to.last : end;
  }

  /** Whether it also ends where every way says. */
  #hasOneEnd({ entry, to, end }: Step): boolean {
    return entry?.opaque !== true || to.lastButOne < end;
  }

  /** A state has a key once: where a certain entry has it, no other can. Whether there were such. */
  #dropRepeatedKeys(certain: readonly Step[]): boolean {
    const owners = new Map<string, Step>();
    for (const step of certain) if (step.entry !== null) owners.set(this.#keyText(step.entry), step);
    let dropped = false;
    for (const step of this.#steps) {
      if (step.isDead || step.entry === null) continue;
      const owner = owners.get(this.#keyText(step.entry));
      if (owner === undefined || owner === step) continue;
      step.isDead = true;
      dropped = true;
    }
    return dropped;
  }

  /** Namespace and key of an entry, all of a timer: what is unique in its state. */
  #keyText({ state, start, valueStart, end }: HeapEntry): string {
    const bytes = this.#reader.bytes.subarray(start, valueStart === 0 ? end : valueStart);
    // So long a key is taken to be the only one.
    const text = bytes.length > KEY_TEXT_MAX ? `at ${String(start)}` : String.fromCharCode(...bytes);
    return `${String(state)}:${text}`;
  }

  #rest(certain: readonly Step[]): HeapRest {
    const entries: HeapEntry[] = [];
    const uncertain: UncertainEntries[] = [];
    for (const [i, step] of certain.entries()) {
      const { entry, from } = step;
      if (this.#hasOneEnd(step)) {
        if (entry === null) continue;
        if (entry.opaque) entry.end = this.#furthest(step);
        entries.push(entry);
        continue;
      }
      const error = entry?.error ?? this.#error;
      const next = certain[i + 1]?.from;
      uncertain.push({ state: from.begun.state, entries: from.entriesLeft - (next?.begun === from.begun ? next.entriesLeft : 0), error });
      const others = next === undefined ? this.#statesAfter(statesOf(from.begun)) : statesOf(next.begun).slice(from.begun.count);
      for (const state of others) uncertain.push({ state, entries: null, error });
    }
    return { entries, uncertain };
  }

  nothing(): HeapRest {
    const reader = this.#at(this.#start);
    const begun = [...this.#section.begun];
    let { entriesLeft } = this.#section;
    while (entriesLeft === 0 && begun.length < this.#section.stateCount) {
      const next = this.#section.beginState(reader, (state) => begun.includes(state));
      begun.push(next.state);
      entriesLeft = next.entries;
    }
    const error = this.#error;
    const others = this.#statesAfter(begun).map((state) => ({ state, entries: null, error }));
    return { entries: [], uncertain: [{ state: begun.at(-1) ?? -1, entries: entriesLeft, error }, ...others] };
  }

  /** Those that have not begun. */
  #statesAfter(begun: readonly number[]): number[] {
    const known = new Set(begun);
    return Array.from({ length: this.#section.stateCount }, (_, state) => state).filter((state) => !known.has(state));
  }
}

const KEY_TEXT_MAX = 1 << 12;

/** A way that leads nowhere costs an error: where there are very many, their stacks are nearly all of the time. */
function withoutStacks<T>(work: () => T): T {
  const errors = Error as { stackTraceLimit?: number };
  const limit = errors.stackTraceLimit;
  errors.stackTraceLimit = 0;
  try {
    return work();
  } finally {
    if (limit === undefined) delete errors.stackTraceLimit;
    else errors.stackTraceLimit = limit;
  }
}
