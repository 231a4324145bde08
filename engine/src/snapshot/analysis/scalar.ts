import { Floating, isList, type DumpValue } from '../values/dumpValue.ts';

/**
 * What expressions reckon with. Integers of any width are numbers as long as a number holds them exactly, and bigints beyond that: the two
 * compare exactly. Lists, maps and records stay as they were read.
 */
export type Scalar = null | boolean | number | bigint | string | Structure;
type Structure = readonly DumpValue[] | Floating | { readonly [key: string]: DumpValue };

/** Tags whose content is the value itself: texts, numbers and times in ISO form. */
const PLAIN_TAGS = new Set([
  '$enum',
  '$char',
  '$bytes',
  '$localDate',
  '$localTime',
  '$localDateTime',
  '$instant',
  '$date',
  '$timestamp',
  '$uuid',
  '$short',
  '$byte',
]);
const INTEGER_TAGS = new Set(['$long', '$bigint']);
const NUMBER_TAGS = new Set(['$double', '$float', '$decimal']);

/** A read value as expressions see it: the marks that keep Flink's types apart are taken off. */
export function scalarOf(value: DumpValue): Scalar {
  if (typeof value === 'bigint') return exactInteger(value);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Floating) return value.value;
  if (isList(value)) return value;
  for (const tag in value) {
    const inner = value[tag] ?? null;
    if (INTEGER_TAGS.has(tag) && typeof inner === 'string') return exactInteger(BigInt(inner));
    if (NUMBER_TAGS.has(tag) && (typeof inner === 'string' || typeof inner === 'number')) return Number(inner);
    if (PLAIN_TAGS.has(tag) || tag === '$avro' || tag === '$array' || tag === '$list' || tag === '$tuple') return scalarOf(inner);
    if (tag === '$ttl' || tag === '$branch') return scalarOf(value['value'] ?? null);
    break;
  }
  return value;
}

/** A number where it is exact. */
export function exactInteger(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** A part of a value, by name or position; null where there is none. Only what the value itself holds is found, never what JavaScript adds. */
export function partOf(value: DumpValue, step: string): DumpValue {
  if (typeof value !== 'object' || value === null || value instanceof Floating) return null;
  if (isList(value)) return value[positionOf(step)] ?? null;
  if (step.startsWith('$')) return Object.hasOwn(value, step) ? (value[step] ?? null) : null;
  const [tag] = Object.keys(value);
  if (tag === '$avro' || tag === '$tuple' || tag === '$array' || tag === '$list' || tag === '$duration')
    return partOf(value[tag] ?? null, step);
  if (tag === '$ttl' || tag === '$branch') return partOf(value['value'] ?? null, step);
  if (tag === '$row') return rowPart(value, step);
  if (tag === '$map') return mapPart(value[tag] ?? null, step);
  if (tag === '$window') return windowPart(value[tag] ?? null, step);
  if ((tag === '$left' || tag === '$right') && tag === `$${step}`) return value[tag] ?? null;
  return Object.hasOwn(value, step) ? (value[step] ?? null) : null;
}

/** Rows may name their fields; all have positions. */
function rowPart(row: { readonly [key: string]: DumpValue }, step: string): DumpValue {
  const names = row['names'];
  const fields = row['$row'];
  if (fields !== undefined && !isList(fields)) return partOf(fields, step);
  const named = names !== undefined && isList(names) ? names.indexOf(step) : -1;
  return fields?.[named >= 0 ? named : positionOf(step)] ?? null;
}

function mapPart(pairs: DumpValue, step: string): DumpValue {
  if (!isList(pairs)) return null;
  for (const pair of pairs) {
    if (!isList(pair)) continue;
    const key = scalarOf(pair[0] ?? null);
    if ((key === null || typeof key !== 'object') && String(key) === step) return pair[1] ?? null;
  }
  return null;
}

function windowPart(ends: DumpValue, step: string): DumpValue {
  if (!isList(ends)) return null;
  return step === 'start' ? (ends[0] ?? null) : step === 'end' ? (ends[1] ?? null) : null;
}

/** `2`, or `f2` as Flink calls the fields of tuples; -1 for anything else. */
export function positionOf(step: string): number {
  return /^f?\d{1,9}$/.test(step) ? Number(step.replace('f', '')) : -1;
}

/** Plain JSON, without the marks that keep Flink's types apart. Integers keep all their digits; numbers that JSON has not are texts. */
export function plainJson(value: DumpValue | Scalar): string {
  const scalar = scalarOf(value);
  if (typeof scalar === 'bigint') return scalar.toString();
  if (typeof scalar === 'number') return Number.isFinite(scalar) ? String(scalar) : JSON.stringify(String(scalar));
  if (typeof scalar !== 'object' || scalar === null) return JSON.stringify(scalar);
  if (isList(scalar)) return `[${scalar.map(plainJson).join(',')}]`;
  if (scalar instanceof Floating) return plainJson(scalar.value);
  const record: { readonly [key: string]: DumpValue } = scalar;
  const map = record['$map'];
  if (map !== undefined && isList(map)) return `{${map.map(plainPair).join(',')}}`;
  const row = record['$row'];
  if (row !== undefined) return plainJson(row);
  return `{${Object.entries(record)
    .map(([name, part]) => `${JSON.stringify(name.replace(/^\$/, ''))}:${plainJson(part)}`)
    .join(',')}}`;
}

function plainPair(pair: DumpValue): string {
  const [key, value] = isList(pair) ? pair : [null, null];
  const name = plainJson(key ?? null);
  return `${name.startsWith('"') ? name : JSON.stringify(name)}:${plainJson(value ?? null)}`;
}
