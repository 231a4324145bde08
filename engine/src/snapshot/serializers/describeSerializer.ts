import { describeCoder } from './beamCoder.ts';
import { describeLogicalType } from './logicalType.ts';
import type { SerializerSnapshot } from './serializerSnapshot.ts';
import { isSimple, SIMPLE_SERIALIZERS } from './simpleSerializers.ts';

/** How a class is called. */
export type NameOfClass = (className: string) => string;

/** For people: `map<string, long>`. Classes by their simple names, unless `nameOf` gives others. */
export function describeSerializer(snapshot: SerializerSnapshot, nameOf: NameOfClass = simpleName): string {
  const describe = (part: SerializerSnapshot): string => describeSerializer(part, nameOf);
  const all = (parts: readonly SerializerSnapshot[]): string => parts.map(describe).join(', ');
  if (isSimple(snapshot)) return SIMPLE_SERIALIZERS[snapshot.kind].name;
  switch (snapshot.kind) {
    case 'list':
    case 'arrayList':
      return `list<${describe(snapshot.element)}>`;
    case 'set':
      return `set<${describe(snapshot.element)}>`;
    case 'map':
      return `map<${describe(snapshot.key)}, ${describe(snapshot.value)}>`;
    case 'tuple':
      return `tuple<${all(snapshot.fields)}>`;
    case 'row':
      return `row<${all(snapshot.fields)}>`;
    case 'either':
    case 'scalaEither':
      return `either<${describe(snapshot.left)}, ${describe(snapshot.right)}>`;
    case 'nullable':
    case 'scalaOption':
      return `${describe(snapshot.value)} | null`;
    case 'genericArray':
    case 'scalaTraversable':
      return `${describe(snapshot.element)}[]`;
    case 'enum':
    case 'scalaEnum':
    case 'pojo':
    case 'scalaCaseClass':
      return nameOf(snapshot.className);
    case 'kryo':
      return `${nameOf(snapshot.className)} (Kryo)`;
    case 'avro':
      return avroName(snapshot.schema);
    case 'ttl':
      return `${describe(snapshot.value)} with TTL`;
    case 'ttlAware':
    case 'external':
      return describe(snapshot.value);
    case 'timer':
      return `timer<${describe(snapshot.key)}, ${describe(snapshot.namespace)}>`;
    case 'streamElement':
      return `stream element<${describe(snapshot.value)}>`;
    case 'bufferEntry':
      return `buffer entry<${describe(snapshot.value)}>`;
    case 'taggedUnion':
      return `union<${describe(snapshot.one)}, ${describe(snapshot.two)}>`;
    case 'scalaTry':
      return `try<${describe(snapshot.value)}>`;
    case 'valueType':
      return nameOf(snapshot.className);
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
      return describe(snapshot.list);
    case 'mapView':
      return describe(snapshot.map);
    case 'nullAwareMap':
    case 'sortedMap':
      return `map<${describe(snapshot.key)}, ${describe(snapshot.value)}>`;
    case 'linkedList':
      return `list<${describe(snapshot.element)}>`;
    case 'metaSqnInfo':
      return 'multiset info';
    case 'rowSqnInfo':
      return 'row info';
    case 'multisetNode':
      return `multiset node<${snapshot.fields.slice(0, 1).map(describe).join('')}>`;
    case 'twoPhaseCommitState':
      return `two-phase commit<${describe(snapshot.transaction)}, ${describe(snapshot.context)}>`;
    case 'rowDataKey':
      return describe(snapshot.row);
    case 'binaryRowData':
      return `binary row of ${String(snapshot.fieldCount)} fields`;
    case 'lockable':
      return `lockable<${describe(snapshot.element)}>`;
    case 'windowKey':
      return `window key<${describe(snapshot.key)}>`;
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
    case 'beamCoder':
      return describeCoder(snapshot.coder);
    case 'beamNamespace':
      return 'Beam namespace';
    case 'beamKey':
      return snapshot.coder === null ? 'FlinkKey' : describeCoder(snapshot.coder);
    case 'unknown':
      return `${serializerName(snapshot.className)} (unknown)`;
  }
}

/** Of a Java binary name, what is after packages and outer classes. */
export function simpleName(className: string): string {
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
    // The name is for display only; the one that reads values reports a schema that is not JSON.
  }
  return 'avro record';
}
