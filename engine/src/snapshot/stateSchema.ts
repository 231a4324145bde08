import { describeSerializer, simpleName, type NameOfClass } from './serializers/describeSerializer.ts';
import type { SerializerSnapshot } from './serializers/serializerSnapshot.ts';
import {
  keyedStateType,
  keySerializer,
  namespaceSerializer,
  valueSerializer,
  wholeSerializer,
  type StateMetaInfo,
} from './stateMetaInfo.ts';

/** What a state's entries consist of, as types for people; null for what it has none of. */
export interface StateSchema {
  readonly key: string | null;
  readonly namespace: string | null;
  /** Of maps. */
  readonly userKey: string | null;
  /** Records with their fields: `Trip<from: string, stops: int>`. */
  readonly value: string | null;
  /** Serializers as Flink names them, without packages, the outermost first. */
  readonly serializers: readonly string[];
  /** Values carry the time of their last access. */
  readonly hasTtl: boolean;
}

/** Of keyed state and timers. */
export function keyedSchema(key: SerializerSnapshot, meta: StateMetaInfo, nameOf: NameOfClass = simpleName): StateSchema {
  const describe = (part: SerializerSnapshot): string => describeFields(part, nameOf);
  const value = wholeSerializer(meta);
  const namespace = meta.kind === 'PRIORITY_QUEUE' && value?.kind === 'timer' ? value.namespace : namespaceSerializer(meta);
  const isTimer = meta.kind === 'PRIORITY_QUEUE';
  const map = keyedStateType(meta) === 'MAP' && value?.kind === 'map' ? value : null;
  return {
    key: describe(key),
    namespace: namespace === null || (isSimpleKind(namespace) && /^void/.test(namespace.kind)) ? null : describe(namespace),
    userKey: map === null ? null : describe(map.key),
    value: isTimer || value === null ? null : describe(map?.value ?? value),
    serializers: namesOf(isTimer ? [key, namespace] : [key, value]),
    hasTtl: hasTtl(meta),
  };
}

/** Of operator state. */
export function operatorSchema(meta: StateMetaInfo, nameOf: NameOfClass = simpleName): StateSchema {
  const describe = (part: SerializerSnapshot): string => describeFields(part, nameOf);
  const key = keySerializer(meta);
  const value = valueSerializer(meta);
  return {
    key: key === null ? null : describe(key),
    namespace: null,
    userKey: null,
    value: value === null ? null : describe(value),
    serializers: namesOf([key, value]),
    hasTtl: false,
  };
}

function isSimpleKind(snapshot: SerializerSnapshot): boolean {
  return Object.keys(snapshot).length === 1;
}

/** Whether values carry the time of their last access. */
export function hasTtl(meta: StateMetaInfo): boolean {
  const value = wholeSerializer(meta);
  return value !== null && isTtl(value);
}

function isTtl(snapshot: SerializerSnapshot): boolean {
  switch (snapshot.kind) {
    case 'ttl':
      return true;
    case 'ttlAware':
      return snapshot.enabled || isTtl(snapshot.value);
    case 'map':
      return isTtl(snapshot.value);
    case 'list':
    case 'arrayList':
      return isTtl(snapshot.element);
    default:
      return false;
  }
}

/** As `describeSerializer`, but records have their fields, and TTL is not said: it belongs to the state. */
function describeFields(snapshot: SerializerSnapshot, nameOf: NameOfClass): string {
  const describe = (part: SerializerSnapshot): string => describeFields(part, nameOf);
  switch (snapshot.kind) {
    case 'ttl':
    case 'ttlAware':
      return describe(snapshot.value);
    case 'list':
    case 'arrayList':
      return `list<${describe(snapshot.element)}>`;
    case 'map':
      return `map<${describe(snapshot.key)}, ${describe(snapshot.value)}>`;
    case 'tuple':
      return `tuple<${snapshot.fields.map(describe).join(', ')}>`;
    case 'pojo': {
      const fields = snapshot.fields.map(({ name, serializer }) => `${name}: ${serializer === null ? '?' : describe(serializer)}`);
      return `${describeSerializer(snapshot, nameOf)}<${fields.join(', ')}>`;
    }
    case 'avro':
      return avroFields(snapshot.schema) ?? describeSerializer(snapshot, nameOf);
    default:
      return describeSerializer(snapshot, nameOf);
  }
}

function avroFields(schema: string): string | null {
  try {
    return avroType(JSON.parse(schema), 0);
  } catch {
    // It is for display only; the one that reads values reports a schema that is not JSON.
    return null;
  }
}

/** Deeper than this the name of a record has to do. */
const DEPTH_MAX = 4;

function avroType(schema: unknown, depth: number): string {
  if (typeof schema === 'string') return schema.slice(schema.lastIndexOf('.') + 1);
  if (Array.isArray(schema)) return schema.map((each) => avroType(each, depth)).join(' | ');
  if (typeof schema !== 'object' || schema === null) return '?';
  const { type, name, fields, items, values } = schema as Record<string, unknown>;
  if (type === 'array') return `list<${avroType(items, depth + 1)}>`;
  if (type === 'map') return `map<string, ${avroType(values, depth + 1)}>`;
  const label = typeof name === 'string' ? name.slice(name.lastIndexOf('.') + 1) : 'record';
  if (type !== 'record' || !Array.isArray(fields) || depth > DEPTH_MAX) return typeof name === 'string' ? label : avroType(type, depth + 1);
  const inner = fields.map((field) => {
    const each = field as { name?: unknown; type?: unknown };
    return `${String(each.name)}: ${avroType(each.type, depth + 1)}`;
  });
  return `${label}<${inner.join(', ')}>`;
}

const NAMES_MAX = 8;

function namesOf(snapshots: readonly (SerializerSnapshot | null)[]): string[] {
  const names = new Set<string>();
  const add = (snapshot: SerializerSnapshot | null): void => {
    if (snapshot === null || names.size >= NAMES_MAX) return;
    names.add(nameOf(snapshot));
    switch (snapshot.kind) {
      case 'ttl':
      case 'ttlAware':
        add(snapshot.value);
        return;
      case 'map':
        add(snapshot.key);
        add(snapshot.value);
        return;
      case 'list':
      case 'arrayList':
        add(snapshot.element);
        return;
      default:
    }
  };
  for (const snapshot of snapshots) add(snapshot);
  return [...names];
}

/** Flink's class, where its name is that of the kind; else the class that the snapshot names. */
function nameOf(snapshot: SerializerSnapshot): string {
  if (snapshot.kind === 'unknown') return snapshot.className.slice(snapshot.className.lastIndexOf('.') + 1);
  if (snapshot.kind === 'timer') return 'TimerSerializer';
  return `${snapshot.kind.charAt(0).toUpperCase()}${snapshot.kind.slice(1)}Serializer`;
}
