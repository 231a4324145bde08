import { encodeUtf8 } from '../bytes/utf8.ts';
import { bytesOfHex, decimalText, dumpText, Floating, hexText, isList, parseDecimal, type DumpValue } from '../values/dumpValue.ts';
import { parseDate, parseDateTime, parseInstant, parseTime } from '../values/isoTime.ts';
import { unfit, UnfitValue } from '../values/unfitValue.ts';
import { bigintOfValue, booleanOf, charOf, floatingOf, integerOf, isDumpObject, longOf, textOf, untag } from '../values/valueParts.ts';
import { TIME_TYPES, type LeafForm, type LeafType } from '../forms/form.ts';
import type { Treatment } from './redactionRules.ts';

/** HMAC-SHA-256 with the salt as its key: 32 bytes. The platform's own cryptography is behind it. */
export type SaltedHash = (bytes: Uint8Array) => Uint8Array;

/** Of values that are not null. Throws UnfitValue where they are of another type. */
export type Convert = (value: DumpValue) => DumpValue;

/** What has too few values to be hidden by a hash, or where a hash would mean nothing. */
const UNHASHED: ReadonlySet<LeafType> = new Set(['boolean', 'char', 'enum', ...TIME_TYPES]);

/** Null where values of the type cannot be hashed. */
export function hashing(form: LeafForm, length: number, salted: SaltedHash): Convert | null {
  if (UNHASHED.has(form.type)) return null;
  const digest = (text: string): Uint8Array => salted(encodeUtf8(text));
  switch (form.type) {
    case 'string':
      return (value) => hexText(digest(textIn(form, value))).slice(0, length);
    case 'bytes':
      return (value) => {
        const hash = salted(bytesIn(form, value));
        const { size = hash.length } = form;
        return dumpOfBytes(
          form,
          Uint8Array.from({ length: size }, (_, i) => hash[i % hash.length] ?? 0),
        );
      };
    case 'integer':
      return (value) => dumpOfInteger(form, permuted(integerIn(form, value), form.bits ?? 32, salted));
    case 'float':
    case 'double':
      return (value) => {
        const bits = form.type === 'float' ? 24n : 53n;
        return dumpOfFloating(form, Number(numberIn(digest(String(floatingIn(form, value)))) >> (256n - bits)));
      };
    case 'bigInteger':
      return (value) => ({ $bigint: String(numberIn(digest(String(bigintOfValue(value)))) >> 128n) });
    case 'decimal':
      return (value) => {
        const { scale } = parseDecimal(decimalIn(value)) ?? { scale: 0 };
        const digits = form.precision === undefined || form.precision === 0 ? 18 : form.precision;
        return { $decimal: decimalText(numberIn(digest(decimalIn(value))) % 10n ** BigInt(digits), form.scale ?? scale) };
      };
    default:
      return null;
  }
}

/** The fewer bits, the more rounds it takes to mix them. */
const roundsOf = (bits: number): number => (bits >= 32 ? 4 : 10);

/**
 * A whole number of the type's range that the salt decides: a Feistel network with the salted hash in each round. It is a permutation, so that
 * different numbers, as of keys, stay different also where the range is small.
 */
function permuted(value: bigint, bits: number, salted: SaltedHash): bigint {
  const half = BigInt(bits / 2);
  const mask = (1n << half) - 1n;
  const unsigned = BigInt.asUintN(bits, value);
  let left = unsigned >> half;
  let right = unsigned & mask;
  for (let round = 0; round < roundsOf(bits); round++) {
    const mixed = numberIn(salted(encodeUtf8(`${String(bits)} ${String(round)} ${String(right)}`))) & mask;
    [left, right] = [right, left ^ mixed];
  }
  return BigInt.asIntN(bits, (left << half) | right);
}

/** Zero, false, the first constant, 1970; texts as stars, but for what is to be seen of them. */
export function masking(form: LeafForm, treatment: Extract<Treatment, { action: 'mask' }>): Convert {
  const { scale } = form;
  switch (form.type) {
    case 'string':
      return (value) => maskedText(textIn(form, value), treatment);
    case 'char':
      return () => ({ $char: '*' });
    case 'boolean':
      return () => false;
    case 'integer':
      return () => dumpOfInteger(form, 0n);
    case 'float':
    case 'double':
      return () => dumpOfFloating(form, 0);
    case 'bigInteger':
      return () => ({ $bigint: '0' });
    case 'decimal':
      return (value) => ({ $decimal: decimalText(0n, scale ?? parseDecimal(decimalIn(value))?.scale ?? 0) });
    case 'bytes':
      return (value) => dumpOfBytes(form, new Uint8Array(bytesIn(form, value).length));
    case 'enum':
      return () => dumpOfEnum(form, form.constants?.[0] ?? '');
    default:
      return () => EPOCHS[form.type] ?? null;
  }
}

const EPOCHS: Readonly<Partial<Record<LeafType, DumpValue>>> = {
  date: { $localDate: '1970-01-01' },
  time: { $localTime: '00:00' },
  localDateTime: { $localDateTime: '1970-01-01T00:00' },
  instant: { $instant: '1970-01-01T00:00:00Z' },
  millis: { $date: 0 },
  sqlTimestamp: { $timestamp: 0, nanos: 0 },
};

/** What would be seen whole is not seen at all. */
function maskedText(text: string, { first, last, keepLength }: Extract<Treatment, { action: 'mask' }>): string {
  const letters = Array.from(text);
  const hidden = letters.length - first - last;
  if (hidden <= 0) return '*'.repeat(keepLength ? letters.length : 3);
  return letters.slice(0, first).join('') + '*'.repeat(keepLength ? hidden : 3) + letters.slice(letters.length - last).join('');
}

/** The constant that a rule gives, as a value of the type: plain JSON, or as it is in a dump. @throws UnfitValue */
export function constantOf(form: LeafForm, given: DumpValue): DumpValue {
  if (given === null) return form.writesNull ? null : unfit(`a value of type ${form.type}`, given);
  switch (form.type) {
    case 'string':
      return textOf(given);
    case 'char':
      return { $char: String.fromCharCode(charOf(given)) };
    case 'boolean':
      return booleanOf(given);
    case 'integer':
      return dumpOfInteger(form, integerIn(form, given));
    case 'float':
    case 'double':
      return dumpOfFloating(form, floatingIn(form, given));
    case 'bigInteger':
      return { $bigint: String(typeof given === 'string' && /^-?\d+$/.test(given) ? BigInt(given) : bigintOfValue(given)) };
    case 'decimal': {
      const text = typeof given === 'number' ? String(given) : textOf(untag(given, '$decimal'));
      return parseDecimal(text) === null ? unfit('a decimal number', given) : { $decimal: text };
    }
    case 'bytes': {
      const text = untag(given, '$bytes');
      const bytes = typeof text === 'string' ? bytesOfHex(text) : null;
      if (bytes === null || (form.size !== undefined && bytes.length !== form.size)) return unfit('bytes as hexadecimal digits', given);
      return dumpOfBytes(form, bytes);
    }
    case 'enum': {
      const name = textOf(untag(given, '$enum'));
      return form.constants?.includes(name) === true ? dumpOfEnum(form, name) : unfit(`one of ${(form.constants ?? []).join(', ')}`, given);
    }
    case 'millis':
      return { $date: Number(longOf(given, '$date')) };
    case 'sqlTimestamp':
      return isDumpObject(given) ? given : { $timestamp: Number(longOf(given)), nanos: 0 };
    case 'date':
    case 'time':
    case 'localDateTime':
    case 'instant': {
      const text = textOf(untag(given, form.tag ?? ''));
      return TIMES[form.type](text) === null ? unfit(`a ${form.type} in the form of ISO 8601`, given) : { [form.tag ?? '']: text };
    }
    default:
      return unfit('a type of which there are constants', given);
  }
}

const TIMES = { date: parseDate, time: parseTime, localDateTime: parseDateTime, instant: parseInstant } as const;

function integerIn(form: LeafForm, value: DumpValue): bigint {
  const half = 2n ** BigInt((form.bits ?? 32) - 1);
  return integerOf(value, form.tag ?? '$int', -half, half - 1n, `an integer of ${String(form.bits ?? 32)} bits`);
}

function dumpOfInteger(form: LeafForm, value: bigint): DumpValue {
  if (form.tag !== null) return { [form.tag]: String(value) };
  return (form.bits ?? 32) <= 32 || (value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER))
    ? Number(value)
    : value;
}

function floatingIn(form: LeafForm, value: DumpValue): number {
  return floatingOf(value, form.tag ?? '$double');
}

function dumpOfFloating(form: LeafForm, value: number): DumpValue {
  return form.tag === null ? new Floating(value) : { [form.tag]: value };
}

/** A UUID of Avro is a text, whatever its tag. */
function textIn(form: LeafForm, value: DumpValue): string {
  return textOf(form.tag === null ? value : untag(value, form.tag));
}

function decimalIn(value: DumpValue): string {
  const text = untag(value, '$decimal');
  return text !== value && typeof text === 'string' ? text : unfit('a decimal number', value);
}

function dumpOfEnum(form: LeafForm, name: string): DumpValue {
  return form.tag === null ? name : { [form.tag]: name };
}

/** Avro has bytes as letters up to U+00FF, and those of a fixed number as a list. */
function bytesIn(form: LeafForm, value: DumpValue): Uint8Array {
  if (form.tag === '$fixed' && isList(value)) return Uint8Array.from(value, (byte) => Number(byte) & 0xff);
  if (form.tag === null && typeof value === 'string') return Uint8Array.from(value, (letter) => letter.charCodeAt(0));
  const text = untag(value, '$bytes');
  const bytes = form.tag === '$bytes' && typeof text === 'string' ? bytesOfHex(text) : null;
  if (bytes === null) throw new UnfitValue(`bytes are expected, found ${dumpText(value).slice(0, 40)}`);
  return bytes;
}

function dumpOfBytes(form: LeafForm, bytes: Uint8Array): DumpValue {
  if (form.tag === '$fixed') return Array.from(bytes, (byte) => (byte << 24) >> 24);
  if (form.tag === '$bytes') return { $bytes: hexText(bytes) };
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
}

function numberIn(bytes: Uint8Array): bigint {
  return BigInt(`0x${hexText(bytes)}`);
}
