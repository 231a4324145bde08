import type { ByteReader } from '../bytes/byteReader.ts';
import { isJavaObject, javaListItems, readJavaObject, type JavaObject, type JavaValue } from './javaObject.ts';

/** A type of Flink SQL, as far as reading values needs it. */
export interface LogicalType {
  /** Flink's LogicalTypeRoot: `BIGINT`, `VARCHAR`, `ROW` ... */
  readonly root: string;
  /** Of decimals and times; 0 elsewhere. */
  readonly precision: number;
  readonly scale: number;
  /** Element of ARRAY and MULTISET, key and value of MAP, fields of ROW. */
  readonly children: readonly LogicalType[];
  /** Of ROW. */
  readonly fieldNames: readonly string[];
}

/** Reads a LogicalType, which Flink stores as a Java object. */
export function readLogicalType(reader: ByteReader): LogicalType {
  const start = reader.offset;
  const type = logicalTypeOf(readJavaObject(reader));
  return type ?? reader.fail('a Java object that is no LogicalType', start);
}

function logicalTypeOf(value: JavaValue | undefined): LogicalType | null {
  if (!isJavaObject(value)) return null;
  const root = value.fields.get('typeRoot');
  if (typeof root !== 'object' || root === null || root instanceof Uint8Array || root.type !== 'enum') return null;
  const rowFields = (javaListItems(value.fields.get('fields')) ?? javaListItems(value.fields.get('attributes')) ?? []).filter(isJavaObject);
  const parts = [
    ...['elementType', 'keyType', 'valueType'].map((name) => value.fields.get(name)),
    ...rowFields.map((field) => field.fields.get('type')),
  ];
  const children: LogicalType[] = [];
  for (const part of parts) {
    const child = logicalTypeOf(part);
    if (child !== null) children.push(child);
  }
  return {
    root: root.constant,
    precision: numberField(value, 'precision'),
    scale: numberField(value, 'scale'),
    children,
    fieldNames: rowFields.map((field) => {
      const name = field.fields.get('name');
      return typeof name === 'string' ? name : '';
    }),
  };
}

function numberField(object: JavaObject, name: string): number {
  const value = object.fields.get(name);
  return typeof value === 'number' ? value : 0;
}

/** For people: `ROW<id BIGINT, name VARCHAR>`. */
export function describeLogicalType(type: LogicalType): string {
  if (type.root === 'ROW') {
    return `ROW<${type.children.map((child, i) => `${type.fieldNames[i] ?? `f${String(i)}`} ${describeLogicalType(child)}`).join(', ')}>`;
  }
  if (type.children.length > 0) return `${type.root}<${type.children.map(describeLogicalType).join(', ')}>`;
  if (type.root === 'DECIMAL') return `DECIMAL(${String(type.precision)}, ${String(type.scale)})`;
  if (type.root.startsWith('TIMESTAMP')) return `${type.root}(${String(type.precision)})`;
  return type.root;
}
