import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import { isList, ownField, type DumpValue } from '../values/dumpValue.ts';
import { isDumpObject } from '../values/valueParts.ts';
import type { Convert } from './recordFields.ts';

export type RowSnapshot = Extract<SerializerSnapshot, { kind: 'row' }>;

/** Where a serializer's values hold others. */
export interface Hole {
  readonly segment: string;
  readonly part: SerializerSnapshot;
  readonly filled: (part: SerializerSnapshot) => SerializerSnapshot;
  readonly within: (inner: Convert) => Convert;
  /** It is the only one, and need not be named. */
  readonly isPassed: boolean;
}

/** Of rows and POJOs, whose fields have names, there are others. */
export function holesOf(snapshot: SerializerSnapshot): readonly Hole[] {
  switch (snapshot.kind) {
    case 'ttlAware':
    case 'external':
    case 'nullable':
    case 'scalaOption':
      return [passed(UNNAMED, snapshot.value, (value) => ({ ...snapshot, value }), unlessNull)];
    case 'ttl':
      return [inside('value', snapshot.value, (value) => ({ ...snapshot, value }))];
    case 'bufferEntry':
      return [inside('element', snapshot.value, (value) => ({ ...snapshot, value }))];
    case 'streamElement':
      return [inside('$streamRecord', snapshot.value, (value) => ({ ...snapshot, value }))];
    case 'lockable':
      return [inside('element', snapshot.element, (element) => ({ ...snapshot, element }))];
    case 'listView':
      return [passed(UNNAMED, snapshot.list, (list) => ({ ...snapshot, list }), unlessNull)];
    case 'mapView':
      return [passed(UNNAMED, snapshot.map, (map) => ({ ...snapshot, map }), unlessNull)];
    case 'list':
    case 'arrayList':
    case 'linkedList':
    case 'set':
    case 'scalaTraversable':
      return [passed('[]', snapshot.element, (element) => ({ ...snapshot, element }), inItems)];
    case 'genericArray':
      return [
        passed(
          '[]',
          snapshot.element,
          (element) => ({ ...snapshot, element }),
          (inner) => inField('$array', inItems(inner)),
        ),
      ];
    case 'map':
    case 'sortedMap':
    case 'nullAwareMap':
      return [passed('{value}', snapshot.value, (value) => ({ ...snapshot, value }), inMap)];
    case 'either':
    case 'scalaEither':
      return [
        named('$left', snapshot.left, (left) => ({ ...snapshot, left })),
        named('$right', snapshot.right, (right) => ({ ...snapshot, right })),
      ];
    case 'taggedUnion':
      return [named('one', snapshot.one, (one) => ({ ...snapshot, one })), named('two', snapshot.two, (two) => ({ ...snapshot, two }))];
    case 'tuple':
    case 'scalaCaseClass':
      return listed(
        snapshot.fields.map((_field, i) => `f${String(i)}`),
        snapshot.fields,
        '$tuple',
        (fields) => ({ ...snapshot, fields }),
      );
    default:
      return [];
  }
}

/** No path has it: what is around a record may be called like one of the record's own fields. */
const UNNAMED = '';

function inside(name: string, part: SerializerSnapshot, filled: Hole['filled']): Hole {
  return passed(UNNAMED, part, filled, (inner) => inField(name, inner));
}

function passed(segment: string, part: SerializerSnapshot, filled: Hole['filled'], within: Hole['within']): Hole {
  return { segment, part, filled, within, isPassed: true };
}

function named(segment: string, part: SerializerSnapshot, filled: Hole['filled']): Hole {
  return { segment, part, filled, within: (inner) => inField(segment, inner), isPassed: false };
}

export function holesOfRow(row: RowSnapshot, names: readonly string[]): readonly Hole[] {
  return listed(names, row.fields, '$row', (fields) => ({ ...row, fields }));
}

/** Fields that are in a list under a tag. */
function listed(
  names: readonly string[],
  fields: readonly SerializerSnapshot[],
  tag: string,
  filled: (fields: readonly SerializerSnapshot[]) => SerializerSnapshot,
): Hole[] {
  return fields.map((part, i) => ({
    segment: names[i] ?? '',
    part,
    filled: (other) => filled(fields.with(i, other)),
    within: (inner) =>
      inField(tag, (items) => (isList(items) && i < items.length ? items.with(i, unlessNull(inner)(items[i] ?? null)) : items)),
    isPassed: false,
  }));
}

function unlessNull(inner: Convert): Convert {
  return (value) => (value === null ? null : inner(value));
}

export function inField(name: string, inner: Convert): Convert {
  return (value: DumpValue) => {
    const part = isDumpObject(value) ? ownField(value, name) : undefined;
    return !isDumpObject(value) || part === undefined || part === null ? value : { ...value, [name]: inner(part) };
  };
}

function inItems(inner: Convert): Convert {
  return (value) => (isList(value) ? value.map(unlessNull(inner)) : value);
}

function inMap(inner: Convert): Convert {
  const convert = unlessNull(inner);
  return inField('$map', (pairs) =>
    isList(pairs) ? pairs.map((pair) => (isList(pair) ? [pair[0] ?? null, convert(pair[1] ?? null)] : pair)) : pairs,
  );
}
