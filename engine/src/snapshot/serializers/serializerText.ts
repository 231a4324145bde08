import type { SerializerSnapshot } from './serializerSnapshot.ts';

/** Equal for equal serializers, and for no others. */
export function serializerText(serializer: SerializerSnapshot | undefined): string {
  return JSON.stringify(serializer ?? null, (_, value: unknown) => (value instanceof Uint8Array ? Array.from(value).join() : value));
}
