import type { StateScope } from './stateScope.ts';
import type { ValueCheck } from './valueCheck.ts';

/** When state of one kind expires: processing time, milliseconds. */
export interface Ttl {
  readonly time: number;
  readonly update: 'onWrite' | 'onReadAndWrite';
  readonly cleanupSize?: number;
}

/** A value that expires. */
export class Timed {
  value: unknown;
  lastAccess: number;

  constructor(value: unknown, lastAccess: number) {
    this.value = value;
    this.lastAccess = lastAccess;
  }
}

/** As Flink: expired from the millisecond at which the time is over. */
export function isExpired(timed: { readonly lastAccess: number }, ttl: Ttl, now: number): boolean {
  return timed.lastAccess + ttl.time <= now;
}

/** One value in a slot, with or without a time to live. Undefined is absence. */
export interface Cell {
  read(): unknown;
  /** @throws TypeError for a value that is not of the state's type. */
  write(value: unknown): void;
  clear(): void;
}

export class PlainCell implements Cell {
  readonly #scope: StateScope;
  readonly #slot: number;
  readonly #check: ValueCheck;

  constructor(scope: StateScope, slot: number, check: ValueCheck) {
    this.#scope = scope;
    this.#slot = slot;
    this.#check = check;
  }

  read(): unknown {
    return this.#scope.read(this.#slot);
  }

  write(value: unknown): void {
    this.#check.checkNext(value, this.#scope.read(this.#slot));
    this.#scope.write(this.#slot, value);
  }

  clear(): void {
    this.#scope.clear(this.#slot);
  }
}

/** Expired values are never seen. */
export class TtlCell implements Cell {
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

  read(): unknown {
    this.#scope.noteTimedAccess();
    const timed = this.#scope.read(this.#slot) as Timed | undefined;
    if (timed === undefined) return undefined;
    const now = this.#scope.now();
    if (isExpired(timed, this.#ttl, now)) {
      this.#scope.clear(this.#slot);
      return undefined;
    }
    if (this.#ttl.update === 'onReadAndWrite') timed.lastAccess = now;
    return timed.value;
  }

  write(value: unknown): void {
    this.#check.checkNext(value, (this.#scope.read(this.#slot) as Timed | undefined)?.value);
    this.#scope.noteTimedAccess();
    this.#scope.write(this.#slot, new Timed(value, this.#scope.now()));
  }

  clear(): void {
    this.#scope.clear(this.#slot);
  }
}
