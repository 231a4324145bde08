import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import { keyedStateType, type StateMetaInfo } from '../stateMetaInfo.ts';
import { dumpLong, isList, type DumpValue } from '../values/dumpValue.ts';
import { isDumpObject } from '../values/valueParts.ts';
import type { Changed, Convert } from './recordFields.ts';
import { refuse, type FieldEdit, type TtlEdit } from './rewritePlan.ts';

export function isTtlEdit(edit: FieldEdit): edit is TtlEdit {
  return edit.edit === 'addTtl' || edit.edit === 'dropTtl';
}

/**
 * A state's values with the time of their last access, or without it: of a list each element has its own, of a map each value.
 * `snapshot` is that of all of its values. @throws RewriteRefused where they have it already, or have none
 */
export function changedTtl(snapshot: SerializerSnapshot, meta: StateMetaInfo, edit: TtlEdit, label: string): Changed<SerializerSnapshot> {
  if (meta.kind !== 'KEY_VALUE' && meta.kind !== 'KEY_VALUE_V2') return refuse(`${label}: only keyed state has a TTL`);
  // Flink 2 may say in front of a serializer whether there is a TTL.
  const whole = snapshot.kind === 'ttlAware' ? snapshot.value : snapshot;
  const type = meta.kind === 'KEY_VALUE_V2' ? 'VALUE' : keyedStateType(meta);
  if (type === 'LIST') {
    if (whole.kind !== 'list') return refuse(`${label}: it is a list whose elements have no serializer of their own`);
    const { part, convert } = changedPart(whole.element, edit, label);
    return { part: { ...whole, element: part }, convert: (value) => (isList(value) ? value.map(convert) : value) };
  }
  if (type === 'MAP') {
    if (whole.kind !== 'map') return refuse(`${label}: it is a map whose values have no serializer of their own`);
    const { part, convert } = changedPart(whole.value, edit, label);
    return { part: { ...whole, value: part }, convert: ofMap(convert) };
  }
  return changedPart(whole, edit, label);
}

function changedPart(serializer: SerializerSnapshot, edit: TtlEdit, label: string): Changed<SerializerSnapshot> {
  if (edit.edit === 'dropTtl') {
    if (serializer.kind !== 'ttl') return refuse(`${label}: it has no TTL`);
    return {
      part: serializer.value,
      convert: (value) => (isDumpObject(value) && value['$ttl'] !== undefined ? (value['value'] ?? null) : value),
    };
  }
  if (serializer.kind === 'ttl') return refuse(`${label}: it has a TTL already`);
  const lastAccess = dumpLong(BigInt(edit.lastAccess));
  // A map's entry without a value stays one.
  return { part: { kind: 'ttl', value: serializer }, convert: (value) => (value === null ? null : { $ttl: lastAccess, value }) };
}

function ofMap(convert: Convert): Convert {
  return (map: DumpValue) => {
    if (!isDumpObject(map) || !isList(map['$map'] ?? null)) return map;
    const pairs = map['$map'] as readonly DumpValue[];
    return { $map: pairs.map((pair) => (isList(pair) ? [pair[0] ?? null, convert(pair[1] ?? null)] : pair)) };
  };
}
