import type { SerializerSnapshot } from '../snapshot/serializers/serializerSnapshot.ts';
import { keyedStateType, keySerializer, valueSerializer, type StateMetaInfo } from '../snapshot/stateMetaInfo.ts';
import {
  avroJson,
  avroKind,
  namedTypes,
  promotes,
  recordOf,
  resolved,
  type AvroFieldJson,
  type NamedTypes,
} from '../snapshot/compatibility/avroJson.ts';
import type { PipelineEdit } from './restoreReport.ts';

const MOST = 4;

/** What to change in the pipeline so that a state's values fit. */
export interface SmallestChange {
  /** A sentence without its end. */
  readonly text: string;
  /** Where it is one change of one type's text. */
  readonly edit: TypeEdit | null;
}

/** Of a field of a record, or of the values of the state itself. */
type TypeEdit = Extract<PipelineEdit, { kind: 'field' }> | { readonly kind: 'type'; readonly type: string };

interface Change {
  readonly text: string;
  readonly edit: TypeEdit | null;
}

/** Null where nothing small would do. */
export function smallestChange(written: StateMetaInfo, wanted: StateMetaInfo): SmallestChange | null {
  if (keyedStateType(written) !== keyedStateType(wanted)) {
    const kind = keyedStateType(written)?.toLowerCase();
    return kind === undefined ? null : { text: `Declare it as ${kind} state again`, edit: null };
  }
  const changes = [
    ...changesOf(keySerializer(written), keySerializer(wanted)),
    ...changesOf(valueSerializer(written), valueSerializer(wanted)),
  ];
  if (changes.length === 0 || changes.length > MOST) return null;
  const text = changes.map((change) => change.text).join(' and ');
  return { text: text.charAt(0).toUpperCase() + text.slice(1), edit: changes.length === 1 ? (changes[0]?.edit ?? null) : null };
}

function changesOf(written: SerializerSnapshot | null, wanted: SerializerSnapshot | null): Change[] {
  if (written === null || wanted === null) return [];
  if (written.kind === 'ttl') return changesOf(written.value, wanted.kind === 'ttl' ? wanted.value : wanted);
  if (wanted.kind === 'ttl') return changesOf(written, wanted.value);
  if (written.kind === 'list' && wanted.kind === 'list') return changesOf(written.element, wanted.element).map(ofAPart);
  if (written.kind === 'map' && wanted.kind === 'map')
    return [...changesOf(written.key, wanted.key), ...changesOf(written.value, wanted.value)].map(ofAPart);
  if (written.kind === 'avro' && wanted.kind === 'avro') return recordChanges(avroJson(written), avroJson(wanted));
  const type = typeText(written);
  if (type === null || JSON.stringify(written) === JSON.stringify(wanted)) return [];
  return [{ text: `declare it as ${type} again`, edit: { kind: 'type', type } }];
}

/** Which part of a map or list is meant does not show in its text. */
function ofAPart(change: Change): Change {
  return change.edit?.kind === 'type' ? { ...change, edit: null } : change;
}

/** Types as a pipeline writes them. */
const TYPES: ReadonlyMap<string, string> = new Map([
  ['string', 't.string'],
  ['boolean', 't.boolean'],
  ['int', 't.int'],
  ['long', 't.long'],
  ['double', 't.double'],
  ['bigInteger', 't.bigint'],
  ['byteArray', 't.bytes'],
  ['bytes', 't.bytes'],
]);

function typeText(serializer: SerializerSnapshot): string | null {
  const inner = serializer.kind === 'nullable' ? typeText(serializer.value) : null;
  return inner === null ? (TYPES.get(serializer.kind) ?? null) : `t.nullable(${inner})`;
}

function recordChanges(written: unknown, wanted: unknown): Change[] {
  const [oldTypes, newTypes] = [namedTypes(written), namedTypes(wanted)];
  const changes: Change[] = [];
  compare(written, wanted, [], 0);
  return changes;

  function compare(before: unknown, now: unknown, path: readonly string[], depth: number): void {
    const [old, current] = [recordOf(before, oldTypes), recordOf(now, newTypes)];
    if (old === null || current === null || depth > MOST) return;
    if (old.name !== current.name && !current.aliases.includes(old.name))
      say(`name record ${current.name} "${old.name}" again, or say that it was renamed: { aliases: ["${old.name}"] }`);
    for (const field of current.fields) {
      const match = old.fields.find(({ name }) => name === field.name || field.aliases.includes(name));
      const place = [...path, field.name].join('.');
      if (match !== undefined) fieldChange(match, field, { record: current.name, place, depth });
      else if (!field.hasDefault) {
        const gone = old.fields.filter(({ name }) => !current.fields.some((each) => each.name === name || each.aliases.includes(name)));
        const same = gone.filter(({ type }) => avroKind(type, oldTypes) === avroKind(field.type, newTypes));
        const rename = same.length === 1 ? `, or its former name: { aliases: ["${same[0]?.name ?? ''}"] }` : '';
        say(`give field "${place}" a default: t.field(..., { default: ... })${rename}`);
      }
    }
  }

  function say(text: string): void {
    changes.push({ text, edit: null });
  }

  function fieldChange(
    before: AvroFieldJson,
    now: AvroFieldJson,
    { record, place, depth }: { readonly record: string; readonly place: string; readonly depth: number },
  ): void {
    const [old, current] = [avroKind(before.type, oldTypes), avroKind(now.type, newTypes)];
    if (old === 'record' && current === 'record') compare(before.type, now.type, place.split('.'), depth + 1);
    else if (!promotes(before.type, now.type, oldTypes, newTypes)) {
      const type = avroText(before.type, oldTypes);
      const edit: TypeEdit | null = type.startsWith('t.') ? { kind: 'field', record, field: now.name, type } : null;
      changes.push({ text: `declare field "${place}" as ${type} again`, edit });
    }
  }
}

function avroText(type: unknown, named: NamedTypes): string {
  const found = resolved(type, named);
  if (Array.isArray(found)) {
    const rest = found.filter((branch) => branch !== 'null');
    return rest.length === 1 && rest.length < found.length ? `t.nullable(${avroText(rest[0], named)})` : 'its old type';
  }
  return (
    TYPES.get(avroKind(found, named)) ?? (recordOf(found, named) === null ? 'its old type' : `record ${recordOf(found, named)?.name ?? ''}`)
  );
}
