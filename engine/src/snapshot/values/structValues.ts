import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';

/** Classes of Flink's own that are written as their fields one after another, without anything between. */
export interface Struct {
  readonly className: string;
  readonly fields: readonly { readonly name: string; readonly serializer: SerializerSnapshot }[];
}

const MULTISET = 'org.apache.flink.table.runtime.sequencedmultisetstate.linked.';
const LONG: SerializerSnapshot = { kind: 'long' };

/** Null for serializers of another form. */
export function structOf(snapshot: SerializerSnapshot): Struct | null {
  switch (snapshot.kind) {
    case 'windowKey':
      return {
        className: 'org.apache.flink.table.runtime.util.WindowKey',
        fields: [
          { name: 'window', serializer: LONG },
          { name: 'key', serializer: snapshot.key },
        ],
      };
    case 'sharedBufferEdge':
      return {
        className: 'org.apache.flink.cep.nfa.sharedbuffer.SharedBufferEdge',
        fields: [
          { name: 'target', serializer: snapshot.target },
          { name: 'deweyNumber', serializer: snapshot.version },
        ],
      };
    case 'metaSqnInfo':
      return { className: `${MULTISET}MetaSqnInfo`, fields: named(['highSqn', 'size'], snapshot.fields) };
    case 'rowSqnInfo':
      return { className: `${MULTISET}RowSqnInfo`, fields: named(['firstSqn', 'lastSqn'], snapshot.fields) };
    case 'multisetNode':
      return {
        className: `${MULTISET}Node`,
        fields: named(['row', 'sqn', 'prevSqn', 'nextSqn', 'nextSqnForRecord', 'timestamp'], snapshot.fields),
      };
    default:
      return null;
  }
}

function named(names: readonly string[], serializers: readonly SerializerSnapshot[]): Struct['fields'] {
  return serializers.map((serializer, i) => ({ name: names[i] ?? `f${String(i)}`, serializer }));
}
