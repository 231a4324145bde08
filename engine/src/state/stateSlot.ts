import type { Type } from '../types/type.ts';
import { isExpired, PlainCell, Timed, TtlCell } from './cell.ts';
import type { Cell, Ttl } from './cell.ts';
import type { EntryAddress, EntrySink } from './entrySink.ts';
import { ListHandle, TtlListHandle } from './listHandles.ts';
import { EntryChecks, EntryMapHandle, MapHandle } from './mapHandles.ts';
import type { MapEntry } from './mapHandles.ts';
import type { SlotPlace } from './expirySweep.ts';
import type { StateValueType } from './operatorSnapshot.ts';
import type { StateScope } from './stateScope.ts';
import { identityOf } from './userKey.ts';
import type { Identity } from './userKey.ts';
import { AggregatingHandle, ReducingHandle, ValueHandle } from './valueHandles.ts';
import type { AggregateFunctions } from './valueHandles.ts';

/** Between the elements of a list in canonical entries. */
const LIST_SEPARATOR = 0x2c;

/** One declared state: what is in its slot, what the user gets to it, and how it is written and read back. */
export interface StateSlot {
  readonly name: string;
  readonly kind: 'VALUE' | 'LIST' | 'MAP' | 'REDUCING' | 'AGGREGATING';
  readonly valueType: StateValueType;
  createHandle(scope: StateScope, slot: number): unknown;
  /** Canonical entries of what is in a slot. Leaves out what had expired at `frozenAt`. */
  write(entries: EntrySink, state: number, address: EntryAddress, stored: unknown, frozenAt: number): void;
  /** What to put into the slot for a restored value; `stored` is what is there already (maps come entry by entry). */
  importSingle(value: unknown, lastAccess: number): unknown;
  importList(elements: unknown[], lastAccess: number[]): unknown;
  importMapEntry(stored: unknown, userKey: unknown, value: unknown, lastAccess: number): unknown;
  /** For people. */
  inspect(stored: unknown, now: number): unknown;
  /** Null where nothing expires. */
  readonly ttl: Ttl | null;
  /** Removes what has expired; where there is more than one entry to look at, one a step of what it returns. */
  removeExpired(place: SlotPlace): Iterator<void> | null;
}

export function valueSlot(name: string, type: Type<unknown>, ttl: Ttl | null): StateSlot {
  return new SingleSlot(name, 'VALUE', type, ttl, (cell, scope) => new ValueHandle(cell, scope));
}

export function reducingSlot(name: string, type: Type<unknown>, reduce: (a: unknown, b: unknown) => unknown, ttl: Ttl | null): StateSlot {
  return new SingleSlot(name, 'REDUCING', type, ttl, (cell, scope) => new ReducingHandle(cell, scope, reduce));
}

export function aggregatingSlot(name: string, accumulator: Type<unknown>, functions: AggregateFunctions, ttl: Ttl | null): StateSlot {
  return new SingleSlot(name, 'AGGREGATING', accumulator, ttl, (cell, scope) => new AggregatingHandle(cell, scope, functions));
}

class SingleSlot implements StateSlot {
  readonly name: string;
  readonly kind: 'VALUE' | 'REDUCING' | 'AGGREGATING';
  readonly valueType: StateValueType;
  readonly #type: Type<unknown>;
  readonly ttl: Ttl | null;
  readonly #handle: (cell: Cell, scope: StateScope) => unknown;

  constructor(
    name: string,
    kind: 'VALUE' | 'REDUCING' | 'AGGREGATING',
    type: Type<unknown>,
    ttl: Ttl | null,
    handle: (cell: Cell, scope: StateScope) => unknown,
  ) {
    this.name = name;
    this.kind = kind;
    this.valueType = { shape: 'single', type, ttl: ttl !== null };
    this.#type = type;
    this.ttl = ttl;
    this.#handle = handle;
  }

  createHandle(scope: StateScope, slot: number): unknown {
    const check = scope.checkOf(this.name, 'value', this.#type);
    return this.#handle(this.ttl === null ? new PlainCell(scope, slot, check) : new TtlCell(scope, slot, check, this.ttl), scope);
  }

  write(entries: EntrySink, state: number, address: EntryAddress, stored: unknown, frozenAt: number): void {
    let value = stored;
    let lastAccess = 0;
    if (this.ttl !== null) {
      const timed = stored as Timed;
      if (isExpired(timed, this.ttl, frozenAt)) return;
      value = timed.value;
      lastAccess = timed.lastAccess;
    }
    address.write(entries.beginEntry(state));
    const writer = entries.beginValue();
    if (this.ttl !== null) writer.i64FromNumber(lastAccess);
    this.#type.write(writer, value);
    entries.endEntry();
  }

  removeExpired(place: SlotPlace): null {
    const timed = place.read() as Timed | undefined;
    if (this.ttl !== null && timed !== undefined && isExpired(timed, this.ttl, place.now())) place.clear();
    return null;
  }

  importSingle(value: unknown, lastAccess: number): unknown {
    return this.ttl === null ? value : new Timed(value, lastAccess);
  }

  importList(): never {
    throw mismatch(this);
  }

  importMapEntry(): never {
    throw mismatch(this);
  }

  inspect(stored: unknown, now: number): unknown {
    if (this.ttl === null) return stored;
    const timed = stored as Timed;
    return isExpired(timed, this.ttl, now) ? null : timed.value;
  }
}

export class ListSlot implements StateSlot {
  readonly name: string;
  readonly kind = 'LIST';
  readonly valueType: StateValueType;
  readonly #element: Type<unknown>;
  readonly ttl: Ttl | null;

  constructor(name: string, element: Type<unknown>, ttl: Ttl | null) {
    this.name = name;
    this.valueType = { shape: 'list', element, ttl: ttl !== null };
    this.#element = element;
    this.ttl = ttl;
  }

  createHandle(scope: StateScope, slot: number): unknown {
    const check = scope.checkOf(this.name, 'element', this.#element);
    return this.ttl === null ? new ListHandle(scope, slot, check) : new TtlListHandle(scope, slot, check, this.ttl);
  }

  write(entries: EntrySink, state: number, address: EntryAddress, stored: unknown, frozenAt: number): void {
    const ttl = this.ttl;
    if (ttl === null) {
      writeList(entries, state, address, this.#element, stored as unknown[]);
      return;
    }
    const alive = (stored as Timed[]).filter((timed) => !isExpired(timed, ttl, frozenAt));
    if (alive.length === 0) return;
    address.write(entries.beginEntry(state));
    const writer = entries.beginValue();
    alive.forEach((timed, i) => {
      if (i > 0) writer.u8(LIST_SEPARATOR);
      writer.i64FromNumber(timed.lastAccess);
      this.#element.write(writer, timed.value);
    });
    entries.endEntry();
  }

  importSingle(): never {
    throw mismatch(this);
  }

  /** The oldest elements come first: those that have expired are cut off. One behind them goes when they do. */
  *removeExpired(place: SlotPlace): Generator<void, void> {
    const list = place.read() as Timed[] | undefined;
    const { ttl } = this;
    if (ttl === null || list === undefined) return;
    const isExpiredAt = (at: number): boolean => {
      const timed = list[at];
      return timed !== undefined && isExpired(timed, ttl, place.now());
    };
    let expired = 0;
    while (isExpiredAt(expired)) {
      expired++;
      yield;
      if (place.read() !== list) return;
    }
    // Reading renews elements.
    while (expired > 0 && !isExpiredAt(expired - 1)) expired--;
    if (expired === list.length) place.clear();
    else if (expired > 0) place.replace(list.slice(expired));
  }

  importList(elements: unknown[], lastAccess: number[]): unknown {
    return this.ttl === null ? elements : elements.map((element, i) => new Timed(element, lastAccess[i] ?? 0));
  }

  importMapEntry(): never {
    throw mismatch(this);
  }

  inspect(stored: unknown, now: number): unknown {
    const ttl = this.ttl;
    if (ttl === null) return [...(stored as unknown[])];
    return (stored as Timed[]).filter((timed) => !isExpired(timed, ttl, now)).map((timed) => timed.value);
  }
}

/** One LIST entry; `elements` is not empty. */
export function writeList(
  entries: EntrySink,
  state: number,
  address: EntryAddress,
  type: Type<unknown>,
  elements: readonly unknown[],
): void {
  address.write(entries.beginEntry(state));
  const writer = entries.beginValue();
  for (let i = 0; i < elements.length; i++) {
    if (i > 0) writer.u8(LIST_SEPARATOR);
    type.write(writer, elements[i]);
  }
  entries.endEntry();
}

export class MapSlot implements StateSlot {
  readonly name: string;
  readonly kind = 'MAP';
  readonly valueType: StateValueType;
  readonly #key: Type<unknown>;
  readonly #value: Type<unknown>;
  readonly ttl: Ttl | null;
  readonly #identity: Identity | null;
  /** The slot's Map holds values, not MapEntry. */
  readonly #isPlain: boolean;

  constructor(name: string, key: Type<unknown>, value: Type<unknown>, ttl: Ttl | null) {
    this.name = name;
    this.valueType = { shape: 'map', key, value, ttl: ttl !== null };
    this.#key = key;
    this.#value = value;
    this.ttl = ttl;
    this.#identity = identityOf(key);
    this.#isPlain = ttl === null && this.#identity === null;
  }

  createHandle(scope: StateScope, slot: number): unknown {
    const checks = new EntryChecks(scope.checkOf(this.name, 'key', this.#key), scope.checkOf(this.name, 'value', this.#value));
    if (this.#isPlain) return new MapHandle(scope, slot, checks);
    return new EntryMapHandle(scope, slot, checks, this.#identity, this.ttl);
  }

  write(entries: EntrySink, state: number, address: EntryAddress, stored: unknown, frozenAt: number): void {
    if (this.#isPlain) {
      for (const [key, value] of stored as Map<unknown, unknown>) this.#writeEntry(entries, state, address, key, value, 0);
      return;
    }
    for (const { key, value, lastAccess } of (stored as Map<unknown, MapEntry>).values()) {
      if (this.ttl !== null && lastAccess + this.ttl.time <= frozenAt) continue;
      this.#writeEntry(entries, state, address, key, value, lastAccess);
    }
  }

  #writeEntry(entries: EntrySink, state: number, address: EntryAddress, key: unknown, value: unknown, lastAccess: number): void {
    const keyWriter = entries.beginEntry(state);
    address.write(keyWriter);
    this.#key.write(keyWriter, key);
    const writer = entries.beginValue();
    // As in Flink, the entry's own flag says null also where the value's type could.
    const isNull = value === null;
    writer.bool(isNull);
    if (!isNull) {
      if (this.ttl !== null) writer.i64FromNumber(lastAccess);
      this.#value.write(writer, value);
    }
    entries.endEntry();
  }

  importSingle(): never {
    throw mismatch(this);
  }

  importList(): never {
    throw mismatch(this);
  }

  *removeExpired(place: SlotPlace): Generator<void, void> {
    const map = place.read() as Map<unknown, MapEntry> | undefined;
    if (this.ttl === null || map === undefined) return;
    for (const [id, entry] of map) {
      if (isExpired(entry, this.ttl, place.now())) {
        place.touch();
        map.delete(id);
      }
      if (map.size === 0) {
        place.clear();
        return;
      }
      yield;
      if (place.read() !== map) return;
    }
  }

  importMapEntry(stored: unknown, userKey: unknown, value: unknown, lastAccess: number): unknown {
    if (this.#isPlain) return ((stored as Map<unknown, unknown> | undefined) ?? new Map()).set(userKey, value);
    const map = (stored as Map<unknown, MapEntry> | undefined) ?? new Map<unknown, MapEntry>();
    return map.set(this.#identity === null ? userKey : this.#identity(userKey), { key: userKey, value, lastAccess });
  }

  inspect(stored: unknown, now: number): unknown {
    if (this.#isPlain) return new Map(stored as Map<unknown, unknown>);
    const ttl = this.ttl;
    const entries = [...(stored as Map<unknown, MapEntry>).values()].filter((entry) => ttl === null || !isExpired(entry, ttl, now));
    return new Map(entries.map((entry) => [entry.key, entry.value]));
  }
}

function mismatch(slot: StateSlot): Error {
  return new Error(`state "${slot.name}" is ${slot.kind}; the snapshot hands it something of another kind`);
}
