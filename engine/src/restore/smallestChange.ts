import type { SerializerSnapshot } from '../snapshot/serializers/serializerSnapshot.ts';
import { keyedStateType, keySerializer, valueSerializer, type StateMetaInfo } from '../snapshot/stateMetaInfo.ts';
import { avroJson, avroKind, namedTypes, recordOf, resolved, type AvroFieldJson, type NamedTypes } from './avroJson.ts';

const MOST = 4;

/** What to change in the pipeline so that a state's values fit, as a sentence without its end; null where nothing small would do. */
export function smallestChange(written: StateMetaInfo, wanted: StateMetaInfo): string | null {
  if (keyedStateType(written) !== keyedStateType(wanted)) {
    const kind = keyedStateType(written)?.toLowerCase();
    return kind === undefined ? null : `Declare it as ${kind} state again`;
  }
  const changes = [
    ...changesOf(keySerializer(written), keySerializer(wanted)),
    ...changesOf(valueSerializer(written), valueSerializer(wanted)),
  ];
  return changes.length === 0 || changes.length > MOST ? null : sentence(changes);
}

function sentence(changes: readonly string[]): string {
  const text = changes.join(' and ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function changesOf(written: SerializerSnapshot | null, wanted: SerializerSnapshot | null): string[] {
  if (written === null || wanted === null) return [];
  if (written.kind === 'ttl') return changesOf(written.value, wanted.kind === 'ttl' ? wanted.value : wanted);
  if (wanted.kind === 'ttl') return changesOf(written, wanted.value);
  if (written.kind === 'list' && wanted.kind === 'list') return changesOf(written.element, wanted.element);
  if (written.kind === 'map' && wanted.kind === 'map')
    return [...changesOf(written.key, wanted.key), ...changesOf(written.value, wanted.value)];
  if (written.kind === 'avro' && wanted.kind === 'avro') return recordChanges(avroJson(written), avroJson(wanted));
  const type = typeText(written);
  return type === null || JSON.stringify(written) === JSON.stringify(wanted) ? [] : [`declare it as ${type} again`];
}

/** Types as a pipeline writes them. */
const TYPES: Readonly<Record<string, string>> = {
  string: 't.string',
  boolean: 't.boolean',
  int: 't.int',
  long: 't.long',
  double: 't.double',
  bigInteger: 't.bigint',
  byteArray: 't.bytes',
  bytes: 't.bytes',
};

function typeText(serializer: SerializerSnapshot): string | null {
  const inner = serializer.kind === 'nullable' ? typeText(serializer.value) : null;
  return inner === null ? (TYPES[serializer.kind] ?? null) : `t.nullable(${inner})`;
}

function recordChanges(written: unknown, wanted: unknown): string[] {
  const [oldTypes, newTypes] = [namedTypes(written), namedTypes(wanted)];
  const changes: string[] = [];
  compare(written, wanted, [], 0);
  return changes;

  function compare(before: unknown, now: unknown, path: readonly string[], depth: number): void {
    const [old, current] = [recordOf(before, oldTypes), recordOf(now, newTypes)];
    if (old === null || current === null || depth > MOST) return;
    if (old.name !== current.name && !current.aliases.includes(old.name))
      changes.push(`name record ${current.name} "${old.name}" again, or say that it was renamed: { aliases: ["${old.name}"] }`);
    for (const field of current.fields) {
      const match = old.fields.find(({ name }) => name === field.name || field.aliases.includes(name));
      const place = [...path, field.name].join('.');
      if (match !== undefined) fieldChange(match, field, place, depth);
      else if (!field.hasDefault) {
        const gone = old.fields.filter(({ name }) => !current.fields.some((each) => each.name === name || each.aliases.includes(name)));
        const same = gone.filter(({ type }) => avroKind(type, oldTypes) === avroKind(field.type, newTypes));
        const rename = same.length === 1 ? `, or its former name: { aliases: ["${same[0]?.name ?? ''}"] }` : '';
        changes.push(`give field "${place}" a default: t.field(..., { default: ... })${rename}`);
      }
    }
  }

  function fieldChange(before: AvroFieldJson, now: AvroFieldJson, place: string, depth: number): void {
    const [old, current] = [avroKind(before.type, oldTypes), avroKind(now.type, newTypes)];
    if (old === 'record' && current === 'record') compare(before.type, now.type, place.split('.'), depth + 1);
    else if (!promotes(before.type, now.type, oldTypes, newTypes))
      changes.push(`declare field "${place}" as ${avroText(before.type, oldTypes)} again`);
  }
}

const PROMOTIONS: Readonly<Record<string, readonly string[]>> = {
  int: ['long', 'float', 'double'],
  long: ['float', 'double'],
  float: ['double'],
  string: ['bytes'],
  bytes: ['string'],
};

/** Avro's rules, as far as the kinds of types go: deeper differences are for the one who decides to say. */
export function promotes(written: unknown, wanted: unknown, oldTypes: NamedTypes, newTypes: NamedTypes): boolean {
  const [from, to] = [resolved(written, oldTypes), resolved(wanted, newTypes)];
  if (Array.isArray(from)) return from.every((branch) => promotes(branch, to, oldTypes, newTypes));
  if (Array.isArray(to)) return to.some((branch) => promotes(from, branch, oldTypes, newTypes));
  const [old, current] = [avroKind(from, oldTypes), avroKind(to, newTypes)];
  return old === current || (PROMOTIONS[old]?.includes(current) ?? false);
}

function avroText(type: unknown, named: NamedTypes): string {
  const found = resolved(type, named);
  if (Array.isArray(found)) {
    const rest = found.filter((branch) => branch !== 'null');
    return rest.length === 1 && rest.length < found.length ? `t.nullable(${avroText(rest[0], named)})` : 'its old type';
  }
  return (
    TYPES[avroKind(found, named)] ?? (recordOf(found, named) === null ? 'its old type' : `record ${recordOf(found, named)?.name ?? ''}`)
  );
}
