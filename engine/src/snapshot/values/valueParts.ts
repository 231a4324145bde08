import { bytesOfHex, dumpText, Floating, isList, ownField, parseDecimal, type DumpValue } from './dumpValue.ts';
import { parsePyflinkType, PyflinkTypeError } from './pyflinkType.ts';
import { decodedPyflink } from './pyflinkValue.ts';
import { decodedPickle } from './pythonValue.ts';
import { unfit } from './unfitValue.ts';
import { decodedVariant } from './variantValue.ts';

/** Taking values apart that are to be written. Each throws UnfitValue where the value is something else. */

export type DumpObject = Readonly<Record<string, DumpValue>>;

export function isDumpObject(value: DumpValue): value is DumpObject {
  return typeof value === 'object' && value !== null && !isList(value) && !(value instanceof Floating);
}

/** What is under a tag such as `$long`; the value itself where it has no such tag. */
export function untag(value: DumpValue, tag: string): DumpValue {
  if (!isDumpObject(value)) return value;
  return ownField(value, tag) ?? value;
}

const INTEGER = /^[+-]?\d+$/;

/** Plain, or tagged. Both ends belong to the range. */
export function integerOf(value: DumpValue, tag: string, min: bigint, max: bigint, what: string): bigint {
  const inner = untag(value, tag);
  let integer: bigint | null = null;
  if (typeof inner === 'bigint') integer = inner;
  else if (typeof inner === 'number' && Number.isSafeInteger(inner)) integer = BigInt(inner);
  else if (inner !== value && typeof inner === 'string' && INTEGER.test(inner)) integer = BigInt(inner);
  return integer === null || integer < min || integer > max ? unfit(what, value) : integer;
}

const I64_MIN = -(2n ** 63n);
const I64_MAX = 2n ** 63n - 1n;

export function longOf(value: DumpValue, tag = '$long'): bigint {
  return integerOf(value, tag, I64_MIN, I64_MAX, 'a 64-bit integer');
}

export function intOf(value: DumpValue, bits = 32): number {
  const half = 2n ** BigInt(bits - 1);
  return Number(integerOf(value, '$int', -half, half - 1n, `a ${String(bits)}-bit integer`));
}

export function bigintOfValue(value: DumpValue): bigint {
  const inner = untag(value, '$bigint');
  if (typeof inner === 'bigint') return inner;
  if (typeof inner === 'number' && Number.isSafeInteger(inner)) return BigInt(inner);
  return inner !== value && typeof inner === 'string' && INTEGER.test(inner) ? BigInt(inner) : unfit('an integer', value);
}

export function floatingOf(value: DumpValue, tag: string): number {
  const inner = untag(value, tag);
  if (typeof inner === 'number') return inner;
  if (inner instanceof Floating) return inner.value;
  if (inner === 'NaN') return Number.NaN;
  if (inner === 'Infinity') return Number.POSITIVE_INFINITY;
  return inner === '-Infinity' ? Number.NEGATIVE_INFINITY : unfit('a number', value);
}

export function booleanOf(value: DumpValue): boolean {
  return typeof value === 'boolean' ? value : unfit('true or false', value);
}

export function textOf(value: DumpValue): string {
  return typeof value === 'string' ? value : unfit('a text', value);
}

/** Of a tag that must be there. */
export function taggedText(value: DumpValue, tag: string): string {
  const inner = untag(value, tag);
  return inner !== value && typeof inner === 'string' ? inner : unfit(`{"${tag}": a text}`, value);
}

/** One UTF-16 unit. */
export function charOf(value: DumpValue): number {
  const inner = untag(value, '$char');
  return typeof inner === 'string' && inner.length === 1 ? inner.charCodeAt(0) : unfit('one character', value);
}

export function bytesOf(value: DumpValue): Uint8Array {
  const bytes = bytesOfHex(taggedText(value, '$bytes'));
  return bytes ?? unfit('hexadecimal digits', value);
}

export function decimalOf(value: DumpValue): { readonly unscaled: bigint; readonly scale: number } {
  return parseDecimal(taggedText(value, '$decimal')) ?? unfit('a decimal number', value);
}

/** A plain list. */
export function listOf(value: DumpValue): readonly DumpValue[] {
  return isList(value) ? value : unfit('a list', value);
}

/** `{"$array":[...]}`, `{"$tuple":[...]}`. */
export function taggedList(value: DumpValue, tag: string): readonly DumpValue[] {
  const inner = untag(value, tag);
  return inner !== value && isList(inner) ? inner : unfit(`{"${tag}": a list}`, value);
}

export function pairsOf(value: DumpValue): readonly (readonly [DumpValue, DumpValue])[] {
  return taggedList(value, '$map').map((pair) => {
    const [key, item] = isList(pair) && pair.length === 2 ? pair : [];
    return key === undefined || item === undefined ? unfit('a pair of key and value', pair) : [key, item];
  });
}

export function objectOf(value: DumpValue, what = 'an object'): DumpObject {
  return isDumpObject(value) ? value : unfit(what, value);
}

/** A field that must be there. */
export function fieldOf(object: DumpObject, name: string): DumpValue {
  const value = ownField(object, name);
  return value === undefined ? unfit(`the field ${JSON.stringify(name)}`, object) : value;
}

/** The bytes of a byte array. What a dump shows beside them must be what they say: they alone are written. */
export function byteArrayOf(value: DumpValue): Uint8Array {
  const bytes = bytesOf(value);
  if (!isDumpObject(value)) return bytes;
  const one = ownField(value, 'decoded');
  // One that is null is a claim as well.
  const claimed = one === undefined ? ownField(value, 'decodedAll') : one;
  if (claimed === undefined) return bytes;
  const shown = decodedPython(bytes, ownField(value, 'pyflink'));
  const decoded = shown === null ? undefined : 'decoded' in shown ? shown.decoded : 'decodedAll' in shown ? shown.decodedAll : undefined;
  if (decoded === undefined || dumpText(decoded) !== dumpText(claimed)) unfit('what the bytes say (only its bytes can be edited)', claimed);
  return bytes;
}

/** As a pickle, or with the type that a dump shows. */
function decodedPython(bytes: Uint8Array, type: DumpValue | undefined): ReturnType<typeof decodedPickle> {
  if (type === undefined) return decodedPickle(bytes);
  try {
    return decodedPyflink(bytes, parsePyflinkType(textOf(type)));
  } catch (error) {
    if (error instanceof PyflinkTypeError) unfit('a type of PyFlink', type);
    throw error;
  }
}

/** The bytes of a VARIANT. What a dump shows beside them must be what they say: they alone are written. */
export function variantOf(value: DumpValue): { readonly bytes: Uint8Array; readonly metadata: Uint8Array } {
  const object = objectOf(value);
  const bytes = bytesOf(fieldOf(object, '$variant'));
  const metadata = bytesOf(fieldOf(object, 'metadata'));
  const shown = decodedVariant(bytes, metadata);
  const decoded = object['decoded'];
  if (decoded !== undefined && !('decoded' in shown && dumpText(shown.decoded) === dumpText(decoded)))
    unfit('the "decoded" that the bytes of the VARIANT have (only its bytes can be edited)', decoded);
  return { bytes, metadata };
}
