import type { ByteReader } from '../bytes/byteReader.ts';
import { isJavaEnum, isJavaObject, javaKind, javaListItems, readJavaObject, type JavaObject, type JavaValue } from './javaObject.ts';

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
  /** Element of ARRAY and MULTISET, key and value of MAP, fields of ROW and STRUCTURED_TYPE, source of DISTINCT_TYPE. */
  readonly children: readonly LogicalType[];
  /** Of ROW and STRUCTURED_TYPE. */
  readonly fieldNames: readonly string[];
  /** Why nothing here can say what the type consists of: its values are then shown as their bytes. Missing where it is known. */
  readonly problem?: string;
}

/** Reads a LogicalType, which Flink stores as a Java object. */
export function readLogicalType(reader: ByteReader): LogicalType {
  const start = reader.offset;
  const type = logicalTypeOf(readJavaObject(reader));
  return type ?? reader.fail('a Java object that is not a LogicalType', start);
}

function logicalTypeOf(value: JavaValue | undefined): LogicalType | null {
  if (!isJavaObject(value)) return null;
  const root = value.fields.get('typeRoot');
  if (!isJavaEnum(root)) return null;
  const length = value.fields.get('length');
  const known = {
    root: root.constant,
    precision: 0,
    scale: 0,
    length: typeof length === 'number' ? length : 0,
    isNullable: value.fields.get('isNullable') !== false,
    children: [],
    fieldNames: [],
  };
  const parts = partsOf(root.constant, value);
  return typeof parts === 'string' ? { ...known, problem: parts } : { ...known, ...parts };
}

/** What a type of this root has beside its root; a text says what of it cannot be read. */
function partsOf(root: string, value: JavaObject): Partial<LogicalType> | string {
  switch (root) {
    case 'ARRAY':
    case 'MULTISET':
      return childrenOf(value, ['elementType']);
    case 'MAP':
      return childrenOf(value, ['keyType', 'valueType']);
    case 'DISTINCT_TYPE':
      return childrenOf(value, ['sourceType']);
    case 'ROW':
      return fieldsOf(value, 'fields');
    case 'STRUCTURED_TYPE':
      return fieldsOf(value, 'attributes');
    case 'DECIMAL':
      return numbersOf(value, ['precision', 'scale']);
    case 'TIME_WITHOUT_TIME_ZONE':
    case 'TIMESTAMP_WITHOUT_TIME_ZONE':
    case 'TIMESTAMP_WITH_TIME_ZONE':
    case 'TIMESTAMP_WITH_LOCAL_TIME_ZONE':
      return numbersOf(value, ['precision']);
    default:
      return {};
  }
}

function childrenOf(value: JavaObject, names: readonly string[]): Partial<LogicalType> | string {
  const children: LogicalType[] = [];
  for (const name of names) {
    const child = logicalTypeOf(value.fields.get(name));
    if (child === null) return `${value.className} has no readable ${name}`;
    children.push(child);
  }
  return { children };
}

function fieldsOf(value: JavaObject, list: string): Partial<LogicalType> | string {
  const stored = value.fields.get(list);
  const items = javaListItems(stored);
  if (items === null) return `the ${list} of ${value.className} are in ${javaKind(stored)}, which is not known`;
  const children: LogicalType[] = [];
  const fieldNames: string[] = [];
  for (const item of items) {
    const name = isJavaObject(item) ? item.fields.get('name') : undefined;
    const type = isJavaObject(item) ? logicalTypeOf(item.fields.get('type')) : null;
    if (typeof name !== 'string' || type === null)
      return `a part of the ${list} of ${value.className} is ${javaKind(item)}, without a name and a type`;
    children.push(type);
    fieldNames.push(name);
  }
  return { children, fieldNames };
}

function numbersOf(value: JavaObject, names: readonly ('precision' | 'scale')[]): Partial<LogicalType> | string {
  const numbers: { precision?: number; scale?: number } = {};
  for (const name of names) {
    const number = value.fields.get(name);
    if (typeof number !== 'number') return `${value.className} has no readable ${name}`;
    numbers[name] = number;
  }
  return numbers;
}

/** What a STRING and BYTES have for a length. */
const UNBOUNDED = 2_147_483_647;
const SIZED: readonly string[] = ['CHAR', 'VARCHAR', 'BINARY', 'VARBINARY'];

/** For people, as Flink writes it: `ROW<id BIGINT NOT NULL, name VARCHAR(20)>`. */
export function describeLogicalType(type: LogicalType): string {
  return `${withoutNullability(type)}${type.isNullable ? '' : ' NOT NULL'}`;
}

function withoutNullability(type: LogicalType): string {
  const { root, length, precision, scale, children, fieldNames, problem } = type;
  if (problem !== undefined) return `${root} (${problem})`;
  if (root === 'ROW' || root === 'STRUCTURED_TYPE') {
    return `${root}<${children.map((child, i) => `${fieldNames[i] ?? `f${String(i)}`} ${describeLogicalType(child)}`).join(', ')}>`;
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
    a.problem === b.problem &&
    a.isNullable === b.isNullable &&
    a.length === b.length &&
    a.precision === b.precision &&
    a.scale === b.scale &&
    a.children.length === b.children.length &&
    a.children.every((child, i) => sameLogicalType(child, b.children[i] ?? child)) &&
    a.fieldNames.every((name, i) => name === b.fieldNames[i])
  );
}
