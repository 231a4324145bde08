import type { MapState } from '../types/stateHandle.ts';
import { isExpired } from './cell.ts';
import type { Ttl } from './cell.ts';
import type { StateScope } from './stateScope.ts';
import type { Identity } from './userKey.ts';
import type { ValueCheck } from './valueCheck.ts';

/** For what is put into a map. */
export class EntryChecks {
  readonly #key: ValueCheck;
  readonly #value: ValueCheck;
  /** Whether `check` must know the value that is replaced. */
  readonly needsKept: boolean;

  constructor(key: ValueCheck, value: ValueCheck) {
    this.#key = key;
    this.#value = value;
    this.needsKept = !value.hasFixedParts;
  }

  checkKey(key: unknown): void {
    this.#key.check(key);
  }

  /** Null needs no type: the entry itself says so. `kept` is what it replaces, where that is needed. */
  checkValue(value: unknown, kept: unknown): void {
    if (value !== null && value !== undefined) this.#value.checkNext(value, kept);
  }
}

/** A map whose keys stand for themselves and whose values do not expire: a Map in the slot. */
export class MapHandle implements MapState<unknown, unknown> {
  readonly #scope: StateScope;
  readonly #slot: number;
  readonly #checks: EntryChecks;

  constructor(scope: StateScope, slot: number, checks: EntryChecks) {
    this.#scope = scope;
    this.#slot = slot;
    this.#checks = checks;
  }

  get(key: unknown): unknown {
    const value = this.#read()?.get(key);
    return value === undefined ? null : this.#scope.handOut(value);
  }

  contains(key: unknown): boolean {
    return this.#read()?.has(key) === true;
  }

  put(key: unknown, value: unknown): void {
    const map = this.#read();
    this.#checks.checkKey(key);
    this.#checks.checkValue(value, this.#checks.needsKept ? map?.get(key) : undefined);
    if (map === undefined) this.#scope.write(this.#slot, new Map([[key, value ?? null]]));
    else map.set(key, value ?? null);
  }

  remove(key: unknown): void {
    const map = this.#read();
    if (map?.delete(key) === true && map.size === 0) this.clear();
  }

  /** As of now: changes made while going through them do not show. */
  entries(): readonly (readonly [unknown, unknown])[] {
    const map = this.#read();
    return map === undefined ? [] : this.#scope.handOut([...map]);
  }

  keys(): readonly unknown[] {
    const map = this.#read();
    return map === undefined ? [] : [...map.keys()];
  }

  values(): readonly unknown[] {
    const map = this.#read();
    return map === undefined ? [] : this.#scope.handOut([...map.values()]);
  }

  isEmpty(): boolean {
    return this.#read() === undefined;
  }

  clear(): void {
    this.#scope.clear(this.#slot);
  }

  #read(): Map<unknown, unknown> | undefined {
    return this.#scope.read(this.#slot) as Map<unknown, unknown> | undefined;
  }
}

/** What a slot's Map holds where keys are objects or values expire. */
export interface MapEntry {
  readonly key: unknown;
  value: unknown;
  lastAccess: number;
}

export class EntryMapHandle implements MapState<unknown, unknown> {
  readonly #scope: StateScope;
  readonly #slot: number;
  readonly #checks: EntryChecks;
  readonly #identity: Identity | null;
  readonly #ttl: Ttl | null;

  constructor(scope: StateScope, slot: number, checks: EntryChecks, identity: Identity | null, ttl: Ttl | null) {
    this.#scope = scope;
    this.#slot = slot;
    this.#checks = checks;
    this.#identity = identity;
    this.#ttl = ttl;
  }

  get(key: unknown): unknown {
    const entry = this.#find(key);
    return entry === undefined ? null : this.#scope.handOut(this.#access(entry).value);
  }

  /** As in Flink, it reads the entry, so it renews one that is renewed by reading. */
  contains(key: unknown): boolean {
    const entry = this.#find(key);
    if (entry !== undefined) this.#access(entry);
    return entry !== undefined;
  }

  put(key: unknown, value: unknown): void {
    const map = this.#read();
    this.#checks.checkKey(key);
    const id = this.#identify(key);
    this.#checks.checkValue(value, this.#checks.needsKept ? map?.get(id)?.value : undefined);
    if (this.#ttl !== null) this.#scope.noteTimedAccess();
    const entry: MapEntry = { key, value: value ?? null, lastAccess: this.#ttl === null ? 0 : this.#scope.now() };
    if (map === undefined) this.#scope.write(this.#slot, new Map([[id, entry]]));
    else map.set(id, entry);
  }

  remove(key: unknown): void {
    const map = this.#read();
    if (map?.delete(this.#identify(key)) === true && map.size === 0) this.clear();
  }

  entries(): readonly (readonly [unknown, unknown])[] {
    return this.#scope.handOut(this.#alive().map((entry) => [entry.key, this.#access(entry).value] as const));
  }

  keys(): readonly unknown[] {
    return this.#scope.handOut(this.#alive().map((entry) => this.#access(entry).key));
  }

  values(): readonly unknown[] {
    return this.#scope.handOut(this.#alive().map((entry) => this.#access(entry).value));
  }

  isEmpty(): boolean {
    return this.#alive().length === 0;
  }

  clear(): void {
    this.#scope.clear(this.#slot);
  }

  #read(): Map<unknown, MapEntry> | undefined {
    return this.#scope.read(this.#slot) as Map<unknown, MapEntry> | undefined;
  }

  #identify(key: unknown): unknown {
    return this.#identity === null ? key : this.#identity(key);
  }

  #access(entry: MapEntry): MapEntry {
    if (this.#ttl?.update === 'onReadAndWrite') entry.lastAccess = this.#scope.now();
    return entry;
  }

  #find(key: unknown): MapEntry | undefined {
    const entry = this.#read()?.get(this.#identify(key));
    if (this.#ttl === null) return entry;
    this.#scope.noteTimedAccess();
    if (entry === undefined) return entry;
    if (!isExpired(entry, this.#ttl, this.#scope.now())) return entry;
    this.remove(key);
    return undefined;
  }

  #alive(): MapEntry[] {
    const map = this.#read();
    if (map === undefined) return [];
    if (this.#ttl === null) return [...map.values()];
    this.#scope.noteTimedAccess();
    const now = this.#scope.now();
    for (const [id, entry] of map) if (isExpired(entry, this.#ttl, now)) map.delete(id);
    if (map.size === 0) this.clear();
    return [...map.values()];
  }
}
