import type { UserFunction, WindowFunction } from '../plan/operatorSpec.ts';
import { globalWindowNamespace } from '../state/namespaces.ts';
import type { EntryAddress, EntrySink } from '../state/entrySink.ts';
import type { KeyedStateDescriptor } from '../state/operatorSnapshot.ts';
import { writeList } from '../state/stateSlot.ts';
import { ValueCheck } from '../state/valueCheck.ts';
import type { Type } from '../types/type.ts';

/** Flink's name of what a window holds. */
const CONTENTS = 'window-contents';

/**
 * What a window keeps of its elements. Contents are opaque to the window operators; undefined is nothing.
 * States are numbered from 0 in the operator's schema.
 */
export interface WindowContents {
  readonly stateCount: number;
  /** Comes before `add` and `merge`, which throw TypeErrors for what is not of the state's type. `uid` names the operator in them. */
  open(uid: string): void;
  descriptors(namespace: Type<unknown>): readonly KeyedStateDescriptor[];
  add(contents: unknown, value: unknown, input: 0 | 1): unknown;
  /** Of two windows that become one; neither is undefined. */
  merge(a: unknown, b: unknown): unknown;
  /** Calls `emit` with each result. */
  results(contents: unknown, emit: (result: unknown) => void): void;
  write(entries: EntrySink, address: EntryAddress, contents: unknown): void;
  /** New contents, where `contents` is what other states have given already. */
  importSingle(value: unknown): unknown;
  importList(contents: unknown, state: number, elements: unknown[]): unknown;
  inspect(contents: unknown): readonly { readonly name: string; readonly kind: string; readonly value: unknown }[];
}

export function windowContentsOf(fn: WindowFunction, elementType: Type<unknown>): WindowContents {
  switch (fn.kind) {
    case 'reduce':
      return new ReducedContents(fn.reduce, elementType);
    case 'aggregate':
      return new AggregatedContents(fn);
    case 'process':
      return new ListedContents(elementType);
  }
}

class ReducedContents implements WindowContents {
  readonly stateCount = 1;
  readonly #reduce: UserFunction;
  readonly #type: Type<unknown>;
  #check!: ValueCheck;

  constructor(reduce: UserFunction, type: Type<unknown>) {
    this.#reduce = reduce;
    this.#type = type;
  }

  open(uid: string): void {
    this.#check = checkOf(uid, CONTENTS, 'reduced value', this.#type);
  }

  descriptors(namespace: Type<unknown>): readonly KeyedStateDescriptor[] {
    return [{ kind: 'REDUCING', name: CONTENTS, namespace, value: { shape: 'single', type: this.#type, ttl: false } }];
  }

  add(contents: unknown, value: unknown): unknown {
    const reduce = this.#reduce;
    const reduced = contents === undefined ? value : (reduce(contents, value) as unknown);
    if (reduced !== contents) this.#check.check(reduced);
    return reduced;
  }

  merge(a: unknown, b: unknown): unknown {
    return this.add(a, b);
  }

  results(contents: unknown, emit: (result: unknown) => void): void {
    emit(contents);
  }

  write(entries: EntrySink, address: EntryAddress, contents: unknown): void {
    address.write(entries.beginEntry(0));
    this.#type.write(entries.beginValue(), contents);
    entries.endEntry();
  }

  importSingle(value: unknown): unknown {
    return value;
  }

  importList(): never {
    return refuse();
  }

  inspect(contents: unknown): ReturnType<WindowContents['inspect']> {
    return [{ name: CONTENTS, kind: 'REDUCING', value: contents }];
  }
}

class AggregatedContents implements WindowContents {
  readonly stateCount = 1;
  readonly #accumulator: Type<unknown>;
  readonly #create: UserFunction;
  readonly #add: UserFunction;
  readonly #result: UserFunction;
  readonly #merge: UserFunction | null;
  #check!: ValueCheck;

  constructor(fn: Extract<WindowFunction, { kind: 'aggregate' }>) {
    this.#accumulator = fn.accumulator;
    this.#create = fn.create;
    this.#add = fn.add;
    this.#result = fn.result;
    this.#merge = fn.merge;
  }

  open(uid: string): void {
    this.#check = checkOf(uid, CONTENTS, 'accumulator', this.#accumulator);
  }

  descriptors(namespace: Type<unknown>): readonly KeyedStateDescriptor[] {
    return [{ kind: 'AGGREGATING', name: CONTENTS, namespace, value: { shape: 'single', type: this.#accumulator, ttl: false } }];
  }

  add(contents: unknown, value: unknown): unknown {
    const create = this.#create;
    const add = this.#add;
    const sum = add(contents === undefined ? create() : contents, value) as unknown;
    if (sum === undefined) throw new TypeError('the aggregate\'s "add" returned nothing; it must return the new accumulator');
    this.#check.checkNext(sum, contents);
    return sum;
  }

  merge(a: unknown, b: unknown): unknown {
    const merge = this.#merge;
    if (merge === null) throw new TypeError('session windows merge: the aggregate needs "merge"');
    const merged = merge(a, b) as unknown;
    this.#check.checkNext(merged, a);
    return merged;
  }

  results(contents: unknown, emit: (result: unknown) => void): void {
    const result = this.#result;
    emit(result(contents));
  }

  write(entries: EntrySink, address: EntryAddress, contents: unknown): void {
    address.write(entries.beginEntry(0));
    this.#accumulator.write(entries.beginValue(), contents);
    entries.endEntry();
  }

  importSingle(value: unknown): unknown {
    return value;
  }

  importList(): never {
    return refuse();
  }

  inspect(contents: unknown): ReturnType<WindowContents['inspect']> {
    return [{ name: CONTENTS, kind: 'AGGREGATING', value: contents }];
  }
}

class ListedContents implements WindowContents {
  readonly stateCount = 1;
  readonly #type: Type<unknown>;
  #check!: ValueCheck;

  constructor(type: Type<unknown>) {
    this.#type = type;
  }

  open(uid: string): void {
    this.#check = checkOf(uid, CONTENTS, 'record', this.#type);
  }

  descriptors(namespace: Type<unknown>): readonly KeyedStateDescriptor[] {
    return [{ kind: 'LIST', name: CONTENTS, namespace, value: { shape: 'list', element: this.#type, ttl: false } }];
  }

  add(contents: unknown, value: unknown): unknown {
    this.#check.check(value);
    if (contents === undefined) return [value];
    (contents as unknown[]).push(value);
    return contents;
  }

  merge(a: unknown, b: unknown): unknown {
    return [...(a as unknown[]), ...(b as unknown[])];
  }

  /** A copy, because the list goes on growing where the window fires more than once. */
  results(contents: unknown, emit: (result: unknown) => void): void {
    emit([...(contents as unknown[])]);
  }

  write(entries: EntrySink, address: EntryAddress, contents: unknown): void {
    writeList(entries, 0, address, this.#type, contents as unknown[]);
  }

  importSingle(): never {
    return refuse();
  }

  importList(_contents: unknown, _state: number, elements: unknown[]): unknown {
    return elements;
  }

  inspect(contents: unknown): ReturnType<WindowContents['inspect']> {
    return [{ name: CONTENTS, kind: 'LIST', value: [...(contents as unknown[])] }];
  }
}

function checkOf(uid: string, state: string, what: string, type: Type<unknown>): ValueCheck {
  return new ValueCheck(`operator "${uid}", state "${state}": the ${what}`, type);
}

interface Sides {
  left: unknown[] | null;
  right: unknown[] | null;
}

/**
 * The elements of both sides of a window join: one list state a side, `window-contents-left` and `window-contents-right`. Flink's own
 * coGroup keeps one list of tagged unions; two lists of the user's types can be read by anything that reads list state.
 */
export class JoinedContents implements WindowContents {
  readonly stateCount = 2;
  readonly #left: Type<unknown>;
  readonly #right: Type<unknown>;
  readonly #join: UserFunction;
  #checks!: readonly [ValueCheck, ValueCheck];

  constructor(left: Type<unknown>, right: Type<unknown>, join: UserFunction) {
    this.#left = left;
    this.#right = right;
    this.#join = join;
  }

  open(uid: string): void {
    this.#checks = [checkOf(uid, `${CONTENTS}-left`, 'record', this.#left), checkOf(uid, `${CONTENTS}-right`, 'record', this.#right)];
  }

  descriptors(namespace: Type<unknown>): readonly KeyedStateDescriptor[] {
    return [
      { kind: 'LIST', name: `${CONTENTS}-left`, namespace, value: { shape: 'list', element: this.#left, ttl: false } },
      { kind: 'LIST', name: `${CONTENTS}-right`, namespace, value: { shape: 'list', element: this.#right, ttl: false } },
    ];
  }

  add(contents: unknown, value: unknown, input: 0 | 1): unknown {
    this.#checks[input].check(value);
    if (contents === undefined) return input === 0 ? { left: [value], right: null } : { left: null, right: [value] };
    const sides = contents as Sides;
    if (input === 0) {
      if (sides.left === null) sides.left = [value];
      else sides.left.push(value);
    } else if (sides.right === null) {
      sides.right = [value];
    } else {
      sides.right.push(value);
    }
    return sides;
  }

  merge(a: unknown, b: unknown): unknown {
    const x = a as Sides;
    const y = b as Sides;
    return { left: joined(x.left, y.left), right: joined(x.right, y.right) };
  }

  results(contents: unknown, emit: (result: unknown) => void): void {
    const { left, right } = contents as Sides;
    if (left === null || right === null) return;
    const join = this.#join;
    for (const l of left) for (const r of right) emit(join(l, r));
  }

  write(entries: EntrySink, address: EntryAddress, contents: unknown): void {
    const { left, right } = contents as Sides;
    if (left !== null) writeList(entries, 0, address, this.#left, left);
    if (right !== null) writeList(entries, 1, address, this.#right, right);
  }

  importSingle(): never {
    return refuse();
  }

  importList(contents: unknown, state: number, elements: unknown[]): unknown {
    const sides = (contents as Sides | undefined) ?? { left: null, right: null };
    return state === 0 ? { left: elements, right: sides.right } : { left: sides.left, right: elements };
  }

  inspect(contents: unknown): ReturnType<WindowContents['inspect']> {
    const { left, right } = contents as Sides;
    return [
      { name: `${CONTENTS}-left`, kind: 'LIST', value: left ?? [] },
      { name: `${CONTENTS}-right`, kind: 'LIST', value: right ?? [] },
    ];
  }
}

function joined(a: unknown[] | null, b: unknown[] | null): unknown[] | null {
  if (a === null) return b;
  return b === null ? a : [...a, ...b];
}

function refuse(): never {
  throw new Error(`${CONTENTS} in the snapshot is of another kind than the window function keeps`);
}

/** True where the namespace of window state is the one global window. */
export function isGlobal(namespace: Type<unknown>): boolean {
  return namespace === globalWindowNamespace;
}
