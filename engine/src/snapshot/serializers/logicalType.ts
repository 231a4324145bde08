import type { ByteReader } from '../bytes/byteReader.ts';
import { isJavaObject, javaListItems, readJavaObject, type JavaObject, type JavaValue } from './javaObject.ts';

/** A type of Flink SQL: what reading values needs, and what Flink compares. */
export interface LogicalType {
  /** Flink's LogicalTypeRoot: `BIGINT`, `VARCHAR`, `ROW` ... */
  readonly root: string;
  /** Of decimals and times; 0 elsewhere. */
  readonly precision: number;
  readonly scale: number;
  /** Of CHAR, VARCHAR, BINARY and VARBINARY; 0 elsewhere. */
  readonly length: number;
  readonly isNullable: boolean;
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
    length: numberField(value, 'length'),
    isNullable: value.fields.get('isNullable') !== false,
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

/** What a STRING and BYTES have for a length. */
const UNBOUNDED = 2_147_483_647;
const SIZED: readonly string[] = ['CHAR', 'VARCHAR', 'BINARY', 'VARBINARY'];

/** For people, as Flink writes it: `ROW<id BIGINT NOT NULL, name VARCHAR(20)>`. */
export function describeLogicalType(type: LogicalType): string {
  return `${withoutNullability(type)}${type.isNullable ? '' : ' NOT NULL'}`;
}

function withoutNullability(type: LogicalType): string {
  const { root, length, precision, scale, children, fieldNames } = type;
  if (root === 'ROW') {
    return `ROW<${children.map((child, i) => `${fieldNames[i] ?? `f${String(i)}`} ${describeLogicalType(child)}`).join(', ')}>`;
  }
  if (children.length > 0) return `${root}<${children.map(describeLogicalType).join(', ')}>`;
  if (length === UNBOUNDED && root === 'VARCHAR') return 'STRING';
  if (length === UNBOUNDED && root === 'VARBINARY') return 'BYTES';
  if (SIZED.includes(root) && length > 0) return `${root}(${String(length)})`;
  if (root === 'DECIMAL') return `DECIMAL(${String(precision)}, ${String(scale)})`;
  if (root.startsWith('TIMESTAMP')) return `${root}(${String(precision)})`;
  return root;
}

/** As `LogicalType.equals`: length, precision, nullability, and the names of fields. */
export function sameLogicalType(a: LogicalType, b: LogicalType): boolean {
  return (
    a.root === b.root &&
    a.isNullable === b.isNullable &&
    a.length === b.length &&
    a.precision === b.precision &&
    a.scale === b.scale &&
    a.children.length === b.children.length &&
    a.children.every((child, i) => sameLogicalType(child, b.children[i] ?? child)) &&
    a.fieldNames.every((name, i) => name === b.fieldNames[i])
  );
}
