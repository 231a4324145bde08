import type { DumpValue } from '../values/dumpValue.ts';

/** What values of a state look like, from the outside in, whatever serializer wrote them: what rules are matched with. */
export type Form = LeafForm | RecordForm | ItemsForm | PairsForm | ChoiceForm;

/** What has no parts. `type` is what rules call it. */
export interface LeafForm {
  readonly kind: 'leaf';
  readonly type: LeafType;
  /** Its class, where it has one: rules may name it too. */
  readonly name: string | null;
  /** How numbers, bytes and enums are in a dump: under a tag such as `$long`, or plain. */
  readonly tag: string | null;
  /** Of integers, in bits. */
  readonly bits?: number;
  /** Of decimals; null where every value has its own. */
  readonly scale?: number | null;
  readonly precision?: number;
  /** Of bytes of a fixed length. */
  readonly size?: number;
  readonly constants?: readonly string[];
  /** Its serializer writes nulls. */
  readonly writesNull: boolean;
}

export type LeafType =
  | 'string'
  | 'char'
  | 'boolean'
  | 'integer'
  | 'float'
  | 'double'
  | 'bigInteger'
  | 'decimal'
  | 'bytes'
  | 'enum'
  | 'date'
  | 'time'
  | 'localDateTime'
  | 'instant'
  | 'millis'
  | 'sqlTimestamp'
  /** Windows, versions, nulls: Flink's own, without anything of the records. */
  | 'structure'
  /** What nothing here can take apart. */
  | 'opaque';

export interface FieldForm {
  readonly name: string;
  readonly form: () => Form;
  /** Why it cannot be null; null where it can. */
  readonly notNull: string | null;
}

/** Records, rows, POJOs, tuples: their fields are in an object by name, or in a list under a tag. */
export interface RecordForm {
  readonly kind: 'record';
  readonly name: string | null;
  readonly fields: readonly FieldForm[];
  readonly listTag: string | null;
}

/** Lists, sets, arrays. */
export interface ItemsForm {
  readonly kind: 'items';
  readonly tag: string | null;
  readonly item: () => Form;
  readonly notNull: string | null;
  readonly unique: boolean;
}

/** Maps, as pairs; those of Avro as objects. */
export interface PairsForm {
  readonly kind: 'pairs';
  readonly key: () => Form;
  readonly value: () => Form;
  readonly valueNotNull: string | null;
  readonly asObject: boolean;
}

export interface Choice {
  readonly form: () => Form;
  readonly fits: (value: DumpValue) => boolean;
  /** Of a union of Avro with more than one: what has been changed says its branch, so that it stays the one that it was. */
  readonly branch?: string | null;
}

/** One of several forms, told by the value: subclasses, unions, what may be missing. Parts have the path of the whole. */
export interface ChoiceForm {
  readonly kind: 'choice';
  readonly of: readonly Choice[];
  /** What is around the chosen: `{"$avro": ...}`, or the value beside its time to live. */
  readonly inside: string | null;
  /** Null is one of them. */
  readonly nullable: boolean;
}

/** What is there by itself, with something around it. */
export function wrapped(form: () => Form, inside: string | null, nullable = false): ChoiceForm {
  return { kind: 'choice', of: [{ form, fits: () => true }], inside, nullable };
}

export function leaf(type: LeafType, more: Partial<Omit<LeafForm, 'kind' | 'type'>> = {}): LeafForm {
  return { kind: 'leaf', type, name: null, tag: null, writesNull: false, ...more };
}

/** What people call it. */
export function typeNames(form: Form): readonly string[] {
  switch (form.kind) {
    case 'leaf': {
      const own = form.type === 'integer' ? [INTEGERS.get(form.bits ?? 32) ?? 'int'] : [];
      const group = NUMBERS.has(form.type) ? ['number'] : TIME_TYPES.has(form.type) ? ['time'] : [];
      return [form.type, ...own, ...group, ...(form.name === null ? [] : [form.name])];
    }
    case 'record':
      return form.name === null ? ['record'] : ['record', form.name];
    case 'items':
      return ['list'];
    case 'pairs':
      return ['map'];
    case 'choice':
      return [];
  }
}

const INTEGERS = new Map([
  [8, 'byte'],
  [16, 'short'],
  [32, 'int'],
  [64, 'long'],
]);
const NUMBERS: ReadonlySet<LeafType> = new Set(['integer', 'float', 'double', 'bigInteger', 'decimal']);
export const TIME_TYPES: ReadonlySet<LeafType> = new Set(['date', 'time', 'localDateTime', 'instant', 'millis', 'sqlTimestamp']);

/** For reports: the narrowest name. */
export function typeName(form: Form): string {
  if (form.kind === 'leaf' && form.name !== null && (form.type === 'opaque' || form.type === 'enum')) return `${form.type} ${form.name}`;
  const names = typeNames(form);
  return form.kind === 'leaf' && form.type === 'integer'
    ? (names[1] ?? 'integer')
    : form.kind === 'record'
      ? (form.name ?? 'record')
      : (names[0] ?? '');
}

/** All that `type` in a rule may be, but for classes. */
export const TYPE_NAMES: readonly string[] = [
  'string',
  'char',
  'boolean',
  'byte',
  'short',
  'int',
  'long',
  'integer',
  'float',
  'double',
  'bigInteger',
  'decimal',
  'number',
  'bytes',
  'enum',
  ...TIME_TYPES,
  'record',
  'list',
  'map',
  'structure',
  'opaque',
];
