import { keyGroupOfHash } from '../keys/keyGroup.ts';
import { describe } from '../types/misfit.ts';
import type { KeyType } from '../types/type.ts';
import { TrackedSink } from './entrySink.ts';
import type { EntrySink } from './entrySink.ts';
import { ExpirySweep } from './expirySweep.ts';
import type { EachHolder, SweptStore } from './expirySweep.ts';
import { FrozenStore } from './frozenStore.ts';
import { DETACHED, KeyContext } from './keyContext.ts';
import { KeyGroupTable } from './keyGroupTable.ts';
import type { FrozenKeyedState, KeyedStateSchema, KeyGroupRange } from './operatorSnapshot.ts';
import { keyCheckOf, type ValueCheck } from './valueCheck.ts';

/** Guess of an entry's serialized size before the first snapshot has measured it. */
const ENTRY_BYTES_GUESS = 48;

export interface KeyedStoreOptions {
  readonly uid: string;
  readonly schema: KeyedStateSchema;
  readonly keyGroups: KeyGroupRange;
  readonly maxParallelism: number;
  /** Slots of a context. */
  readonly slotCount: number;
  /** Writes everything a context holds as canonical entries. `frozenAt` is the clock when the snapshot was taken. */
  readonly writeContext: (context: KeyContext, entries: EntrySink, frozenAt: number) => void;
  readonly now: () => number;
  /** Absent where nothing expires. */
  readonly expiry?: Expiry;
}

/** How a store gets rid of expired state of keys that do not come again. */
export interface Expiry {
  /** Entries that each access to such state looks at; 0: none. */
  readonly cleanupSize: number;
  readonly eachHolder: EachHolder;
}

/** Entries that are looked at in one go, however many accesses there were. */
const CLEANUP_MAX = 4096;

/**
 * All keys of one operator's subtask: a table per key group.
 *
 * Freezing raises the version, nothing else. A context whose version is older than the store's is written to the snapshots
 * that it is still owed to before anything in it changes (`enter` and `touch` see to that); the rest is written when FrozenStore walks.
 */
export class KeyedStore {
  readonly schema: KeyedStateSchema;
  readonly keyGroups: KeyGroupRange;
  readonly maxParallelism: number;
  /** Things stored, over all keys: kept by those who store. */
  entries = 0;
  keyCount = 0;
  /** Kept by the handles of state with a time to live. */
  timedAccesses = 0;
  readonly #uid: string;
  readonly #keyType: KeyType<unknown>;
  readonly #isPrimitive: boolean;
  readonly #slotCount: number;
  readonly #writeContext: KeyedStoreOptions['writeContext'];
  readonly #now: () => number;
  readonly #tables: KeyGroupTable[] = [];
  readonly #keyCheck: ValueCheck;
  readonly #keyFits: (key: unknown) => boolean;
  /** The hash takes nothing but keys. Of other types it takes anything, and a key is checked only when it is new. */
  readonly #checksFirst: boolean;
  readonly #tracked = new TrackedSink();
  #version = 1;
  /** Snapshots still being written, oldest first. */
  #frozen: FrozenStore[] = [];
  #spare: KeyContext;
  #bytesPerEntry = ENTRY_BYTES_GUESS;
  readonly #cleanupSize: number;
  readonly #sweep: ExpirySweep | null;

  constructor(options: KeyedStoreOptions) {
    this.schema = options.schema;
    this.keyGroups = options.keyGroups;
    this.maxParallelism = options.maxParallelism;
    this.#uid = options.uid;
    this.#keyType = options.schema.keyType;
    this.#keyCheck = keyCheckOf(options.uid, this.#keyType);
    this.#keyFits = this.#keyCheck.fits;
    this.#checksFirst = !this.#keyType.isPrimitive || this.#keyType.serializer.kind === 'bigInteger';
    this.#isPrimitive = this.#keyType.isPrimitive;
    this.#slotCount = options.slotCount;
    this.#writeContext = options.writeContext;
    this.#now = options.now;
    this.#spare = new KeyContext(null, 0, options.slotCount);
    for (let group = options.keyGroups.start; group <= options.keyGroups.end; group++) this.#tables.push(new KeyGroupTable());
    this.#cleanupSize = options.expiry?.cleanupSize ?? 0;
    this.#sweep =
      options.expiry === undefined || this.#cleanupSize === 0 ? null : new ExpirySweep(this.#swept(), options.expiry.eachHolder);
  }

  /**
   * The context of a key, ready to be changed; `leave` must follow. A key without state gets a context that is in no table yet.
   */
  enter(key: unknown): KeyContext {
    if (this.#checksFirst ? !this.#keyFits(key) : key === null || key === undefined) this.#keyCheck.refuse(key);
    if (this.timedAccesses > 0) this.cleanUp();
    const hash = this.#keyType.hash(key);
    const table = this.#tableOf(hash, key);
    const found = this.#isPrimitive ? table.findPrimitive(key, hash) : table.findEqual(key, hash, this.#keyType);
    if (found !== null) {
      if (found.version !== this.#version) this.touch(found);
      return found;
    }
    const spare = this.#spare;
    spare.key = key;
    spare.hash = hash;
    return spare;
  }

  /** Stores a context that has got something, forgets one that has lost everything. */
  leave(context: KeyContext): void {
    if (context.version === DETACHED) {
      if (context.used > 0) this.#insert(context);
    } else if (context.used === 0) {
      this.#remove(context);
    }
  }

  /** Must be called before a context changes that was not got by `enter`. */
  touch(context: KeyContext): void {
    if (context.version === this.#version || context.version === DETACHED) return;
    for (const frozen of this.#frozen) if (context.version <= frozen.version) this.#writeTo(frozen, context);
    context.version = this.#version;
  }

  /** Without touching; null when nothing is stored. */
  peek(key: unknown): KeyContext | null {
    const hash = this.#keyType.hash(key);
    const group = keyGroupOfHash(hash, this.maxParallelism) - this.keyGroups.start;
    return this.#tables[group]?.findEqual(key, hash, this.#keyType) ?? null;
  }

  /** Of the same key, for a restore: stored at once, because something will be. */
  enterRestored(key: unknown): KeyContext {
    const context = this.enter(key);
    if (context.version === DETACHED) this.#insert(context);
    return context;
  }

  /** Looks for expired state, a few entries for each access since the last call. Called while no context is in anyone's hands. */
  cleanUp(): void {
    const sweep = this.#sweep;
    const steps = Math.min(CLEANUP_MAX, this.timedAccesses * this.#cleanupSize);
    this.timedAccesses = 0;
    if (sweep !== null) for (let i = 0; i < steps; i++) sweep.step();
  }

  #swept(): SweptStore {
    return {
      tables: this.#tables,
      now: this.#now,
      touch: (context) => this.touch(context),
      noteRemoved: () => {
        this.entries--;
      },
      leave: (context) => {
        if (context.used === 0 && context.version !== DETACHED) this.#remove(context);
      },
    };
  }

  freeze(): FrozenKeyedState {
    const frozen = new FrozenStore(this, this.#version, this.#now(), this.entries);
    this.#version++;
    this.#frozen.push(frozen);
    return frozen;
  }

  /** Estimated; exact right after a snapshot has been written. */
  get bytes(): number {
    return Math.round(this.entries * this.#bytesPerEntry);
  }

  now(): number {
    return this.#now();
  }

  /** For FrozenStore: the contexts of a key group, as they are now. */
  contextsOf(keyGroup: number): KeyContext[] {
    return this.#tables[keyGroup - this.keyGroups.start]?.contexts() ?? [];
  }

  /** For FrozenStore: writes a context to it, and to older snapshots that have not had it yet. */
  writeOwed(frozen: FrozenStore, context: KeyContext): void {
    if (context.version === DETACHED || context.version > frozen.version) return;
    for (const owed of this.#frozen) {
      if (owed.version > frozen.version) break;
      if (context.version <= owed.version) this.#writeTo(owed, context);
    }
    context.version = frozen.version + 1;
  }

  /** For FrozenStore: it is written, or given up (`bytes` null). */
  thaw(frozen: FrozenStore, bytes: number | null): void {
    this.#frozen = this.#frozen.filter((other) => other !== frozen);
    if (bytes !== null && frozen.entries > 0) this.#bytesPerEntry = bytes / frozen.entries;
  }

  #writeTo(frozen: FrozenStore, context: KeyContext): void {
    const sink = this.#tracked;
    sink.into = frozen.sinkFor(keyGroupOfHash(context.hash, this.maxParallelism));
    try {
      this.#writeContext(context, sink, frozen.frozenAt);
    } catch (error) {
      // Code that asked for the snapshot hears of it: the record at hand, whose key is only copied, is not to blame.
      frozen.fail(this.#unwritable(context, sink.state, error));
    }
  }

  #unwritable(context: KeyContext, state: number, error: unknown): Error {
    const name = this.schema.states[state]?.name ?? '';
    const problem = error instanceof Error ? error.message : String(error);
    return new TypeError(
      `operator "${this.#uid}", state "${name}" of key ${describe(context.key)} holds what is not of its type: ${problem}; store what the state's type says, or change the type`,
      { cause: error },
    );
  }

  #tableOf(hash: number, key: unknown): KeyGroupTable {
    const group = keyGroupOfHash(hash, this.maxParallelism);
    const table = this.#tables[group - this.keyGroups.start];
    if (table === undefined) {
      const { start, end } = this.keyGroups;
      throw new RangeError(
        `operator "${this.#uid}": key ${String(key)} is of key group ${String(group)}, this subtask has ${String(start)} to ${String(end)}`,
      );
    }
    return table;
  }

  #insert(context: KeyContext): void {
    this.#keyCheck.check(context.key);
    context.version = this.#version;
    this.#tableOf(context.hash, context.key).insert(context);
    this.keyCount++;
    if (context === this.#spare) this.#spare = new KeyContext(null, 0, this.#slotCount);
  }

  #remove(context: KeyContext): void {
    this.#tableOf(context.hash, context.key).remove(context);
    context.version = DETACHED;
    this.keyCount--;
  }
}
