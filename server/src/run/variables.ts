import type { Variable } from '../control.ts';

const DEPTH_MAX = 5;
const CHILDREN_MAX = 100;
const TEXT_MAX = 1000;

/** A value as a tree for people. Depth and breadth are bounded, and what is left out says so. Never calls user code. */
export function toVariable(name: string, value: unknown, depth = DEPTH_MAX): Variable {
  if (typeof value !== 'object' || value === null)
    return { name, value: scalarText(value), type: value === null ? null : typeof value, children: [] };
  if (value instanceof Uint8Array) return { name, value: bytesText(value), type: 'bytes', children: [] };
  if (value instanceof Date)
    return { name, value: Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString(), type: 'Date', children: [] };
  const entries = entriesOf(value);
  const children = depth === 0 ? [] : entries.slice(0, CHILDREN_MAX).map(([child, inner]) => toVariable(child, inner, depth - 1));
  if (depth > 0 && entries.length > CHILDREN_MAX) {
    children.push({ name: '…', value: `${String(entries.length - CHILDREN_MAX)} more`, type: null, children: [] });
  }
  return { name, value: summary(value, entries), type: typeName(value), children };
}

function entriesOf(value: object): [string, unknown][] {
  if (Array.isArray(value)) return value.map((element, index): [string, unknown] => [String(index), element]);
  if (value instanceof Map) return [...value].map(([key, inner]): [string, unknown] => [inlineText(key), inner]);
  if (value instanceof Set) return [...value].map((inner, index): [string, unknown] => [String(index), inner]);
  return Object.entries(Object.getOwnPropertyDescriptors(value))
    .filter(([, descriptor]) => descriptor.enumerable === true)
    .map(([name, descriptor]): [string, unknown] => [name, 'value' in descriptor ? descriptor.value : '(computed)']);
}

function typeName(value: object): string {
  if (Array.isArray(value)) return 'array';
  if (value instanceof Map) return 'map';
  if (value instanceof Set) return 'set';
  return 'object';
}

function summary(value: object, entries: readonly [string, unknown][]): string {
  const shown = entries
    .slice(0, 6)
    .map(([name, inner]) => (Array.isArray(value) || value instanceof Set ? inlineText(inner) : `${name}: ${inlineText(inner)}`));
  const text = `${shown.join(', ')}${entries.length > 6 ? ', …' : ''}`;
  if (Array.isArray(value) || value instanceof Map || value instanceof Set) return `(${String(entries.length)}) [${text}]`;
  return text === '' ? '{}' : `{ ${text} }`;
}

function inlineText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return scalarText(value);
  if (Array.isArray(value)) return `(${String(value.length)}) […]`;
  if (value instanceof Map || value instanceof Set) return `(${String(value.size)}) […]`;
  return value instanceof Uint8Array ? bytesText(value) : '{…}';
}

function scalarText(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > TEXT_MAX ? `${value.slice(0, TEXT_MAX)}…` : value);
    case 'bigint':
      return `${String(value)}n`;
    case 'function':
      return `function ${value.name}`;
    default:
      return String(value);
  }
}

function bytesText(bytes: Uint8Array): string {
  const hex = Array.from(bytes.subarray(0, 32), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return `(${String(bytes.length)} bytes) ${hex}${bytes.length > 32 ? ' …' : ''}`;
}
