import { KeyGroupBlockWriter } from '../snapshot/keyed/keyGroupBlock.ts';
import { CapturedEntries } from './entrySink.ts';
import type { EntrySink } from './entrySink.ts';
import type { KeyContext } from './keyContext.ts';
import type { KeyedStore } from './keyedStore.ts';
import type { FrozenKeyedState, KeyedStateSchema, KeyGroupRange } from './operatorSnapshot.ts';

/** The clock is asked once in so many contexts. */
const CONTEXTS_PER_CLOCK = 64;

/** The state of a store as of a barrier: what has not changed is still in the store, what has is here as bytes. */
export class FrozenStore implements FrozenKeyedState {
  readonly schema: KeyedStateSchema;
  readonly keyGroups: KeyGroupRange;
  /** Contexts of this version and older belong to it. */
  readonly version: number;
  readonly frozenAt: number;
  /** How many entries the store had. */
  readonly entries: number;
  readonly #store: KeyedStore;
  readonly #writer: KeyGroupBlockWriter;
  readonly #captured = new Map<number, CapturedEntries>();
  #keyGroup: number;
  /** What is left to write of the key group at hand; null between key groups. */
  #contexts: readonly KeyContext[] | null = null;
  #at = 0;
  #bytes = 0;
  #state: 'writing' | 'done' | 'released' = 'writing';
  #failure: Error | null = null;

  constructor(store: KeyedStore, version: number, frozenAt: number, entries: number) {
    this.schema = store.schema;
    this.keyGroups = store.keyGroups;
    this.version = version;
    this.frozenAt = frozenAt;
    this.entries = entries;
    this.#store = store;
    this.#writer = new KeyGroupBlockWriter(store.maxParallelism);
    this.#keyGroup = store.keyGroups.start;
  }

  advance(sink: (keyGroup: number, block: Uint8Array) => void, budgetMs: number, clock: () => number = () => this.#store.now()): boolean {
    this.#throwFailure();
    if (this.#state !== 'writing') return this.#state === 'done';
    const deadline = clock() + budgetMs;
    while (this.#keyGroup <= this.keyGroups.end) {
      const isWritten = this.#writeContexts(deadline, clock);
      this.#throwFailure();
      if (!isWritten) return false;
      const block = this.#writer.finish();
      if (block !== null) {
        this.#bytes += block.length;
        sink(this.#keyGroup, block);
      }
      this.#contexts = null;
      this.#keyGroup++;
    }
    this.#state = 'done';
    this.#store.thaw(this, this.#bytes);
    return true;
  }

  /** Something in the state cannot be written: there is no snapshot of it. */
  fail(error: Error): void {
    this.#failure ??= error;
    this.release();
  }

  #throwFailure(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  release(): void {
    if (this.#state !== 'writing') return;
    this.#state = 'released';
    this.#contexts = null;
    this.#captured.clear();
    this.#store.thaw(this, null);
  }

  /** Where entries of a key group go now: into the open block, or aside until its turn. */
  sinkFor(keyGroup: number): EntrySink {
    if (keyGroup === this.#keyGroup && this.#contexts !== null) return this.#writer;
    let captured = this.#captured.get(keyGroup);
    if (captured === undefined) {
      captured = new CapturedEntries();
      this.#captured.set(keyGroup, captured);
    }
    return captured;
  }

  /** False when the deadline came first. */
  #writeContexts(deadline: number, clock: () => number): boolean {
    const contexts = (this.#contexts ??= this.#open());
    let untilClock = CONTEXTS_PER_CLOCK;
    while (this.#at < contexts.length && this.#state === 'writing') {
      const context = contexts[this.#at++];
      if (context !== undefined) this.#store.writeOwed(this, context);
      if (--untilClock === 0) {
        if (clock() >= deadline) return false;
        untilClock = CONTEXTS_PER_CLOCK;
      }
    }
    return true;
  }

  #open(): readonly KeyContext[] {
    this.#writer.begin(this.#keyGroup, this.schema.states.length);
    this.#captured.get(this.#keyGroup)?.replay(this.#writer);
    this.#captured.delete(this.#keyGroup);
    this.#at = 0;
    return this.#store.contextsOf(this.#keyGroup);
  }
}
