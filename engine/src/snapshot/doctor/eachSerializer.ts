import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';

const DEPTH_MAX = 64;

/** Shows a serializer and all that it is made of. */
export function eachSerializer(serializer: SerializerSnapshot, visit: (serializer: SerializerSnapshot) => void): void {
  walk(serializer, visit, 0);
}

/** Parts are in fields of many names, also below objects that are none themselves, such as the fields of a POJO. */
function walk(value: unknown, visit: (serializer: SerializerSnapshot) => void, depth: number): void {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || depth > DEPTH_MAX) return;
  if (Array.isArray(value)) {
    for (const item of value) walk(item, visit, depth + 1);
    return;
  }
  if ('kind' in value) visit(value as SerializerSnapshot);
  for (const part of Object.values(value)) walk(part, visit, depth + 1);
}
