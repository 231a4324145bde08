import type { SerializerSnapshot } from './serializerSnapshot.ts';
import { FLINK_VALUES, isSimple, SIMPLE_SERIALIZERS } from './simpleSerializers.ts';

/** Bytes of every value, or -1 where they vary: what Flink's `TypeSerializer.getLength()` says, which the layout of composite keys depends on. */
export function fixedLength(snapshot: SerializerSnapshot): number {
  if (isSimple(snapshot)) return SIMPLE_SERIALIZERS[snapshot.kind].length;
  switch (snapshot.kind) {
    case 'tuple':
    case 'scalaCaseClass':
    case 'metaSqnInfo':
    case 'rowSqnInfo':
    case 'multisetNode':
      return sum(snapshot.fields.map(fixedLength));
    case 'ttl':
      return sum([8, fixedLength(snapshot.value)]);
    case 'timer':
      return fixedLength(snapshot.key) < 0 || fixedLength(snapshot.namespace) < 0
        ? -1
        : 8 + fixedLength(snapshot.key) + fixedLength(snapshot.namespace);
    case 'nullable':
      return snapshot.padding > 0 ? snapshot.padding + 1 : -1;
    case 'enum':
    case 'scalaEnum':
      return 4;
    case 'ttlAware':
    case 'external':
      return fixedLength(snapshot.value);
    case 'rowDataKey':
      return fixedLength(snapshot.row);
    case 'valueType': {
      const known = FLINK_VALUES.get(snapshot.className);
      return known === undefined || !snapshot.copyable ? -1 : SIMPLE_SERIALIZERS[known].length;
    }
    case 'timestampData':
      return snapshot.precision <= 3 ? 8 : 12;
    default:
      return -1;
  }
}

function sum(lengths: readonly number[]): number {
  let total = 0;
  for (const length of lengths) {
    if (length <= 0) return -1;
    total += length;
  }
  return total;
}
