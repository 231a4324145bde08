import { textOfKey } from '../analysis/keyLookup.ts';
import { scalarOf } from '../analysis/scalar.ts';
import { dumpText, Floating, isList, type DumpValue } from '../values/dumpValue.ts';
import { branchOf, withoutBranch } from '../values/avroType.ts';
import { isSetClass } from '../values/kryoClasses.ts';
import type { UnorderedParts } from './unorderedParts.ts';
import { contentOf, identityText, LAST_ACCESS } from './valueContent.ts';

/** A part of a value that is not what it was. What is not there is undefined; null is a value. */
export interface ValueChange {
  /** From `value` on: `value.items[2].price`. */
  readonly path: string;
  readonly before: DumpValue | undefined;
  readonly after: DumpValue | undefined;
}

export interface ValueRules {
  /** Numbers that are no further apart than this are the same. */
  readonly tolerance: number;
  /** Whether what is at these steps does not count. */
  readonly ignores: ((steps: readonly string[]) => boolean) | null;
  readonly ignoresLastAccess: boolean;
  /** Both sides have serializers of their own: a long 5 is an int 5, and class names are the schema's business. */
  readonly loose: boolean;
  readonly unordered: UnorderedParts | null;
}

/** What has changed between two values, part by part; nothing where they mean the same. */
export function valueChanges(before: DumpValue, after: DumpValue, rules: ValueRules): ValueChange[] {
  const changes: ValueChange[] = [];
  const walk = new ValueWalk(rules, (steps, a, b) => {
    changes.push({ path: pathText(steps), before: a, after: b });
    return false;
  });
  walk.compare(before, after, rules.unordered);
  return changes;
}

export function sameValue(before: DumpValue, after: DumpValue, rules: ValueRules): boolean {
  return new ValueWalk(rules, () => true).compare(before, after, rules.unordered);
}

/** Is told of a change; true ends the walk. */
type ChangeSink = (steps: readonly string[], before: DumpValue | undefined, after: DumpValue | undefined) => boolean;

/** Steps into records are names, into lists `[2]`, into maps `["key"]`. */
class ValueWalk {
  readonly #rules: ValueRules;
  readonly #changed: ChangeSink;
  readonly #steps: string[] = [];
  #hasEnded = false;

  constructor(rules: ValueRules, changed: ChangeSink) {
    this.#rules = rules;
    this.#changed = changed;
  }

  /** False where something has changed. */
  compare(before: DumpValue, after: DumpValue, unordered: UnorderedParts | null): boolean {
    if (this.#rules.ignores?.(this.#steps) === true) return true;
    const accessed = [lastAccess(before), lastAccess(after)] as const;
    if (accessed[0] === null && accessed[1] === null) return this.#compareContent(before, after, unordered);
    const sameAccess = this.#rules.ignoresLastAccess || this.#lastAccess(...accessed);
    if (this.#hasEnded) return false;
    return this.#compareContent(underTtl(before), underTtl(after), unordered) && sameAccess;
  }

  /** A state may have got or lost its TTL. */
  #lastAccess(before: DumpValue, after: DumpValue): boolean {
    if (before === null || after === null) return this.#oneSided(LAST_ACCESS, before ?? undefined, after ?? undefined);
    return this.#at(LAST_ACCESS, () => this.compare(before, after, null));
  }

  #compareContent(before: DumpValue, after: DumpValue, unordered: UnorderedParts | null): boolean {
    if (branchOf(before) !== null || branchOf(after) !== null) {
      // Of other schemas, a branch may be called otherwise.
      if (!this.#rules.loose && branchOf(before) !== branchOf(after)) return this.#differ(before, after);
      return this.#compareContent(withoutBranch(before), withoutBranch(after), unordered);
    }
    const a = contentOf(before);
    const b = contentOf(after);
    const isOfOtherClass = !this.#rules.loose && a.is !== 'scalar' && b.is !== 'scalar' && a.className !== b.className;
    if (isOfOtherClass) return this.#differ(before, after);
    if (a.is === 'list' && b.is === 'list') {
      const areSets = unordered?.isSet === true || (isSetClass(a.className ?? undefined) && isSetClass(b.className ?? undefined));
      return areSets ? this.#set(a.items, b.items, unordered) : this.#list(a.items, b.items, unordered);
    }
    if (a.is === 'map' && b.is === 'map') return this.#map(a.pairs, b.pairs, unordered);
    // A map of Avro is an object in a dump, where that keeps the order of its keys.
    if (a.is === 'map' && b.is === 'record' && b.className === null) return this.#map(a.pairs, [...b.fields], unordered);
    if (a.is === 'record' && b.is === 'map' && a.className === null) return this.#map([...a.fields], b.pairs, unordered);
    if (a.is === 'record' && b.is === 'record') {
      return this.#record(a.fields, b.fields, unordered);
    }
    return (a.is === b.is && this.#sameScalar(before, after)) || this.#differ(before, after);
  }

  #differ(before: DumpValue | undefined, after: DumpValue | undefined): false {
    this.#hasEnded = this.#changed(this.#steps, before, after);
    return false;
  }

  #at(step: string, compare: () => boolean): boolean {
    this.#steps.push(step);
    const same = compare();
    this.#steps.pop();
    return same;
  }

  /** A part that only one side has. */
  #oneSided(step: string, before: DumpValue | undefined, after: DumpValue | undefined): boolean {
    return this.#at(step, () => this.#rules.ignores?.(this.#steps) === true || this.#differ(before, after));
  }

  #record(a: ReadonlyMap<string, DumpValue>, b: ReadonlyMap<string, DumpValue>, unordered: UnorderedParts | null): boolean {
    let same = true;
    for (const name of new Set([...a.keys(), ...b.keys()])) {
      const part = unordered?.part(name.replace(/^f(?=\d+$)/, '')) ?? null;
      // A field that is not there is null, so that one that was added without a value is not a change of every entry.
      if (!this.#at(name, () => this.compare(a.get(name) ?? null, b.get(name) ?? null, part))) same = false;
      if (this.#hasEnded) return false;
    }
    return same;
  }

  /** What both have in common at the beginning and at the end is left out, so that one element more does not move all others. */
  #list(a: readonly DumpValue[], b: readonly DumpValue[], unordered: UnorderedParts | null): boolean {
    const part = unordered?.part('0') ?? null;
    const equal = (i: number, j: number): boolean => sameValue(a[i] ?? null, b[j] ?? null, this.#inner(part));
    const isPositional = this.#rules.ignores !== null;
    const shorter = Math.min(a.length, b.length);
    let start = 0;
    let end = 0;
    if (!isPositional) {
      while (start < shorter && equal(start, start)) start++;
      if (start === a.length && start === b.length) return true;
      while (end < shorter - start && equal(a.length - 1 - end, b.length - 1 - end)) end++;
    }
    let same = true;
    for (let i = start; i < Math.max(a.length, b.length) - end; i++) {
      const isIn = (list: readonly DumpValue[]): boolean => i < list.length - end;
      const step = `[${String(i)}]`;
      const equalHere =
        isIn(a) && isIn(b)
          ? this.#at(step, () => this.compare(a[i] ?? null, b[i] ?? null, part))
          : this.#oneSided(step, isIn(a) ? a[i] : undefined, isIn(b) ? b[i] : undefined);
      if (!equalHere) same = false;
      if (this.#hasEnded) return false;
    }
    return same;
  }

  #inner(unordered: UnorderedParts | null): ValueRules {
    return { ...this.#rules, unordered };
  }

  #set(a: readonly DumpValue[], b: readonly DumpValue[], unordered: UnorderedParts | null): boolean {
    const part = unordered?.part('0') ?? null;
    const textOf = (item: DumpValue): string => identityText(item, part, this.#rules.loose);
    const left = new Map<string, DumpValue[]>();
    for (const item of a) left.set(textOf(item), [...(left.get(textOf(item)) ?? []), item]);
    const added = b.filter((item) => left.get(textOf(item))?.pop() === undefined);
    let same = true;
    for (const item of [...left.values()].flat()) {
      if (!this.#oneSided(keyStep(item), item, undefined)) same = false;
      if (this.#hasEnded) return false;
    }
    for (const item of added) {
      if (!this.#oneSided(keyStep(item), undefined, item)) same = false;
      if (this.#hasEnded) return false;
    }
    return same;
  }

  #map(a: Pairs, b: Pairs, unordered: UnorderedParts | null): boolean {
    const part = unordered?.part('') ?? null;
    const textOf = (key: DumpValue): string => identityText(key, null, this.#rules.loose);
    const after = new Map(b.map((pair) => [textOf(pair[0]), pair]));
    let same = true;
    for (const [key, before] of a) {
      const found = after.get(textOf(key));
      after.delete(textOf(key));
      const equal =
        found === undefined
          ? this.#oneSided(keyStep(key), before, undefined)
          : this.#at(keyStep(key), () => this.compare(before, found[1], part));
      if (!equal) same = false;
      if (this.#hasEnded) return false;
    }
    for (const [key, value] of after.values()) {
      if (!this.#oneSided(keyStep(key), undefined, value)) same = false;
      if (this.#hasEnded) return false;
    }
    return same;
  }

  #sameScalar(a: DumpValue, b: DumpValue): boolean {
    if (dumpText(a) === dumpText(b)) return true;
    const { tolerance, loose } = this.#rules;
    if (tolerance === 0 && !loose) return false;
    const before = scalarOf(a);
    const after = scalarOf(b);
    if (isNumber(before) && isNumber(after)) {
      // The loose comparison of a number with a bigint is the exact one.
      return (loose && before == after) || (tolerance > 0 && Math.abs(Number(before) - Number(after)) <= tolerance);
    }
    return loose && before !== null && typeof before !== 'object' && before === after;
  }
}

type Pairs = readonly (readonly [DumpValue, DumpValue])[];

/** Null where the value has no TTL. */
function lastAccess(value: DumpValue): DumpValue {
  return hasTtl(value) ? (value['$ttl'] ?? null) : null;
}

function underTtl(value: DumpValue): DumpValue {
  return hasTtl(value) ? (value['value'] ?? null) : value;
}

function hasTtl(value: DumpValue): value is { readonly [key: string]: DumpValue } {
  return typeof value === 'object' && value !== null && !isList(value) && !(value instanceof Floating) && Object.hasOwn(value, '$ttl');
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

function keyStep(key: DumpValue): string {
  return `[${JSON.stringify(textOfKey(key))}]`;
}

const NAME = /^[\p{L}_$][\p{L}\p{N}_$]*$/u;

/** `value.items[2].price`. */
function pathText(steps: readonly string[]): string {
  return `value${steps.map((step) => (step.startsWith('[') ? step : NAME.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`)).join('')}`;
}
