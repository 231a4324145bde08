import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';

/** An Avro schema as it is in JSON, with defaults and aliases, which reading does not need and verdicts do. */
export interface AvroRecordJson {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly fields: readonly AvroFieldJson[];
}

export interface AvroFieldJson {
  readonly name: string;
  readonly type: unknown;
  readonly aliases: readonly string[];
  readonly hasDefault: boolean;
}

export type NamedTypes = ReadonlyMap<string, unknown>;

/** Null where the serializer has none, or what it has is not JSON. */
export function avroJson(serializer: SerializerSnapshot): unknown {
  if (serializer.kind !== 'avro') return null;
  try {
    return JSON.parse(serializer.schema) as unknown;
  } catch {
    return null;
  }
}

/** Types by their names without namespaces; later uses of a type are its name only. */
export function namedTypes(schema: unknown, known = new Map<string, unknown>()): Map<string, unknown> {
  if (Array.isArray(schema)) for (const branch of schema) namedTypes(branch, known);
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return known;
  const { type, name, items, values, fields } = schema as Record<string, unknown>;
  if (typeof name === 'string' && (type === 'record' || type === 'enum' || type === 'fixed')) known.set(simpleName(name), schema);
  for (const part of [type, items, values]) if (typeof part === 'object') namedTypes(part, known);
  if (Array.isArray(fields)) for (const field of fields as { type?: unknown }[]) namedTypes(field.type, known);
  return known;
}

/** Of a type or its name: `int`, `record`, `union` ... */
export function avroKind(schema: unknown, named: NamedTypes): string {
  const found = resolved(schema, named);
  if (typeof found === 'string') return found;
  if (Array.isArray(found)) return 'union';
  const type = (found as { type?: unknown } | null)?.type;
  return typeof type === 'string' ? type : type === undefined ? '?' : avroKind(type, named);
}

export function resolved(schema: unknown, named: NamedTypes): unknown {
  return typeof schema === 'string' ? (named.get(simpleName(schema)) ?? schema) : schema;
}

/** Null where it is not a record. */
export function recordOf(schema: unknown, named: NamedTypes): AvroRecordJson | null {
  const found = resolved(schema, named);
  if (avroKind(found, named) !== 'record') return null;
  const { name, aliases, fields } = found as Record<string, unknown>;
  if (!Array.isArray(fields)) return null;
  return {
    name: simpleName(String(name)),
    aliases: namesIn(aliases).map(simpleName),
    fields: (fields as Record<string, unknown>[]).map((field) => ({
      name: String(field['name']),
      type: field['type'],
      aliases: namesIn(field['aliases']),
      hasDefault: 'default' in field,
    })),
  };
}

function namesIn(aliases: unknown): string[] {
  return Array.isArray(aliases) ? aliases.map(String) : [];
}

export function simpleName(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

const PROMOTIONS: ReadonlyMap<string, readonly string[]> = new Map([
  ['int', ['long', 'float', 'double']],
  ['long', ['float', 'double']],
  ['float', ['double']],
  ['string', ['bytes']],
  ['bytes', ['string']],
]);

/** Avro's rules, as far as the kinds of types go: deeper differences are for the one who decides to say. */
export function promotes(written: unknown, wanted: unknown, oldTypes: NamedTypes, newTypes: NamedTypes): boolean {
  const [from, to] = [resolved(written, oldTypes), resolved(wanted, newTypes)];
  if (Array.isArray(from)) return from.every((branch) => promotes(branch, to, oldTypes, newTypes));
  if (Array.isArray(to)) return to.some((branch) => promotes(from, branch, oldTypes, newTypes));
  const [old, current] = [avroKind(from, oldTypes), avroKind(to, newTypes)];
  return old === current || (PROMOTIONS.get(old)?.includes(current) ?? false);
}
