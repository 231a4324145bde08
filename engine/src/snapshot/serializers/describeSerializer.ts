import { describeLogicalType } from './logicalType.ts';
import type { SerializerSnapshot } from './serializerSnapshot.ts';
import { isSimple, SIMPLE_SERIALIZERS } from './simpleSerializers.ts';

/** For people: `map<string, long>`. */
export function describeSerializer(snapshot: SerializerSnapshot): string {
  if (isSimple(snapshot)) return SIMPLE_SERIALIZERS[snapshot.kind].name;
  switch (snapshot.kind) {
    case 'list':
    case 'arrayList':
      return `list<${describeSerializer(snapshot.element)}>`;
    case 'set':
      return `set<${describeSerializer(snapshot.element)}>`;
    case 'map':
      return `map<${describeSerializer(snapshot.key)}, ${describeSerializer(snapshot.value)}>`;
    case 'tuple':
      return `tuple<${all(snapshot.fields)}>`;
    case 'row':
      return `row<${all(snapshot.fields)}>`;
    case 'either':
    case 'scalaEither':
      return `either<${describeSerializer(snapshot.left)}, ${describeSerializer(snapshot.right)}>`;
    case 'nullable':
    case 'scalaOption':
      return `${describeSerializer(snapshot.value)} | null`;
    case 'genericArray':
    case 'scalaTraversable':
      return `${describeSerializer(snapshot.element)}[]`;
    case 'enum':
    case 'scalaEnum':
    case 'pojo':
    case 'scalaCaseClass':
      return simpleName(snapshot.className);
    case 'kryo':
      return `${simpleName(snapshot.className)} (Kryo)`;
    case 'avro':
      return avroName(snapshot.schema);
    case 'ttl':
      return `${describeSerializer(snapshot.value)} with TTL`;
    case 'ttlAware':
    case 'external':
      return describeSerializer(snapshot.value);
    case 'timer':
      return `timer<${describeSerializer(snapshot.key)}, ${describeSerializer(snapshot.namespace)}>`;
    case 'streamElement':
      return `stream element<${describeSerializer(snapshot.value)}>`;
    case 'bufferEntry':
      return `buffer entry<${describeSerializer(snapshot.value)}>`;
    case 'taggedUnion':
      return `union<${describeSerializer(snapshot.one)}, ${describeSerializer(snapshot.two)}>`;
    case 'scalaTry':
      return `try<${describeSerializer(snapshot.value)}>`;
    case 'valueType':
      return simpleName(snapshot.className);
    case 'nfaState':
      return 'NFA state';
    case 'nodeId':
      return 'node id';
    case 'sharedBufferNode':
    case 'sharedBufferNodeV1':
      return 'shared buffer node';
    case 'sharedBufferEdge':
      return 'shared buffer edge';
    case 'listView':
      return describeSerializer(snapshot.list);
    case 'mapView':
      return describeSerializer(snapshot.map);
    case 'nullAwareMap':
    case 'sortedMap':
      return `map<${describeSerializer(snapshot.key)}, ${describeSerializer(snapshot.value)}>`;
    case 'linkedList':
      return `list<${describeSerializer(snapshot.element)}>`;
    case 'metaSqnInfo':
      return 'multiset info';
    case 'rowSqnInfo':
      return 'row info';
    case 'multisetNode':
      return `multiset node<${snapshot.fields.slice(0, 1).map(describeSerializer).join('')}>`;
    case 'twoPhaseCommitState':
      return `two-phase commit<${describeSerializer(snapshot.transaction)}, ${describeSerializer(snapshot.context)}>`;
    case 'rowDataKey':
      return describeSerializer(snapshot.row);
    case 'binaryRowData':
      return `binary row of ${String(snapshot.fieldCount)} fields`;
    case 'lockable':
      return `lockable<${describeSerializer(snapshot.element)}>`;
    case 'windowKey':
      return `window key<${describeSerializer(snapshot.key)}>`;
    case 'rowData':
      return `ROW<${snapshot.types.map(describeLogicalType).join(', ')}>`;
    case 'arrayData':
      return `ARRAY<${describeLogicalType(snapshot.element)}>`;
    case 'mapData':
      return `MAP<${describeLogicalType(snapshot.key)}, ${describeLogicalType(snapshot.value)}>`;
    case 'rawValueData':
      return 'RAW';
    case 'decimalData':
      return `DECIMAL(${String(snapshot.precision)}, ${String(snapshot.scale)})`;
    case 'timestampData':
      return `TIMESTAMP(${String(snapshot.precision)})`;
    case 'unknown':
      return `${serializerName(snapshot.className)} (unknown)`;
  }
}

function all(snapshots: readonly SerializerSnapshot[]): string {
  return snapshots.map(describeSerializer).join(', ');
}

/** Of a Java binary name, what stands after packages and outer classes. */
function simpleName(className: string): string {
  return className.slice(Math.max(className.lastIndexOf('.'), className.lastIndexOf('$')) + 1);
}

/** `MySerializer` of `com.acme.MySerializer$MySerializerSnapshot` and of `com.acme.MySerializerSnapshot`. */
function serializerName(snapshotClass: string): string {
  const name = simpleName(snapshotClass);
  return name.endsWith('Snapshot') && name !== 'Snapshot' ? name.slice(0, -'Snapshot'.length) : name;
}

function avroName(schema: string): string {
  try {
    const parsed: unknown = JSON.parse(schema);
    if (typeof parsed === 'object' && parsed !== null && 'name' in parsed && typeof parsed.name === 'string')
      return simpleName(parsed.name);
  } catch {
    // The name is for display only; whoever reads values reports a schema that is no JSON.
  }
  return 'avro record';
}
