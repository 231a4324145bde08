import type { Count } from '../rewrite/redacting.ts';
import { refuse } from '../rewrite/rewritePlan.ts';
import { dumpText, isList, ownField, setField, type DumpValue } from '../values/dumpValue.ts';
import { UnfitValue, unfit } from '../values/unfitValue.ts';
import { isDumpObject, pairsOf, taggedList, textOf } from '../values/valueParts.ts';
import { fieldPathText, matchesPath, type FieldPath } from '../forms/fieldPath.ts';
import {
  typeName,
  typeNames,
  type ChoiceForm,
  type Form,
  type ItemsForm,
  type LeafForm,
  type PairsForm,
  type RecordForm,
} from '../forms/form.ts';
import { constantOf, hashing, masking, type Convert, type SaltedHash } from './leafTreatments.ts';
import { avroMap, avroPairs, withBranch, withoutBranch } from '../values/avroType.ts';
import type { RedactionRule, RedactionRules, Treatment } from './redactionRules.ts';

/** What is done with one part of the values of a state, and with how many values. */
export interface FieldRedaction {
  readonly field: string;
  readonly type: string;
  readonly action: Treatment['action'];
  /** Null where it is what holds for all that no rule names. */
  readonly rule: number | null;
  readonly count: Count;
}

/** How the values of a form become others. */
export interface Change {
  /** Null stays null. Throws UnfitValue where a value is not of the form. */
  readonly convert: Convert;
  /** Some values become others. What does not need not be read. */
  readonly touches: boolean;
  /** There is nothing left: what it is a part of goes without it. */
  readonly gone: boolean;
  /** Of maps. */
  readonly pair: { readonly key: Change; readonly value: Change } | null;
}

/** What becomes of a part that is dropped. */
export type Absence = 'gone' | 'null' | { readonly never: string };

const KEEP: Convert = (value) => value;

/** One rule, or what holds for all that no rule names. */
interface Chosen {
  readonly rule: RedactionRule | null;
  readonly treatment: Treatment;
}

/** Finds what the rules say of the values of one place: the key of an operator, or the values of one of its states. */
export class FormRedaction {
  readonly fields: FieldRedaction[] = [];
  readonly #rules: readonly RedactionRule[];
  readonly #otherwise: Chosen;
  readonly #salted: SaltedHash;
  readonly #place: string;
  readonly #refused: (problem: string) => void;
  readonly #used: Set<number>;
  readonly #counts: Count[];
  readonly #inWork: Form[] = [];

  constructor(
    rules: RedactionRules,
    of: {
      /** Those that hold for the place. */
      readonly rules: readonly RedactionRule[];
      readonly place: string;
      readonly salted: SaltedHash;
      readonly refused: (problem: string) => void;
      /** Numbers of the rules that were good for something. */
      readonly used: Set<number>;
      readonly counts: Count[];
    },
  ) {
    this.#rules = of.rules;
    this.#otherwise = { rule: null, treatment: rules.default };
    this.#salted = of.salted;
    this.#place = of.place;
    this.#refused = of.refused;
    this.#used = of.used;
    this.#counts = of.counts;
  }

  compile(form: Form, path: FieldPath, absence: Absence, above: Chosen = this.#otherwise): Change {
    const own = this.#ruleFor(form, path, above);
    const chosen = own === null ? above : { rule: own, treatment: own.treatment };
    if (own !== null) {
      if (own.treatment.action === 'drop') return this.#dropped(form, path, absence, chosen);
      if (own.treatment.action === 'replace' && form.kind !== 'choice') return this.#replaced(form, path, chosen, own.treatment.with);
      if (own.treatment.action === 'refuse' && form.kind !== 'choice') this.#refuse(path, form, 'is refused by', chosen);
    }
    if (form.kind === 'leaf') return this.#leaf(form, path, absence, chosen, own?.field?.every((part) => !part.startsWith('*')) === true);
    if (this.#inWork.includes(form)) return this.#later(form, path, absence, above);
    this.#inWork.push(form);
    try {
      if (form.kind === 'record') return this.#record(form, path, chosen);
      if (form.kind === 'items') return this.#items(form, path, chosen);
      if (form.kind === 'pairs') return this.#pairs(form, path, chosen);
      return this.#choice(form, path, absence, chosen);
    } finally {
      this.#inWork.pop();
    }
  }

  /** The first that names this part itself, where none of those that hold for what it is a part of comes before. */
  #ruleFor(form: Form, path: FieldPath, above: Chosen): RedactionRule | null {
    const names = typeNames(form);
    for (const rule of this.#rules) {
      if (above.rule !== null && rule.number >= above.rule.number) return null;
      if (rule.field === null && rule.type === null && path.length > 1) continue;
      if (rule.field !== null && !matchesPath(rule.field, path)) continue;
      if (rule.type !== null && !names.includes(rule.type)) continue;
      this.#used.add(rule.number);
      return rule;
    }
    return null;
  }

  /** A type that contains itself goes as deep as the values do. */
  #later(form: Form, path: FieldPath, absence: Absence, above: Chosen): Change {
    let made: Change | null = null;
    // What is further inside is not known yet; where no rule of the place changes anything, nothing there does.
    const touches = above.treatment.action !== 'keep' || this.#rules.some(({ treatment }) => treatment.action !== 'keep');
    return {
      convert: (value) => (made ??= this.#outside(() => this.compile(form, path, absence, above))).convert(value),
      touches,
      gone: false,
      pair: null,
    };
  }

  #outside<T>(work: () => T): T {
    this.#inWork.length = 0;
    return work();
  }

  #leaf(form: LeafForm, path: FieldPath, absence: Absence, chosen: Chosen, isNamed: boolean): Change {
    const { action } = chosen.treatment;
    if (form.type === 'structure') {
      if (isNamed && action !== 'keep')
        this.#refuse(path, form, "is Flink's own and has nothing to redact: it stays as it is, which is not what is said in", chosen);
      return unchanged(KEEP);
    }
    if (form.type === 'opaque' && (chosen.rule === null || (action !== 'keep' && action !== 'drop'))) {
      this.#refuse(path, form, 'cannot be decoded; keep or drop it in a rule that names it. Blocked by', chosen);
      return unchanged(KEEP);
    }
    const counted = (convert: Convert, touches: boolean): Change => {
      const count = this.#counter(form, path, chosen);
      return {
        convert: (value) => {
          if (value === null) return null;
          count.values++;
          return convert(value);
        },
        touches,
        gone: false,
        pair: null,
      };
    };
    switch (chosen.treatment.action) {
      case 'keep':
        return counted(KEEP, false);
      case 'drop':
        return this.#dropped(form, path, absence, chosen);
      case 'hash': {
        const convert = hashing(form, chosen.treatment.length, this.#salted);
        if (convert !== null) return counted(convert, true);
        this.#refuse(
          path,
          form,
          'cannot be hashed: it has too few values to hide, or is a time; keep, mask or replace it; it is hashed by',
          chosen,
        );
        return unchanged(KEEP);
      }
      case 'mask':
        return counted(masking(form, chosen.treatment), true);
      case 'replace':
        return this.#replaced(form, path, chosen, chosen.treatment.with);
      case 'refuse':
        if (chosen.rule === null) this.#refuse(path, form, 'is named by no rule, which is refused by', chosen);
        return unchanged(KEEP);
    }
  }

  #replaced(form: Form, path: FieldPath, chosen: Chosen, given: DumpValue): Change {
    let constant = given;
    try {
      if (form.kind === 'leaf') constant = constantOf(form, given);
    } catch (error) {
      if (!(error instanceof UnfitValue)) throw error;
      this.#refuse(path, form, `cannot be replaced by what is not a value of it (${error.message}) in`, chosen);
    }
    const count = this.#counter(form, path, chosen);
    const convert: Convert = (value) => {
      if (value === null) return null;
      count.values++;
      return constant;
    };
    return { convert, touches: true, gone: false, pair: null };
  }

  #dropped(form: Form, path: FieldPath, absence: Absence, chosen: Chosen): Change {
    const takesNull = (form.kind === 'choice' && form.nullable) || (form.kind === 'leaf' && form.writesNull);
    const isNull = absence === 'null' || (takesNull && absence !== 'gone');
    const count = this.#counter(form, path, chosen);
    if (typeof absence === 'object' && (!isNull || path[0] === 'key'))
      this.#refuse(
        path,
        form,
        `cannot be dropped: ${absence.never}; mask or replace it, or drop what it is a part of; it is dropped by`,
        chosen,
      );
    const convert: Convert = (value) => {
      if (value !== null) count.values++;
      return null;
    };
    return { convert, touches: true, gone: !isNull, pair: null };
  }

  #record(form: RecordForm, path: FieldPath, chosen: Chosen): Change {
    const { listTag, fields } = form;
    const changes = fields.map(({ name, form: of, notNull }) =>
      this.compile(of(), [...path, name], notNull === null ? 'null' : { never: notNull }, chosen),
    );
    const touches = changes.some((change) => change.touches);
    if (listTag !== null) {
      const convert: Convert = (value) => {
        if (value === null) return null;
        const items = taggedList(value, listTag);
        const list = changes.map((change, i) => change.convert(items[i] ?? null));
        return isDumpObject(value) ? { ...value, [listTag]: list } : unfit('an object', value);
      };
      return { convert, touches, gone: false, pair: null };
    }
    const convert: Convert = (value) => {
      if (value === null) return null;
      if (!isDumpObject(value)) return unfit('an object', value);
      const changed: Record<string, DumpValue> = { ...value };
      for (const [i, { name }] of fields.entries()) {
        const part = ownField(value, name);
        if (part !== undefined) setField(changed, name, changes[i]?.convert(part) ?? null);
      }
      return changed;
    };
    return { convert, touches, gone: false, pair: null };
  }

  #items(form: ItemsForm, path: FieldPath, chosen: Chosen): Change {
    const { tag, unique } = form;
    const item = this.compile(form.item(), [...path, '[]'], form.notNull === null ? 'null' : 'gone', chosen);
    const convert: Convert = (value) => {
      if (value === null) return null;
      const items = tag === null ? (isList(value) ? value : unfit('a list', value)) : taggedList(value, tag);
      const list = items.map(item.convert);
      const left = item.gone ? [] : list;
      if (unique) checkDistinct(left, `${this.#place}, ${fieldPathText(path)}: two elements of a set`);
      return tag === null ? left : { [tag]: left };
    };
    // Where the elements of list state go, the state goes.
    return { convert, touches: item.touches, gone: item.gone && path.length === 1, pair: null };
  }

  #pairs(form: PairsForm, path: FieldPath, chosen: Chosen): Change {
    const key = this.compile(form.key(), [...path, '{key}'], { never: 'a map has no entries without keys' }, chosen);
    const value = this.compile(
      form.value(),
      [...path, '{value}'],
      form.valueNotNull === null ? 'null' : { never: form.valueNotNull },
      chosen,
    );
    const what = `${this.#place}, ${fieldPathText(path)}: two keys of a map`;
    const convert: Convert = (map) => {
      if (map === null) return null;
      if (form.asObject) {
        const entries = (avroPairs(map) ?? unfit('a map', map)).map(([name, item]): [string, DumpValue] => [
          textOf(key.convert(name)),
          value.convert(item),
        ]);
        checkDistinct(
          entries.map(([name]) => name),
          what,
        );
        return avroMap(entries);
      }
      const pairs = pairsOf(map).map(([name, item]): [DumpValue, DumpValue] => [key.convert(name), value.convert(item)]);
      checkDistinct(
        pairs.map(([name]) => name),
        what,
      );
      return { $map: pairs };
    };
    return { convert, touches: key.touches || value.touches, gone: false, pair: { key, value } };
  }

  #choice(form: ChoiceForm, path: FieldPath, absence: Absence, chosen: Chosen): Change {
    const { inside } = form;
    const parts = form.of.map((each) => ({
      fits: each.fits,
      branch: each.branch ?? null,
      change: this.compile(each.form(), path, form.nullable ? 'null' : absence, chosen),
    }));
    const convert: Convert = (value) => {
      if (value === null) return null;
      const inner = inside === null ? value : isDumpObject(value) ? ownField(value, inside) : undefined;
      if (inner === undefined) return unfit(`{"${inside ?? ''}": ...}`, value);
      const part = parts.find(({ fits }) => fits(inner)) ?? unfit('a value of one of its types', value);
      const result = part.change.convert(withoutBranch(inner));
      const changed = part.branch === null || result === null ? result : withBranch(part.branch, result);
      if (inside === null || !isDumpObject(value)) return changed;
      return changed === null && inner !== null ? null : { ...value, [inside]: changed };
    };
    const [only] = parts;
    return {
      convert,
      touches: parts.some(({ change }) => change.touches),
      gone: parts.every(({ change }) => change.gone),
      pair: parts.length === 1 && inside === null ? (only?.change.pair ?? null) : null,
    };
  }

  #counter(form: Form, path: FieldPath, { rule, treatment }: Chosen): Count {
    const found = { field: fieldPathText(path), type: typeName(form) };
    const number = rule?.number ?? null;
    const known = this.fields.find(
      (each) => each.field === found.field && each.type === found.type && each.action === treatment.action && each.rule === number,
    );
    if (known !== undefined) return known.count;
    const count = { values: 0 };
    this.#counts.push(count);
    this.fields.push({ ...found, action: treatment.action, rule: number, count });
    return count;
  }

  #refuse(path: FieldPath, form: Form, problem: string, { rule }: Chosen = this.#otherwise): void {
    const by = rule === null ? 'the default of the rules' : `rule ${String(rule.number)}`;
    this.#refused(`${this.#place}: ${fieldPathText(path)} (${typeName(form)}) ${problem} ${by}`);
  }
}

function unchanged(convert: Convert): Change {
  return { convert, touches: false, gone: false, pair: null };
}

/** What becomes equal would be one in what is written. */
function checkDistinct(values: readonly DumpValue[], what: string): void {
  const texts = new Set<string>();
  for (const value of values) {
    const text = dumpText(value);
    if (texts.has(text)) refuse(`${what} become the same, ${text}, by what the rules say; hash them instead`);
    texts.add(text);
  }
}
