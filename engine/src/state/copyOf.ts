/** A copy that shares nothing that can be changed with its original. For values of `t` types: plain objects, arrays, maps, bytes. */
export function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOf);
  if (value instanceof Uint8Array) return value.slice();
  if (value instanceof Map) return new Map(Array.from(value, ([key, inner]) => [copyOf(key), copyOf(inner)] as const));
  const copy: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value)) copy[name] = copyOf(inner);
  return copy;
}
