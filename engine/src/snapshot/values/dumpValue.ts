import { decodeAscii } from '../bytes/utf8.ts';

/**
 * A value as people and scripts see it: JSON that keeps Flink's types apart, such as `{"$long":"179"}`. Bigints are plain JSON numbers
 * beyond what a number holds exactly.
 */
export type DumpValue = null | boolean | number | bigint | Floating | string | readonly DumpValue[] | { readonly [key: string]: DumpValue };

/** A floating-point number that is as a plain JSON number, and keeps its point there: 450.0. */
export class Floating {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** One line of JSON. Object keys are in the order of the object. */
export function dumpText(value: DumpValue): string {
  if (typeof value === 'number') return numberText(value);
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Floating)
    return Object.is(value.value, -0)
      ? '-0.0'
      : Number.isInteger(value.value) && Math.abs(value.value) < 1e21
        ? value.value.toFixed(1)
        : String(value.value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (isList(value)) return `[${value.map(dumpText).join(',')}]`;
  return `{${Object.entries(value)
    .map(([key, item]) => `${JSON.stringify(key)}:${dumpText(item)}`)
    .join(',')}}`;
}

/** Pieces of a line have about this many characters. */
const PIECE = 1 << 16;

/** The same line piece by piece, so that the line of a large value is never in memory as a whole. */
export function* dumpTextPieces(value: DumpValue): Generator<string> {
  let text = '';
  for (const part of textParts(value)) {
    text += part;
    if (text.length < PIECE) continue;
    yield text;
    text = '';
  }
  if (text !== '') yield text;
}

function* textParts(value: DumpValue): Generator<string, void> {
  if (typeof value === 'string' && value.length > PIECE) yield* stringParts(value);
  else if (typeof value !== 'object' || value === null || !isLongText(value)) yield dumpText(value);
  else if (isList(value)) {
    let separator = '[';
    for (const item of value) {
      yield separator;
      yield* textParts(item);
      separator = ',';
    }
    yield ']';
  } else {
    const bytes = longBytes.get(value);
    if (bytes !== undefined) yield* bytesParts(bytes);
    else yield* fieldParts(Object.entries(value));
  }
}

function* bytesParts(bytes: Uint8Array): Generator<string, void> {
  yield '{"$bytes":"';
  for (let at = 0; at < bytes.length; at += PIECE) yield hexText(bytes.subarray(at, at + PIECE));
  yield '"}';
}

function* fieldParts(fields: readonly [string, DumpValue][]): Generator<string, void> {
  let separator = '{';
  for (const [key, item] of fields) {
    yield `${separator}${JSON.stringify(key)}:`;
    yield* textParts(item);
    separator = ',';
  }
  yield '}';
}

function* stringParts(text: string): Generator<string, void> {
  yield '"';
  for (let at = 0; at < text.length;) {
    let end = Math.min(at + PIECE, text.length);
    // The halves of a surrogate pair are escaped where they are apart.
    if (end < text.length && /[\ud800-\udbff]/.test(text.charAt(end - 1))) end++;
    yield JSON.stringify(text.slice(at, end)).slice(1, -1);
    at = end;
  }
  yield '"';
}

/** Whether the line of a value has more characters than a piece, or so many parts that it may have. */
export function isLongText(value: DumpValue): boolean {
  return budgetAfter(value, PIECE) < 0;
}

function budgetAfter(value: DumpValue, budget: number): number {
  if (typeof value === 'string') return budget - value.length;
  if (typeof value !== 'object' || value === null || value instanceof Floating) return budget - 1;
  if (longBytes.has(value)) return -1;
  let left = budget;
  if (isList(value)) {
    for (let i = 0; i < value.length && left >= 0; i++) left = budgetAfter(value[i] ?? null, left - 1);
    return left;
  }
  for (const name in value) {
    if (left < 0) break;
    left = budgetAfter(value[name] ?? null, left - 1);
  }
  return left;
}

function numberText(value: number): string {
  if (Object.is(value, -0)) return '-0.0';
  return JSON.stringify(value);
}

/** Gives an object a field whose name is data. An assignment to `__proto__` would give the object another prototype instead. */
export function setField(object: Record<string, DumpValue>, name: string, value: DumpValue): void {
  if (name === '__proto__') Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
  else object[name] = value;
}

/** A field whose name is data. Undefined where the object has none: what JavaScript adds to every object is not a field. */
export function ownField(object: { readonly [key: string]: DumpValue }, name: string): DumpValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

export function isList(value: DumpValue): value is readonly DumpValue[] {
  return Array.isArray(value);
}

/** `{"$map":...}` with its pairs in the order in which they are stored, so that they can be written as they were. */
export function dumpMap(pairs: readonly (readonly [DumpValue, DumpValue])[]): DumpValue {
  return { $map: pairs };
}

export function dumpLong(value: bigint): DumpValue {
  return { $long: value.toString() };
}

/** `{"$double":1.5}`; values that JSON has no number for are texts. */
export function dumpDouble(value: number): DumpValue {
  return { $double: finiteOrText(value) };
}

/** With as few digits as tell the 32-bit number from its neighbours. */
export function dumpFloat(value: number): DumpValue {
  return { $float: finiteOrText(shortestFloat(value)) };
}

function finiteOrText(value: number): DumpValue {
  if (Number.isFinite(value)) return value;
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
}

/** The shortest decimal number that rounds to this 32-bit one. */
export function shortestFloat(value: number): number {
  if (!Number.isFinite(value) || value === 0) return value;
  for (let digits = 6; digits < 9; digits++) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return shorter;
  }
  return value;
}

/** A 64-bit integer as a plain JSON number. */
export function plainInteger(value: bigint): DumpValue {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

/** Of arrays of bytes longer than this the text is not kept, for it is twice as long, but made whenever it is asked for. */
const KEPT_TEXT_MAX = 1 << 16;
const longBytes = new WeakMap<object, Uint8Array>();

export function dumpBytes(bytes: Uint8Array): DumpValue {
  if (bytes.length <= KEPT_TEXT_MAX) return { $bytes: hexText(bytes) };
  const own = bytes.slice();
  const value = {
    get $bytes(): string {
      return hexText(own);
    },
  };
  longBytes.set(value, own);
  return value;
}

const HEX_DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const HEX_CODES = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));

export function hexText(bytes: Uint8Array): string {
  if (bytes.length > KEPT_TEXT_MAX) return longHexText(bytes);
  let text = '';
  for (const byte of bytes) text += HEX_DIGITS[byte] ?? '';
  return text;
}

/** Added up byte by byte, a long text takes thirty times its length of memory. */
function longHexText(bytes: Uint8Array): string {
  const codes = new Uint8Array(2 * bytes.length);
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    codes[2 * i] = HEX_CODES[byte >> 4] ?? 0;
    codes[2 * i + 1] = HEX_CODES[byte & 15] ?? 0;
  }
  return decodeAscii(codes, 0, codes.length);
}

/** Two's complement, most significant byte first. No bytes are 0. */
export function bigintOf(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n;
  const value = BigInt(`0x${hexText(bytes)}`);
  return BigInt.asIntN(bytes.length * 8, value);
}

/** `java.math.BigDecimal.toString()`. */
export function decimalText(unscaled: bigint, scale: number): string {
  const sign = unscaled < 0n ? '-' : '';
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString();
  const exponent = digits.length - 1 - scale;
  if (scale >= 0 && exponent >= -6) {
    if (scale === 0) return sign + digits;
    const padded = digits.padStart(scale + 1, '0');
    return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
  }
  const mantissa = digits.length === 1 ? digits : `${digits.slice(0, 1)}.${digits.slice(1)}`;
  return exponent === 0 ? sign + mantissa : `${sign}${mantissa}E${exponent > 0 ? '+' : ''}${String(exponent)}`;
}

const DECIMAL = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,9}))?$/;

/** What `decimalText` printed; null for anything else. */
export function parseDecimal(text: string): { readonly unscaled: bigint; readonly scale: number } | null {
  const match = DECIMAL.exec(text);
  if (match === null) return null;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const digits = BigInt(whole + fraction);
  return { unscaled: sign === '-' ? -digits : digits, scale: fraction.length - Number(exponent) };
}

/** Null where it is not an even number of hexadecimal digits. */
export function bytesOfHex(text: string): Uint8Array | null {
  if (text.length % 2 !== 0) return null;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    const byte = (hexDigit(text.charCodeAt(2 * i)) << 4) | hexDigit(text.charCodeAt(2 * i + 1));
    if (byte < 0) return null;
    bytes[i] = byte;
  }
  return bytes;
}

/** Negative where it is none. */
function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
