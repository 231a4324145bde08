/**
 * A value as people and scripts see it: JSON that keeps Flink's types apart, such as `{"$long":"179"}`. Bigints are plain JSON numbers
 * beyond what a number holds exactly.
 */
export type DumpValue = null | boolean | number | bigint | Floating | string | readonly DumpValue[] | { readonly [key: string]: DumpValue };

/** A floating-point number that stands as a plain JSON number, and keeps its point there: 450.0. */
export class Floating {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** One line of JSON. Object keys stand in the order of the object. */
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

function numberText(value: number): string {
  if (Object.is(value, -0)) return '-0.0';
  return JSON.stringify(value);
}

export function isList(value: DumpValue): value is readonly DumpValue[] {
  return Array.isArray(value);
}

/** `{"$map":...}` with its pairs in the order of their text, so that equal maps look alike. */
export function dumpMap(pairs: readonly (readonly [DumpValue, DumpValue])[]): DumpValue {
  const sorted = pairs.map((pair) => ({ pair, text: dumpText(pair) }));
  sorted.sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0));
  return { $map: sorted.map((entry) => entry.pair) };
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

export function dumpBytes(bytes: Uint8Array): DumpValue {
  return { $bytes: hexText(bytes) };
}

const HEX_DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function hexText(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX_DIGITS[byte] ?? '';
  return text;
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

/** Null where it is no even number of hexadecimal digits. */
export function bytesOfHex(text: string): Uint8Array | null {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return null;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(i * 2, i * 2 + 2), 16);
  return bytes;
}
