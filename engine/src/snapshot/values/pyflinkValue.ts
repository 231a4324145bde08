import { ByteReader } from '../bytes/byteReader.ts';
import { FormatError } from '../bytes/formatError.ts';
import { dumpBytes, dumpDouble, dumpFloat, dumpMap, hexText, type DumpValue } from './dumpValue.ts';
import { epochDayText, instantOfMillis, instantText, localDateTimeOfMillis, timeOfDayText } from './isoTime.ts';
import { decodedPickle } from './pythonValue.ts';
import type { PyflinkType, ScalarKind } from './pyflinkType.ts';
import type { ValueReader } from './simpleValues.ts';

/** What a dump shows of bytes that PyFlink keeps. */
export type PythonBytes = (bytes: Uint8Array) => DumpValue;

/**
 * Bytes with what they say beside them, and the type that says how, with which writers check it. The bytes are what can be written again.
 */
export function pyflinkBytes(type: PyflinkType): PythonBytes {
  const read = pyflinkReader(type);
  return (bytes) => ({ $bytes: hexText(bytes), pyflink: type.text, ...decodedWith(bytes, read) });
}

/** Of a map state, whose type has to be a map as well. */
export function pyflinkMapBytes(type: PyflinkType): { readonly key: PythonBytes; readonly value: PythonBytes } {
  if (type.kind === 'map') return { key: pyflinkBytes(type.key), value: pyflinkBytes(type.value) };
  const $error = 'the state is a map: declare Types.MAP(type of keys, type of values)';
  const refused: PythonBytes = (bytes) => ({ $bytes: hexText(bytes), pyflink: type.text, $error });
  return { key: refused, value: refused };
}

type Decoded = { readonly decoded: DumpValue } | { readonly decodedAll: readonly DumpValue[] } | { readonly $error: string };

/**
 * One value to the last byte. Or several, one behind the other: Beam's state keeps what one bundle added to a list as one element.
 * Why not, where the bytes are something else.
 */
export function decodedPyflink(bytes: Uint8Array, type: PyflinkType): Decoded {
  return decodedWith(bytes, pyflinkReader(type));
}

function decodedWith(bytes: Uint8Array, read: ValueReader): Decoded {
  const reader = new ByteReader(bytes);
  try {
    const first = read(reader);
    if (reader.remaining === 0) return { decoded: first };
    const all = [first];
    while (reader.remaining > 0) all.push(read(reader));
    return { decodedAll: all };
  } catch (error) {
    if (error instanceof FormatError) return { $error: `the bytes do not fit the type: ${error.message}` };
    throw error;
  }
}

const DAY_MILLIS = 86_400_000;
/** Of Python's dates, 0001-01-01 to 9999-12-31, in days since 1970-01-01. */
const DAY_MIN = -719_162;
const DAY_MAX = 2_932_896;
const INSTANT_NULL = { second: -(2n ** 63n), nano: -(2 ** 31) };
/** What Python prints of a Decimal. */
const DECIMAL = /^-?(?:\d+(?:\.\d+)?(?:E[+-]\d+)?|Infinity|s?NaN\d*)$/;

/** Formats as in PyFlink's `coder_impl_slow.py`, which has a coder for each. All numbers are big-endian. */
const SCALARS: Readonly<Record<ScalarKind, ValueReader>> = {
  tinyInt: (reader) => reader.i8(),
  smallInt: (reader) => reader.i16(),
  int: (reader) => reader.i32(),
  bigInt: (reader) => longOf(reader),
  boolean: (reader) => reader.bool(),
  float: (reader) => dumpFloat(reader.f32()),
  double: (reader) => dumpDouble(reader.f64()),
  char: (reader) => reader.utf8(),
  binary: (reader) => dumpBytes(reader.bytes32()),
  decimal: (reader) => {
    const text = reader.utf8();
    return DECIMAL.test(text) ? { $decimal: text } : reader.fail('no decimal number');
  },
  date: (reader) => {
    const day = reader.i32();
    return day < DAY_MIN || day > DAY_MAX ? reader.fail('a date that Python does not have') : { $localDate: epochDayText(BigInt(day)) };
  },
  time: (reader) => {
    const milli = reader.i32();
    return milli < 0 || milli >= DAY_MILLIS ? reader.fail('no time of a day') : { $localTime: timeOfDayText(milli, 0) };
  },
  instant: (reader) => {
    const second = reader.i64();
    const nano = reader.i32();
    if (second === INSTANT_NULL.second && nano === INSTANT_NULL.nano) return null;
    return nano < 0 || nano > 999_999_999 ? reader.fail('no nanoseconds of a second') : { $instant: instantText(second, nano) };
  },
  pickled: (reader) => {
    const bytes = reader.bytes32();
    const shown = decodedPickle(bytes);
    if (shown === null || 'decodedAll' in shown) return reader.fail('no pickle');
    return 'decoded' in shown ? shown.decoded : { $bytes: hexText(bytes), ...shown };
  },
};

function longOf(reader: ByteReader): DumpValue {
  const value = reader.plainI64();
  return typeof value === 'bigint' ? { $long: String(value) } : value;
}

/** Built once for a type. It throws FormatError. */
function pyflinkReader(type: PyflinkType): ValueReader {
  switch (type.kind) {
    case 'timestamp':
      return timestampReader(type.precision, (milli, nano) => ({ $localDateTime: localDateTimeOfMillis(milli, nano) }));
    case 'localZonedTimestamp':
      return timestampReader(type.precision, (milli, nano) => ({ $instant: instantOfMillis(milli, nano) }));
    case 'primitiveArray':
      return listReader(pyflinkReader(type.element));
    case 'array':
      return listReader(presentFirst(pyflinkReader(type.element)));
    case 'map':
      return mapReader(pyflinkReader(type.key), pyflinkReader(type.value));
    case 'tuple': {
      const fields = type.fields.map(pyflinkReader);
      return (reader) => ({ $tuple: fields.map((read) => read(reader)) });
    }
    case 'row':
      return rowReader(type.fields.map(pyflinkReader), type.names);
    default:
      return SCALARS[type.kind];
  }
}

function timestampReader(precision: number, shown: (milli: bigint, nano: number) => DumpValue): ValueReader {
  return (reader) => {
    const milli = reader.i64();
    const nano = precision <= 3 ? 0 : reader.i32();
    const day = Math.floor(Number(milli) / DAY_MILLIS);
    if (nano < 0 || nano > 999_999 || day < DAY_MIN || day > DAY_MAX) reader.fail('a timestamp that Python does not have');
    return shown(milli, nano);
  };
}

function listReader(read: ValueReader): ValueReader {
  return (reader) => {
    const count = reader.count();
    const items: DumpValue[] = [];
    for (let i = 0; i < count; i++) items.push(read(reader));
    return items;
  };
}

function presentFirst(read: ValueReader): ValueReader {
  return (reader) => (reader.bool() ? read(reader) : null);
}

/** Behind each key stands whether the value is None. */
function mapReader(key: ValueReader, value: ValueReader): ValueReader {
  return (reader) => {
    const count = reader.count(2);
    const pairs: [DumpValue, DumpValue][] = [];
    for (let i = 0; i < count; i++) {
      const shown = key(reader);
      pairs.push([shown, reader.bool() ? null : value(reader)]);
    }
    return dumpMap(pairs);
  };
}

const ROW_KIND_BITS = 2;
/** By the two highest bits of a row's first byte. */
const ROW_KINDS = ['+I', '+U', '-U', '-D'] as const;

/** First bits from the highest down: two of the row's kind, one for each field that is None. */
function rowReader(fields: readonly ValueReader[], names: readonly string[] | null): ValueReader {
  const maskSize = Math.ceil((fields.length + ROW_KIND_BITS) / 8);
  const isNone = (mask: Uint8Array, field: number): boolean => {
    const bit = field + ROW_KIND_BITS;
    return (((mask[bit >> 3] ?? 0) << (bit & 7)) & 0x80) !== 0;
  };
  return (reader) => {
    const mask = reader.slice(maskSize);
    for (let bit = fields.length; bit < maskSize * 8 - ROW_KIND_BITS; bit++) {
      if (isNone(mask, bit)) reader.fail(`a row of more than ${String(fields.length)} fields`);
    }
    const values = fields.map((read, i) => (isNone(mask, i) ? null : read(reader)));
    const row = { $row: values, kind: ROW_KINDS[(mask[0] ?? 0) >> 6] ?? '+I' };
    return names === null ? row : { ...row, fieldNames: names };
  };
}
