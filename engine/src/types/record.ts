import type { ByteReader } from '../snapshot/bytes/byteReader.ts';
import type { ByteWriter } from '../snapshot/bytes/byteWriter.ts';
import type { SerializerSnapshot } from '../snapshot/serializers/serializerSnapshot.ts';
import type { AvroForm } from './avro/avroForm.ts';
import { parseAvroSchema } from './avro/avroSchema.ts';
import { AVRO_NAME, AVRO_NAMESPACE } from './avro/names.ts';
import { compileRecordCodec, type RecordCodec } from './avro/recordCodec.ts';
import { readerOfWrittenRecord } from './avro/recordResolution.ts';
import { schemaTextOf, type NamedType, type SchemaNames } from './avro/schemaNames.ts';
import { DataType, dataTypeOf, serializerName, type Read } from './dataType.ts';
import type { Evolution } from './evolution.ts';
import { Misfit, misfit, within } from './misfit.ts';
import { NullableType } from './nullable.ts';
import type { Type } from './type.ts';

type Values = Record<string, unknown>;

const GENERIC_RECORD = 'org.apache.avro.generic.GenericRecord';

export interface RecordOptions {
  /** Binary name of a generated Avro class that the Flink job has: Flink then evolves by field name. */
  readonly javaClass?: string;
  /** Names that the record had before. */
  readonly aliases?: readonly string[];
}

/** A field with a default or earlier names; see `t.field`. */
export class FieldDeclaration {
  readonly type: DataType<unknown>;
  readonly default: unknown;
  readonly aliases: readonly string[];

  constructor(type: DataType<unknown>, defaultValue: unknown, aliases: readonly string[]) {
    this.type = type;
    this.default = defaultValue;
    this.aliases = aliases;
  }
}

export interface RecordField {
  readonly name: string;
  readonly type: DataType<unknown>;
  readonly aliases: readonly string[];
  /** Null where the field has no default. `value` makes a new one each time, so that nobody shares a list. */
  readonly default: { readonly value: () => unknown; readonly raw: unknown } | null;
}

/** Flink's AvroSerializer of a GenericRecord: of the serializers that need no class of the user's, the one that keeps field names. */
export class RecordType extends DataType<Values> implements NamedType {
  readonly kind = 'record';
  readonly name: string;
  readonly simpleName: string;
  readonly namespace: string;
  readonly aliases: readonly string[];
  /** As the user gave them: getters may refer to this record itself, so they are looked at when first needed. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly avro: AvroForm<Values>;
  readonly #runtimeClass: string;
  #recordFields: readonly RecordField[] | null = null;
  #codec: RecordCodec | null = null;
  #schemaText: string | null = null;
  #hasFixedParts: boolean | null = null;

  /** @throws TypeError for names that Avro cannot have, and for a record without fields. */
  constructor(name: string, fields: Readonly<Record<string, unknown>>, options: RecordOptions) {
    super();
    const names = Object.keys(fields);
    if (!AVRO_NAME.test(name)) throw new TypeError(`t.record: "${name}" is not a name: letters, digits and _ only, and no digit first`);
    if (names.length === 0) throw new TypeError(`t.record("${name}"): a record needs a field`);
    for (const field of names) {
      if (field === '__proto__')
        throw new TypeError(
          `t.record("${name}"): JavaScript gives "__proto__" a meaning of its own; to read a field of that name, give another one { aliases: ["__proto__"] }`,
        );
      if (!AVRO_NAME.test(field)) {
        throw new TypeError(`t.record("${name}"): "${field}" is not a field name: letters, digits and _ only, and no digit first`);
      }
    }
    this.name = name;
    this.fields = fields;
    this.aliases = options.aliases ?? [];
    this.#runtimeClass = options.javaClass ?? GENERIC_RECORD;
    const [namespace, simpleName] = options.javaClass === undefined ? [AVRO_NAMESPACE, name] : namesOfClass(options.javaClass);
    this.namespace = namespace;
    this.simpleName = simpleName;
    this.avro = {
      schema: (known) => known.define(this, () => ({ fields: this.#fieldSchemas(known) })),
      write: (writer, value) => {
        this.#compiled().write(writer, value);
      },
      read: (reader) => this.#compiled().read(reader),
      readerOf: (written, evolution) => readerOfWrittenRecord(this, written, evolution),
      defaultJson: (value) => this.#defaultJson(value),
    };
  }

  get recordFields(): readonly RecordField[] {
    this.#recordFields ??= Object.keys(this.fields).map((name) => this.#recordField(name));
    return this.#recordFields;
  }

  /** @throws TypeError where the record cannot be put into a schema: a tuple inside, two types of one name. */
  get serializer(): SerializerSnapshot {
    this.#schemaText ??= schemaTextOf(this.avro);
    return { kind: 'avro', runtimeClass: this.#runtimeClass, schema: this.#schemaText };
  }

  override get hasFixedParts(): boolean {
    if (this.#hasFixedParts === null) {
      // A record that comes back to itself has any number of parts.
      this.#hasFixedParts = false;
      this.#hasFixedParts = this.recordFields.every((field) => field.type.hasFixedParts);
    }
    return this.#hasFixedParts;
  }

  get fits(): (value: unknown) => boolean {
    return this.#compiled().fits;
  }

  write(writer: ByteWriter, value: Values): void {
    this.#compiled().write(writer, value);
  }

  read(reader: ByteReader): Values {
    return this.#compiled().read(reader);
  }

  #compiled(): RecordCodec {
    this.#codec ??= compileRecordCodec(this);
    return this.#codec;
  }

  readerOf(written: SerializerSnapshot, evolution: Evolution): Read<Values> {
    if (written.kind !== 'avro') return evolution.cannotBecome(serializerName(written), `record ${this.name}`);
    if (this.serializer.kind === 'avro' && this.serializer.schema === written.schema) return (reader) => this.#compiled().read(reader);
    return readerOfWrittenRecord(this, parseAvroSchema(written.schema), evolution);
  }

  /** A field that is missing gets its default; without one, null where it can be null. Fields that the record has not are left out. */
  fromJson(json: unknown): Values {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) return misfit(`record ${this.name}`, json);
    return this.#make((field) => {
      const value = own(json as Values, field.name);
      return value === undefined ? missing(field) : field.type.fromJson(value);
    });
  }

  /** From the cells of a CSV row by column name. A cell that is not there is a missing field; an empty one gets the default if there is one. */
  fromCells(cell: (name: string) => string | undefined): Values {
    return this.#make((field) => {
      const text = cell(field.name);
      return text === undefined || (text === '' && field.default !== null) ? missing(field) : field.type.fromText(text);
    });
  }

  toJson(value: Values): unknown {
    return this.#make((field) => field.type.toJson(own(value, field.name)));
  }

  #make(valueOf: (field: RecordField) => unknown): Values {
    const record: Values = {};
    for (const field of this.recordFields) {
      try {
        record[field.name] = valueOf(field);
      } catch (error) {
        throw within(field.name, error);
      }
    }
    return record;
  }

  #recordField(name: string): RecordField {
    const given = this.fields[name];
    try {
      if (!isField(given)) return { name, type: dataTypeOf(given as Type<unknown>), aliases: [], default: null };
      const { type, aliases } = given;
      const raw = given.default;
      // JSON is the one form that makes a value again for every type; simple values are shared.
      const json = type.toJson(raw);
      const value = typeof raw === 'object' && raw !== null ? () => type.fromJson(json) : () => raw;
      return { name, type, aliases, default: { value, raw } };
    } catch (error) {
      throw new TypeError(`t.record("${this.name}"), field "${name}": ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #fieldSchemas(known: SchemaNames): unknown {
    return this.recordFields.map((field) => {
      const schema = { name: field.name, type: field.type.avro.schema(known) };
      const json = field.default === null ? undefined : field.type.avro.defaultJson(field.default.raw);
      return json === undefined ? schema : { ...schema, default: json };
    });
  }

  #defaultJson(value: Values): unknown {
    const json: Values = {};
    for (const field of this.recordFields) {
      const fieldJson = field.type.avro.defaultJson(own(value, field.name));
      if (fieldJson === undefined) return undefined;
      json[field.name] = fieldJson;
    }
    return json;
  }
}

/** Records of users' code may leave out what can be null: what JavaScript adds to every object is none of their fields. */
function own(values: Values, name: string): unknown {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}

function missing(field: RecordField): unknown {
  if (field.default !== null) return field.default.value();
  if (field.type instanceof NullableType) return null;
  throw new Misfit('missing, and it has no default');
}

function isField(given: unknown): given is FieldDeclaration {
  return typeof given === 'object' && given !== null && 'default' in given && 'aliases' in given;
}

/** `com.acme.Outer$Flight` is the Avro type `Flight` of the namespace `com.acme.Outer$`, as Avro's compiler has it. */
function namesOfClass(javaClass: string): [string, string] {
  const at = Math.max(javaClass.lastIndexOf('.'), javaClass.lastIndexOf('$'));
  const namespace = javaClass.slice(0, Math.max(at, 0));
  return [javaClass.charAt(at) === '$' ? `${namespace}$` : namespace, javaClass.slice(at + 1)];
}
