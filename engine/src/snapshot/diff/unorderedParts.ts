import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';

/**
 * Which lists within a value are sets, whose order means nothing. A value as it was read does not say so; its serializer does, but of
 * what Kryo has written.
 */
export interface UnorderedParts {
  readonly isSet: boolean;
  /** Of a part by its name or position; null where nothing below is unordered. */
  readonly part: (step: string) => UnorderedParts | null;
}

/** Null where the order of everything counts, but of maps, which are unordered anyway. */
export function unorderedParts(serializer: SerializerSnapshot | null): UnorderedParts | null {
  if (serializer === null) return null;
  switch (serializer.kind) {
    case 'set': {
      const element = unorderedParts(serializer.element);
      return { isSet: true, part: () => element };
    }
    case 'list':
    case 'arrayList':
    case 'linkedList':
    case 'genericArray':
      return everyPart(serializer.element);
    case 'map':
    case 'nullAwareMap':
    case 'sortedMap':
      return everyPart(serializer.value);
    case 'nullable':
    case 'ttl':
    case 'ttlAware':
    case 'external':
    case 'scalaOption':
      return unorderedParts(serializer.value);
    case 'tuple':
    case 'row':
    case 'scalaCaseClass':
      return namedParts(serializer.fields.map((field, i) => [String(i), field]));
    case 'pojo':
      return namedParts(serializer.fields.map((field) => [field.name, field.serializer]));
    default:
      return null;
  }
}

function everyPart(element: SerializerSnapshot): UnorderedParts | null {
  const parts = unorderedParts(element);
  return parts === null ? null : { isSet: false, part: () => parts };
}

function namedParts(fields: readonly (readonly [string, SerializerSnapshot | null])[]): UnorderedParts | null {
  const parts = new Map<string, UnorderedParts>();
  for (const [name, serializer] of fields) {
    const inner = unorderedParts(serializer);
    if (inner !== null) parts.set(name, inner);
  }
  return parts.size === 0 ? null : { isSet: false, part: (step) => parts.get(step) ?? null };
}
