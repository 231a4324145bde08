import type { ListState } from '../types/stateHandle.ts';
import { isExpired, Timed } from './cell.ts';
import type { Ttl } from './cell.ts';
import type { StateScope } from './stateScope.ts';
import type { ValueCheck } from './valueCheck.ts';

export class ListHandle implements ListState<unknown> {
  readonly #scope: StateScope;
  readonly #slot: number;
  readonly #check: ValueCheck;

  constructor(scope: StateScope, slot: number, check: ValueCheck) {
    this.#scope = scope;
    this.#slot = slot;
    this.#check = check;
  }

  /** The list itself where values are not frozen: it shows what is added later in the same call. */
  get(): readonly unknown[] {
    const list = this.#scope.read(this.#slot) as unknown[] | undefined;
    if (list === undefined) return [];
    return this.#scope.freezeValues ? this.#scope.handOut([...list]) : list;
  }

  add(value: unknown): void {
    this.#check.check(value);
    this.#append(value);
  }

  #append(value: unknown): void {
    const list = this.#scope.read(this.#slot) as unknown[] | undefined;
    if (list === undefined) this.#scope.write(this.#slot, [value]);
    else list.push(value);
  }

  addAll(values: Iterable<unknown>): void {
    for (const value of checked(values, this.#check)) this.#append(value);
  }

  update(values: Iterable<unknown>): void {
    const list = checked(values, this.#check);
    if (list.length === 0) this.clear();
    else this.#scope.write(this.#slot, list);
  }

  clear(): void {
    this.#scope.clear(this.#slot);
  }
}

/** Every element has a time to live of its own. */
export class TtlListHandle implements ListState<unknown> {
  readonly #scope: StateScope;
  readonly #slot: number;
  readonly #check: ValueCheck;
  readonly #ttl: Ttl;

  constructor(scope: StateScope, slot: number, check: ValueCheck, ttl: Ttl) {
    this.#scope = scope;
    this.#slot = slot;
    this.#check = check;
    this.#ttl = ttl;
  }

  get(): readonly unknown[] {
    const list = this.#read();
    const now = this.#scope.now();
    const values: unknown[] = [];
    for (const timed of list) {
      if (this.#ttl.update === 'onReadAndWrite') timed.lastAccess = now;
      values.push(timed.value);
    }
    return this.#scope.handOut(values);
  }

  add(value: unknown): void {
    this.#check.check(value);
    this.#append(value);
  }

  #append(value: unknown): void {
    const timed = new Timed(value, this.#scope.now());
    const list = this.#read();
    if (list.length === 0) this.#scope.write(this.#slot, [timed]);
    else list.push(timed);
  }

  addAll(values: Iterable<unknown>): void {
    for (const value of checked(values, this.#check)) this.#append(value);
  }

  update(values: Iterable<unknown>): void {
    const elements = checked(values, this.#check);
    this.#scope.noteTimedAccess();
    const now = this.#scope.now();
    const list = elements.map((value) => new Timed(value, now));
    if (list.length === 0) this.clear();
    else this.#scope.write(this.#slot, list);
  }

  clear(): void {
    this.#scope.clear(this.#slot);
  }

  /** What has not expired; the rest is removed. */
  #read(): Timed[] {
    this.#scope.noteTimedAccess();
    const list = this.#scope.read(this.#slot) as Timed[] | undefined;
    if (list === undefined) return [];
    const now = this.#scope.now();
    if (!list.some((timed) => isExpired(timed, this.#ttl, now))) return list;
    const alive = list.filter((timed) => !isExpired(timed, this.#ttl, now));
    if (alive.length === 0) this.clear();
    else this.#scope.write(this.#slot, alive);
    return alive;
  }
}

/** A copy, of which all elements fit: nothing is stored where one does not. */
function checked(values: Iterable<unknown>, check: ValueCheck): unknown[] {
  const list = [...values];
  for (const value of list) check.check(value);
  return list;
}
