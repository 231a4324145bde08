import { bytesOfBigint } from '../bytes/twosComplement.ts';
import { bigintOf, bytesOfHex, decimalText, hexText, parseDecimal, type DumpValue } from './dumpValue.ts';
import {
  epochDayOf,
  epochDayText,
  instantText,
  localDateTimeOfMillis,
  localTimeText,
  parseDate,
  parseDateTime,
  parseInstant,
  parseTime,
} from './isoTime.ts';
import type { DateParts, TimeParts } from './isoTime.ts';
import { isDumpObject, untag } from './valueParts.ts';

/** How values of one of Avro's logical types are shown, and what is stored of them. */
interface Logical<Stored> {
  /** Null where what is stored is not such a value, or not as it would be written. */
  shown(stored: Stored): DumpValue | null;
  /** Null where the value is not one. */
  stored(value: DumpValue): Stored | null;
  /** For the forms of values: what it is. */
  readonly type: 'date' | 'time' | 'instant' | 'localDateTime' | 'decimal' | 'uuid' | 'duration';
  /** Of decimals. */
  readonly scale?: number;
  readonly precision?: number;
}

export type IntegerLogical = Logical<bigint>;
export type BytesLogical = Logical<Uint8Array>;
export type TextLogical = Logical<string>;

type Schema = Readonly<Record<string, unknown>>;

const NANOS_PER_SECOND = 1_000_000_000n;
const NANOS_PER_DAY = 86_400n * NANOS_PER_SECOND;

/** Nanoseconds of the unit that a logical type counts in. */
const UNITS: readonly (readonly [string, bigint])[] = [
  ['-millis', 1_000_000n],
  ['-micros', 1000n],
  ['-nanos', 1n],
];

/** The logical types of Avro 1.12, of the types that may have them; null for any other. Avro ignores what does not fit, too. */
export const avroLogical = {
  ofInteger(schema: Schema, kind: 'int' | 'long'): IntegerLogical | null {
    const name = String(schema['logicalType']);
    if (kind === 'int') return name === 'date' ? DATE : name === 'time-millis' ? time(1_000_000n) : null;
    if (name === 'time-micros') return time(1000n);
    const [ending, nanos] = UNITS.find((unit) => name.endsWith(unit[0])) ?? [];
    if (nanos === undefined) return null;
    return name === `timestamp${ending}` ? timestamp(nanos) : name === `local-timestamp${ending}` ? localTimestamp(nanos) : null;
  },
  ofText: (schema: Schema): TextLogical | null => (schema['logicalType'] === 'uuid' ? UUID_TEXT : null),
  ofBytes: (schema: Schema): BytesLogical | null => decimal(schema, null),
  ofFixed(schema: Schema, size: number): BytesLogical | null {
    if (schema['logicalType'] === 'uuid' && size === 16) return UUID_BYTES;
    if (schema['logicalType'] === 'duration' && size === 12) return DURATION;
    return decimal(schema, size);
  },
};

const DATE: IntegerLogical = {
  type: 'date',
  shown: (day) => ({ $localDate: epochDayText(day) }),
  stored(value) {
    const date = textUnder(value, '$localDate', parseDate);
    const day = date === null ? null : BigInt(epochDayOf(date));
    return day === null || BigInt.asIntN(32, day) !== day ? null : day;
  },
};

function time(unit: bigint): IntegerLogical {
  return {
    type: 'time',
    shown: (stored) => (stored < 0n || stored * unit >= NANOS_PER_DAY ? null : { $localTime: timeText(stored * unit) }),
    stored(value) {
      const parts = textUnder(value, '$localTime', parseTime);
      return parts === null ? null : inUnits(nanosOf(parts), unit);
    },
  };
}

function timestamp(unit: bigint): IntegerLogical {
  return {
    type: 'instant',
    shown(stored) {
      const nanos = stored * unit;
      const second = floorDiv(nanos, NANOS_PER_SECOND);
      return { $instant: instantText(second, Number(nanos - second * NANOS_PER_SECOND)) };
    },
    stored(value) {
      const parts = textUnder(value, '$instant', parseInstant);
      return parts === null ? null : long(inUnits(parts.second * NANOS_PER_SECOND + BigInt(parts.nano), unit));
    },
  };
}

function localTimestamp(unit: bigint): IntegerLogical {
  return {
    type: 'localDateTime',
    shown(stored) {
      const millis = floorDiv(stored * unit, 1_000_000n);
      return { $localDateTime: localDateTimeOfMillis(millis, Number(stored * unit - millis * 1_000_000n)) };
    },
    stored(value) {
      const parts = textUnder(value, '$localDateTime', parseDateTime);
      return parts === null ? null : long(inUnits(nanosOfDay(parts.date) + nanosOf(parts.time), unit));
    },
  };
}

/** `size` is null for bytes of any number: these are as few as the number needs, those of a fixed number have its sign in front. */
function decimal(schema: Schema, size: number | null): BytesLogical | null {
  const { logicalType, precision, scale = 0 } = schema;
  if (logicalType !== 'decimal' || !isCount(precision) || precision === 0 || !isCount(scale) || scale > precision) return null;
  const bytesOf = (unscaled: bigint): Uint8Array | null => {
    const bytes = bytesOfBigint(unscaled);
    if (size === null) return bytes;
    if (bytes.length > size) return null;
    const filled = new Uint8Array(size).fill(unscaled < 0n ? 0xff : 0);
    filled.set(bytes, size - bytes.length);
    return filled;
  };
  return {
    type: 'decimal',
    scale,
    precision,
    shown(bytes) {
      const unscaled = bigintOf(bytes);
      return bytesOf(unscaled)?.length === bytes.length ? { $decimal: decimalText(unscaled, scale) } : null;
    },
    stored(value) {
      const parsed = textUnder(value, '$decimal', parseDecimal);
      return parsed === null || parsed.scale > scale ? null : bytesOf(parsed.unscaled * 10n ** BigInt(scale - parsed.scale));
    },
  };
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const UUID_TEXT: TextLogical = {
  type: 'uuid',
  shown: (text) => (UUID.test(text) ? { $uuid: text } : null),
  stored: (value) => textUnder(value, '$uuid', (text) => (UUID.test(text) ? text : null)),
};

const UUID_BYTES: BytesLogical = {
  type: 'uuid',
  shown(bytes) {
    const digits = hexText(bytes);
    return { $uuid: [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join('-') };
  },
  stored: (value) => textUnder(value, '$uuid', (text) => (UUID.test(text) ? bytesOfHex(text.replaceAll('-', '')) : null)),
};

const DURATION_PARTS = ['months', 'days', 'millis'] as const;

/** Three numbers of 32 bits without sign, the least significant byte first. */
const DURATION: BytesLogical = {
  type: 'duration',
  shown(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return { $duration: Object.fromEntries(DURATION_PARTS.map((name, i) => [name, view.getUint32(i * 4, true)])) };
  },
  stored(value) {
    const parts = untag(value, '$duration');
    if (parts === value || !isDumpObject(parts) || Object.keys(parts).length !== DURATION_PARTS.length) return null;
    const bytes = new Uint8Array(12);
    for (const [i, name] of DURATION_PARTS.entries()) {
      const part = parts[name];
      if (!isCount(part) || part > 0xffffffff) return null;
      new DataView(bytes.buffer).setUint32(i * 4, part, true);
    }
    return bytes;
  },
};

function textUnder<T>(value: DumpValue, tag: string, parse: (text: string) => T | null): T | null {
  const text = untag(value, tag);
  return text === value || typeof text !== 'string' ? null : parse(text);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function inUnits(nanos: bigint, unit: bigint): bigint | null {
  return nanos % unit === 0n ? nanos / unit : null;
}

function long(value: bigint | null): bigint | null {
  return value === null || BigInt.asIntN(64, value) !== value ? null : value;
}

function nanosOf({ hour, minute, second, nano }: TimeParts): bigint {
  return BigInt((hour * 60 + minute) * 60 + second) * NANOS_PER_SECOND + BigInt(nano);
}

function nanosOfDay(date: DateParts): bigint {
  return BigInt(epochDayOf(date)) * NANOS_PER_DAY;
}

function timeText(nanoOfDay: bigint): string {
  const second = Number(nanoOfDay / NANOS_PER_SECOND);
  return localTimeText(Math.floor(second / 3600), Math.floor(second / 60) % 60, second % 60, Number(nanoOfDay % NANOS_PER_SECOND));
}

function floorDiv(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}
