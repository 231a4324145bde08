/** A parsed Avro schema. Named types are one object wherever they are used, so recursive schemas are cyclic. */
export type AvroSchema =
  | { readonly kind: 'null' | 'boolean' | 'int' | 'float' | 'double' | 'string' }
  | { readonly kind: 'long'; readonly logicalType: string | null }
  | { readonly kind: 'bytes'; readonly logicalType: string | null; readonly scale: number }
  | { readonly kind: 'fixed'; readonly name: string; readonly size: number }
  | { readonly kind: 'enum'; readonly name: string; readonly symbols: readonly string[] }
  | { readonly kind: 'array'; readonly items: AvroSchema }
  | { readonly kind: 'map'; readonly values: AvroSchema }
  | { readonly kind: 'union'; readonly branches: readonly AvroSchema[] }
  | AvroRecordSchema;

export interface AvroRecordSchema {
  readonly kind: 'record';
  /** Without the namespace. */
  readonly name: string;
  /** Filled while parsing, because a field may refer to its own record. */
  readonly fields: { readonly name: string; readonly schema: AvroSchema }[];
}

/** @throws SyntaxError that says what is wrong with the schema. */
export function parseAvroSchema(text: string): AvroSchema {
  return parse(JSON.parse(text), '', new Map());
}

const PRIMITIVES = new Set(['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string']);

type JsonObject = Readonly<Record<string, unknown>>;

function parse(json: unknown, space: string, known: Map<string, AvroSchema>): AvroSchema {
  if (typeof json === 'string') {
    if (PRIMITIVES.has(json)) return primitive(json, {});
    const named = known.get(json.includes('.') || space === '' ? json : `${space}.${json}`) ?? known.get(json);
    if (named === undefined) throw new SyntaxError(`Avro schema refers to an unknown type "${json}"`);
    return named;
  }
  if (Array.isArray(json)) return { kind: 'union', branches: json.map((branch) => parse(branch, space, known)) };
  if (typeof json !== 'object' || json === null) throw new SyntaxError(`no Avro schema: ${JSON.stringify(json)}`);
  const object = json as JsonObject;
  const type = object['type'];
  if (type === 'record' || type === 'error') return record(object, space, known);
  if (type === 'enum' || type === 'fixed') return flatNamed(object, type, space, known);
  if (type === 'array') return { kind: 'array', items: parse(object['items'], space, known) };
  if (type === 'map') return { kind: 'map', values: parse(object['values'], space, known) };
  if (typeof type === 'string' && PRIMITIVES.has(type)) return primitive(type, object);
  return parse(type, space, known);
}

function primitive(type: string, properties: JsonObject): AvroSchema {
  const logicalType = typeof properties['logicalType'] === 'string' ? properties['logicalType'] : null;
  if (type === 'long') return { kind: 'long', logicalType };
  if (type === 'bytes') return { kind: 'bytes', logicalType, scale: Number(properties['scale'] ?? 0) };
  return { kind: type as 'null' | 'boolean' | 'int' | 'float' | 'double' | 'string' };
}

function fullName(object: JsonObject, space: string): { name: string; space: string; full: string } {
  const given = String(object['name']);
  const dot = given.lastIndexOf('.');
  const ownSpace = dot >= 0 ? given.slice(0, dot) : typeof object['namespace'] === 'string' ? object['namespace'] : space;
  const name = given.slice(dot + 1);
  return { name, space: ownSpace, full: ownSpace === '' ? name : `${ownSpace}.${name}` };
}

function record(object: JsonObject, outerSpace: string, known: Map<string, AvroSchema>): AvroSchema {
  const { name, space, full } = fullName(object, outerSpace);
  const schema: AvroRecordSchema = { kind: 'record', name, fields: [] };
  known.set(full, schema);
  const fields = object['fields'];
  if (!Array.isArray(fields)) throw new SyntaxError(`Avro record "${name}" has no fields`);
  for (const field of fields as JsonObject[]) {
    schema.fields.push({ name: String(field['name']), schema: parse(field['type'], space, known) });
  }
  return schema;
}

function flatNamed(object: JsonObject, type: 'enum' | 'fixed', outerSpace: string, known: Map<string, AvroSchema>): AvroSchema {
  const { name, full } = fullName(object, outerSpace);
  const symbols = object['symbols'];
  const schema: AvroSchema =
    type === 'enum'
      ? { kind: 'enum', name, symbols: Array.isArray(symbols) ? symbols.map(String) : [] }
      : { kind: 'fixed', name, size: Number(object['size']) };
  known.set(full, schema);
  return schema;
}

/** In words, for verdicts. */
export function avroName(schema: AvroSchema): string {
  switch (schema.kind) {
    case 'record':
      return `record ${schema.name}`;
    case 'enum':
      return `enum ${schema.name}`;
    case 'fixed':
      return `fixed<${String(schema.size)}>`;
    case 'array':
      return `list<${avroName(schema.items)}>`;
    case 'map':
      return `map<string, ${avroName(schema.values)}>`;
    case 'union': {
      const others = schema.branches.filter((branch) => branch.kind !== 'null');
      const [only] = others;
      if (only !== undefined && others.length === 1) return `nullable<${avroName(only)}>`;
      return `union of ${schema.branches.map(avroName).join(', ')}`;
    }
    case 'long':
      return schema.logicalType === 'timestamp-millis' ? 'timestamp' : 'long';
    case 'bytes':
      return schema.logicalType === 'decimal' ? (schema.scale === 0 ? 'bigint' : 'decimal') : 'bytes';
    default:
      return schema.kind;
  }
}
