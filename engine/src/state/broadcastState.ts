import type { MapState, ReadonlyMapState } from '../types/stateHandle.ts';
import type { Type } from '../types/type.ts';
import type { OperatorStateSnapshot } from './operatorSnapshot.ts';
import { deepFrozen } from './stateScope.ts';
import { ValueCheck } from './valueCheck.ts';
import { identityOf } from './userKey.ts';
import type { Identity } from './userKey.ts';

interface BroadcastEntry {
  readonly key: unknown;
  readonly value: unknown;
}

/** A map that every subtask holds alike, because every subtask gets every broadcast record. Copied only if it changes while frozen. */
export class BroadcastState implements MapState<unknown, unknown> {
  readonly name: string;
  readonly #key: Type<unknown>;
  readonly #value: Type<unknown>;
  readonly #identity: Identity | null;
  readonly #freezeValues: boolean;
  #map = new Map<unknown, BroadcastEntry>();
  /** A snapshot may still read the map. */
  #isShared = false;

  readonly #keyCheck: ValueCheck;
  readonly #valueCheck: ValueCheck;

  constructor(
    uid: string,
    declaration: { readonly name: string; readonly key: Type<unknown>; readonly value: Type<unknown> },
    freezeValues: boolean,
  ) {
    this.name = declaration.name;
    this.#key = declaration.key;
    this.#value = declaration.value;
    this.#identity = identityOf(declaration.key);
    this.#freezeValues = freezeValues;
    this.#keyCheck = new ValueCheck(`operator "${uid}", broadcast state "${declaration.name}": the key`, declaration.key);
    this.#valueCheck = new ValueCheck(`operator "${uid}", broadcast state "${declaration.name}": the value`, declaration.value);
  }

  get size(): number {
    return this.#map.size;
  }

  get(key: unknown): unknown {
    const entry = this.#map.get(this.#identify(key));
    return entry === undefined ? null : this.#handOut(entry.value);
  }

  contains(key: unknown): boolean {
    return this.#map.has(this.#identify(key));
  }

  /** Looks at both at once: changes are few, and what does not fit would fail every snapshot. */
  put(key: unknown, value: unknown): void {
    this.#keyCheck.check(key);
    this.#valueCheck.check(value);
    this.#own().set(this.#identify(key), { key, value });
  }

  remove(key: unknown): void {
    this.#own().delete(this.#identify(key));
  }

  clear(): void {
    this.#map = new Map();
    this.#isShared = false;
  }

  entries(): readonly (readonly [unknown, unknown])[] {
    return Array.from(this.#map.values(), (entry) => [this.#handOut(entry.key), this.#handOut(entry.value)] as const);
  }

  keys(): readonly unknown[] {
    return Array.from(this.#map.values(), (entry) => this.#handOut(entry.key));
  }

  values(): readonly unknown[] {
    return Array.from(this.#map.values(), (entry) => this.#handOut(entry.value));
  }

  isEmpty(): boolean {
    return this.#map.size === 0;
  }

  /** What the side that may only read gets; refuses writes also where types are not looked at. */
  readonlyView(): ReadonlyMapState<unknown, unknown> {
    return {
      get: (key) => this.get(key),
      contains: (key) => this.contains(key),
      entries: () => this.entries(),
      keys: () => this.keys(),
      values: () => this.values(),
      isEmpty: () => this.isEmpty(),
    };
  }

  /** O(1): the entries are listed when the snapshot is written. */
  snapshot(): OperatorStateSnapshot {
    this.#isShared = true;
    const map = this.#map;
    return {
      mode: 'BROADCAST',
      name: this.name,
      key: this.#key,
      value: this.#value,
      get entries() {
        return Array.from(map.values(), (entry) => [entry.key, entry.value] as const);
      },
    };
  }

  restore(entries: readonly (readonly [unknown, unknown])[]): void {
    for (const [key, value] of entries) this.put(key, value);
  }

  #identify(key: unknown): unknown {
    return this.#identity === null ? key : this.#identity(key);
  }

  #own(): Map<unknown, BroadcastEntry> {
    if (this.#isShared) {
      this.#map = new Map(this.#map);
      this.#isShared = false;
    }
    return this.#map;
  }

  #handOut<T>(value: T): T {
    return this.#freezeValues ? deepFrozen(value) : value;
  }
}
