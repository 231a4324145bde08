import type { ByteReader } from '../bytes/byteReader.ts';
import { isJavaObject, readJavaObject, type JavaObject } from '../serializers/javaObject.ts';
import { bigintOf, decimalText, dumpLong, plainInteger, type DumpValue } from './dumpValue.ts';
import type { FlinkMajor } from './flinkMajor.ts';
import { instantText, localDateText, localTimeText } from './isoTime.ts';
import { UnreadableValue } from './unreadableValue.ts';
import { untag } from './valueParts.ts';

/** The primitives of Kryo's encoding, and what reads whole objects. */
export interface KryoInput {
  readonly reader: ByteReader;
  readonly flink: FlinkMajor;
  javaStreamUsed: boolean;
  /** Zigzag. */
  int(): number;
  long(): bigint;
  positiveInt(): number;
  positiveLong(): bigint;
  short(): number;
  fixedInt(): number;
  fixedLong(): bigint;
  double(): DumpValue;
  text(): string | null;
  className(): string | null;
  constants(className: string): readonly string[] | undefined;
  classAndObject(depth: number): DumpValue;
  /** With its mark in front, as fields of a final class have it. */
  objectOrNull(className: string, depth: number): DumpValue;
}

type KryoReader = (input: KryoInput, depth: number) => DumpValue;

/** Kryo 5 has a serializer for each of these. */
const OF_FLINK_2: ReadonlyMap<string, KryoReader> = new Map<string, KryoReader>([
  ['java.time.Instant', (input) => ({ $instant: instantText(input.positiveLong(), input.positiveInt()) })],
  ['java.time.LocalDate', (input) => ({ $localDate: date5(input) })],
  ['java.time.LocalTime', (input) => ({ $localTime: time5(input) })],
  ['java.time.LocalDateTime', (input) => ({ $localDateTime: dateTime5(input) })],
  ['java.time.ZonedDateTime', (input) => zoned(dateTime5(input), input.text())],
  ['java.time.OffsetDateTime', (input) => textual('java.time.OffsetDateTime', dateTime5(input) + offset5(input))],
  ['java.time.OffsetTime', (input) => textual('java.time.OffsetTime', time5(input) + offset5(input))],
  ['java.time.ZoneOffset', (input) => textual('java.time.ZoneOffset', offset5(input))],
  ['java.time.ZoneRegion', (input) => textual('java.time.ZoneRegion', input.text())],
  ['java.time.Duration', (input) => duration(input.fixedLong(), input.positiveInt())],
  ['java.time.Period', (input) => period(input.positiveInt(), input.positiveInt(), input.positiveInt())],
  ['java.time.Year', (input) => textual('java.time.Year', String(input.positiveInt()))],
  ['java.time.YearMonth', (input) => yearMonth(input.positiveInt(), input.reader.u8())],
  ['java.time.MonthDay', (input) => monthDay(input.reader.u8(), input.reader.u8())],
  ['java.util.OptionalInt', (input) => optional('Int', input.reader.bool() ? input.fixedInt() : null)],
  ['java.util.OptionalLong', (input) => optional('Long', input.reader.bool() ? dumpLong(input.fixedLong()) : null)],
  ['java.util.OptionalDouble', (input) => optional('Double', input.reader.bool() ? input.double() : null)],
  ['java.util.UUID', (input) => uuid(input.fixedLong(), input.fixedLong())],
  ['java.util.Locale', (input) => locale(input.text(), input.text(), input.text())],
  ['java.net.URL', (input) => textual('java.net.URL', input.text())],
  ['java.util.regex.Pattern', (input) => ({ ...object('java.util.regex.Pattern'), pattern: input.text(), flags: input.positiveInt() })],
  [
    'java.sql.Timestamp',
    (input) => {
      const second = input.positiveLong();
      const nanos = input.positiveInt();
      return { $timestamp: plainInteger(second + BigInt(Math.floor(nanos / 1_000_000))), nanos };
    },
  ],
]);

/** Kryo 2 writes the fields in the order of their names; of final classes and primitives without the class. */
const OF_FLINK_1: ReadonlyMap<string, KryoReader> = new Map<string, KryoReader>([
  [
    'java.time.Instant',
    (input) => {
      const nanos = input.int();
      return { $instant: instantText(input.long(), nanos) };
    },
  ],
  ['java.time.LocalDate', (input) => ({ $localDate: date2(input) })],
  ['java.time.LocalTime', (input) => ({ $localTime: time2(input) })],
  ['java.time.LocalDateTime', dateTime2],
  [
    'java.time.ZonedDateTime',
    (input, depth) => {
      const dateTime = tagged(input.objectOrNull('java.time.LocalDateTime', depth + 1), '$localDateTime');
      input.objectOrNull('java.time.ZoneOffset', depth + 1);
      return zoned(dateTime, tagged(input.classAndObject(depth + 1), 'value'));
    },
  ],
  [
    'java.time.OffsetDateTime',
    (input, depth) => {
      const dateTime = tagged(input.objectOrNull('java.time.LocalDateTime', depth + 1), '$localDateTime');
      return textual('java.time.OffsetDateTime', dateTime + tagged(input.objectOrNull('java.time.ZoneOffset', depth + 1), 'value'));
    },
  ],
  [
    'java.time.OffsetTime',
    (input, depth) => {
      const offset = tagged(input.objectOrNull('java.time.ZoneOffset', depth + 1), 'value');
      return textual('java.time.OffsetTime', tagged(input.objectOrNull('java.time.LocalTime', depth + 1), '$localTime') + offset);
    },
  ],
  ['java.time.ZoneOffset', (input) => textual('java.time.ZoneOffset', offsetText(input.int()))],
  ['java.time.ZoneRegion', (input, depth) => textual('java.time.ZoneRegion', input.objectOrNull('java.lang.String', depth + 1))],
  [
    'java.time.Duration',
    (input) => {
      const nanos = input.int();
      return duration(input.long(), nanos);
    },
  ],
  [
    'java.time.Period',
    (input) => {
      const days = input.int();
      const months = input.int();
      return period(input.int(), months, days);
    },
  ],
  ['java.time.Year', (input) => textual('java.time.Year', String(input.int()))],
  [
    'java.time.YearMonth',
    (input) => {
      const month = input.int();
      return yearMonth(input.int(), month);
    },
  ],
  [
    'java.time.MonthDay',
    (input) => {
      const day = input.int();
      return monthDay(input.int(), day);
    },
  ],
  ['java.util.OptionalInt', (input) => optionalOf('Int', input.reader.bool(), input.int())],
  ['java.util.OptionalLong', (input) => optionalOf('Long', input.reader.bool(), dumpLong(input.long()))],
  ['java.util.OptionalDouble', (input) => optionalOf('Double', input.reader.bool(), input.double())],
  ['java.util.UUID', (input) => uuid(input.long(), input.long())],
  ['java.util.Locale', localeFromJava],
  ['java.net.URL', url2],
  ['java.util.regex.Pattern', (input) => ({ ...object('java.util.regex.Pattern'), pattern: input.text() })],
  ['java.sql.Timestamp', (input) => ({ $timestamp: plainInteger(input.positiveLong()), nanos: input.positiveInt() })],
]);

/** The same in both. */
const OF_BOTH: ReadonlyMap<string, KryoReader> = new Map<string, KryoReader>([
  ['java.lang.StringBuilder', (input) => textual('java.lang.StringBuilder', input.text())],
  ['java.lang.StringBuffer', (input) => textual('java.lang.StringBuffer', input.text())],
  [
    'java.math.BigInteger',
    (input) => {
      const value = bigInteger(input);
      return value === null ? null : { $bigint: value.toString() };
    },
  ],
  [
    'java.math.BigDecimal',
    (input) => {
      const unscaled = bigInteger(input);
      return unscaled === null ? null : { $decimal: decimalText(unscaled, input.int()) };
    },
  ],
  ['java.util.Date', (input) => ({ $date: plainInteger(input.positiveLong()) })],
  ['java.sql.Date', (input) => ({ $date: plainInteger(input.positiveLong()) })],
  ['java.sql.Time', (input) => ({ $date: plainInteger(input.positiveLong()) })],
  ['java.util.Currency', (input) => textual('java.util.Currency', input.text())],
  ['java.net.URI', (input) => textual('java.net.URI', input.text())],
  ['java.net.InetSocketAddress', (input) => ({ ...object('java.net.InetSocketAddress'), host: input.text(), port: input.positiveInt() })],
  ['sun.util.calendar.ZoneInfo', (input) => textual('java.util.TimeZone', input.text())],
  ['java.util.BitSet', bitSet],
  ['java.lang.Class', classObject],
  ['java.util.RegularEnumSet', enumSet],
  ['java.util.JumboEnumSet', enumSet],
  ['java.util.Optional', (input, depth) => ({ ...object('java.util.Optional'), value: input.classAndObject(depth + 1) })],
  ['java.util.Collections$EmptyList', () => []],
  ['java.util.Collections$EmptySet', () => []],
  ['java.util.Collections$EmptyMap', () => ({ $map: [] })],
  ['java.util.Collections$SingletonList', (input, depth) => [input.classAndObject(depth + 1)]],
  ['java.util.Collections$SingletonSet', (input, depth) => [input.classAndObject(depth + 1)]],
  [
    'java.util.Collections$SingletonMap',
    (input, depth) => {
      const key = input.classAndObject(depth + 1);
      return { $map: [[key, input.classAndObject(depth + 1)]] };
    },
  ],
  [
    'java.util.AbstractMap$SimpleEntry',
    (input, depth) => {
      const key = input.classAndObject(depth + 1);
      return { ...object('java.util.AbstractMap$SimpleEntry'), key, value: input.classAndObject(depth + 1) };
    },
  ],
  ['java.util.concurrent.atomic.AtomicInteger', (input) => textual('java.util.concurrent.atomic.AtomicInteger', input.int())],
  ['java.util.concurrent.atomic.AtomicLong', (input) => textual('java.util.concurrent.atomic.AtomicLong', dumpLong(input.long()))],
  ['java.util.concurrent.atomic.AtomicBoolean', (input) => textual('java.util.concurrent.atomic.AtomicBoolean', input.int() !== 0)],
  [
    'java.util.concurrent.atomic.AtomicReference',
    (input, depth) => textual('java.util.concurrent.atomic.AtomicReference', input.classAndObject(depth + 1)),
  ],
  ['java.util.GregorianCalendar', calendar],
  ['java.util.Collections$ReverseComparator', () => object('java.util.Collections$ReverseComparator')],
  ['java.lang.String$CaseInsensitiveComparator', () => object('java.lang.String$CaseInsensitiveComparator')],
  ['java.util.Comparators$NaturalOrderComparator', unreadableClass('java.util.Comparators$NaturalOrderComparator')],
]);

/** Null for classes that are not known. */
export function kryoClassReader(className: string, input: KryoInput): KryoReader | null {
  const known = OF_BOTH.get(className) ?? (input.flink === 1 ? OF_FLINK_1 : OF_FLINK_2).get(className);
  if (known !== undefined) return known;
  if (input.flink === 2 && className.startsWith('sun.nio.cs.')) return (at) => textual('java.nio.charset.Charset', at.text());
  return null;
}

const FINAL_CLASSES = new Set([
  ...[
    'Integer',
    'Long',
    'Short',
    'Byte',
    'Character',
    'Float',
    'Double',
    'Boolean',
    'String',
    'Class',
    'StringBuilder',
    'StringBuffer',
  ].map((name) => `java.lang.${name}`),
  ...['UUID', 'Locale', 'Currency', 'Optional', 'OptionalInt', 'OptionalLong', 'OptionalDouble'].map((name) => `java.util.${name}`),
  ...['Instant', 'LocalDate', 'LocalTime', 'LocalDateTime', 'ZonedDateTime', 'OffsetDateTime', 'OffsetTime', 'ZoneOffset', 'Duration'].map(
    (name) => `java.time.${name}`,
  ),
  ...['Period', 'Year', 'YearMonth', 'MonthDay'].map((name) => `java.time.${name}`),
  ...['java.net.URI', 'java.net.URL', 'java.util.regex.Pattern'],
]);

/** Whether an object of the class can only be of that class. */
export function isFinalClass(className: string): boolean {
  return FINAL_CLASSES.has(className);
}

const MONTHS = 'JANUARY FEBRUARY MARCH APRIL MAY JUNE JULY AUGUST SEPTEMBER OCTOBER NOVEMBER DECEMBER'.split(' ');
const CHRONO_UNITS =
  'NANOS MICROS MILLIS SECONDS MINUTES HOURS HALF_DAYS DAYS WEEKS MONTHS YEARS DECADES CENTURIES MILLENNIA ERAS FOREVER'.split(' ');

/** Enums of the JDK that are found in data. */
export const JAVA_ENUMS: ReadonlyMap<string, readonly string[]> = new Map([
  ['java.util.concurrent.TimeUnit', 'NANOSECONDS MICROSECONDS MILLISECONDS SECONDS MINUTES HOURS DAYS'.split(' ')],
  ['java.time.DayOfWeek', 'MONDAY TUESDAY WEDNESDAY THURSDAY FRIDAY SATURDAY SUNDAY'.split(' ')],
  ['java.time.Month', MONTHS],
  ['java.time.temporal.ChronoUnit', CHRONO_UNITS],
  ['java.math.RoundingMode', 'UP DOWN CEILING FLOOR HALF_UP HALF_DOWN HALF_EVEN UNNECESSARY'.split(' ')],
]);

function object(className: string): { readonly $class: string } {
  return { $class: className };
}

function textual(className: string, value: DumpValue): DumpValue {
  return { $class: className, value };
}

/** The text of a part that has been read, which a reference can have made anything. */
function tagged(value: DumpValue, tag: string): string {
  const text = untag(value, tag);
  if (text !== value && typeof text === 'string') return text;
  throw new UnreadableValue('a time without its parts');
}

function unreadableClass(className: string): KryoReader {
  return () => {
    throw new UnreadableValue(`objects of ${className}, which only Kryo knows`, className);
  };
}

function bigInteger(input: KryoInput): bigint | null {
  const length = input.reader.vlq();
  return length === 0 ? null : bigintOf(input.reader.slice(length - 1));
}

function date5(input: KryoInput): string {
  return localDateText(input.positiveInt(), input.reader.u8(), input.reader.u8());
}

/** Parts that are zero to the end are left out: the last one there has its bits turned. */
function time5(input: KryoInput): string {
  const hour = input.reader.i8();
  if (hour < 0) return localTimeText(~hour, 0, 0, 0);
  const minute = input.reader.i8();
  if (minute < 0) return localTimeText(hour, ~minute, 0, 0);
  const second = input.reader.i8();
  if (second < 0) return localTimeText(hour, minute, ~second, 0);
  return localTimeText(hour, minute, second, input.positiveInt());
}

function dateTime5(input: KryoInput): string {
  const date = date5(input);
  return `${date}T${time5(input)}`;
}

/** In quarters of an hour, where it is as even. */
function offset5(input: KryoInput): string {
  const quarters = input.reader.i8();
  return offsetText(quarters === 127 ? input.fixedInt() : quarters * 900);
}

function date2(input: KryoInput): string {
  const day = input.short();
  const month = input.short();
  return localDateText(input.int(), month, day);
}

function time2(input: KryoInput): string {
  const hour = input.reader.i8();
  const minute = input.reader.i8();
  const nano = input.int();
  return localTimeText(hour, minute, input.reader.i8(), nano);
}

function dateTime2(input: KryoInput, depth: number): DumpValue {
  const date = tagged(input.objectOrNull('java.time.LocalDate', depth + 1), '$localDate');
  return { $localDateTime: `${date}T${tagged(input.objectOrNull('java.time.LocalTime', depth + 1), '$localTime')}` };
}

/** As `java.time.ZoneOffset` prints it. */
function offsetText(seconds: number): string {
  if (seconds === 0) return 'Z';
  const absolute = Math.abs(seconds);
  const parts = [Math.floor(absolute / 3600), Math.floor(absolute / 60) % 60, absolute % 60].map((part) => String(part).padStart(2, '0'));
  return (seconds < 0 ? '-' : '+') + (absolute % 60 === 0 ? parts.slice(0, 2) : parts).join(':');
}

function zoned(dateTime: string, zone: string | null): DumpValue {
  return { $class: 'java.time.ZonedDateTime', dateTime, zone };
}

function duration(seconds: bigint, nanos: number): DumpValue {
  return { $class: 'java.time.Duration', seconds: dumpLong(seconds), nanos };
}

function period(years: number, months: number, days: number): DumpValue {
  return { $class: 'java.time.Period', years, months, days };
}

function yearMonth(year: number, month: number): DumpValue {
  return textual('java.time.YearMonth', localDateText(year, month, 1).slice(0, -3));
}

function monthDay(month: number, day: number): DumpValue {
  return textual('java.time.MonthDay', `--${localDateText(2000, month, day).slice(5)}`);
}

function optional(kind: string, value: DumpValue): DumpValue {
  return { $class: `java.util.Optional${kind}`, value };
}

function optionalOf(kind: string, present: boolean, value: DumpValue): DumpValue {
  return optional(kind, present ? value : null);
}

function uuid(most: bigint, least: bigint): DumpValue {
  const digits = [most, least].map((half) => BigInt.asUintN(64, half).toString(16).padStart(16, '0')).join('');
  return { $uuid: [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join('-') };
}

/** `de_AT_x`, as Java prints it. */
function locale(language: string | null, country: string | null, variant: string | null): DumpValue {
  const parts = [language ?? '', country ?? '', variant ?? ''];
  while (parts.length > 1 && parts.at(-1) === '') parts.pop();
  return textual('java.util.Locale', parts.join('_'));
}

function localeFromJava(input: KryoInput): DumpValue {
  const read = javaObject(input);
  const text = (name: string): string => {
    const value = read.fields.get(name);
    return typeof value === 'string' ? value : '';
  };
  return locale(text('language'), text('country'), text('variant'));
}

function javaObject(input: KryoInput): JavaObject {
  if (input.javaStreamUsed) throw new UnreadableValue('a second object of Java serialization');
  input.javaStreamUsed = true;
  const start = input.reader.offset;
  const read = readJavaObject(input.reader);
  return isJavaObject(read) ? read : input.reader.fail('a Java object is expected', start);
}

/** Its fields: authority, file, hashCode, host, port, protocol, ref. */
function url2(input: KryoInput, depth: number): DumpValue {
  const text = (): string | null => {
    const value = input.objectOrNull('java.lang.String', depth + 1);
    return typeof value === 'string' ? value : null;
  };
  const authority = text();
  const file = text();
  input.int();
  text();
  input.int();
  const protocol = text();
  const ref = text();
  const rest = `${authority === null || authority === '' ? '' : `//${authority}`}${file ?? ''}${ref === null ? '' : `#${ref}`}`;
  return textual('java.net.URL', `${protocol ?? ''}:${rest}`);
}

function bitSet(input: KryoInput): DumpValue {
  const count = input.reader.vlq();
  if (count * 8 > input.reader.remaining) input.reader.fail(`a bit set of ${String(count)} words does not fit`);
  const bits: number[] = [];
  for (let word = 0; word < count; word++) {
    const value = input.fixedLong();
    for (let bit = 0; bit < 64; bit++) if (((value >> BigInt(bit)) & 1n) === 1n) bits.push(word * 64 + bit);
  }
  return { $class: 'java.util.BitSet', bits };
}

/** Behind a class that stands for a primitive too, whether it is that. Kryo 2 says it of every class. */
function classObject(input: KryoInput): DumpValue {
  const className = input.className();
  const boxed = className === null ? undefined : BOXED_NAMES.get(className);
  const isPrimitive = (input.flink === 1 || boxed !== undefined) && input.reader.bool();
  return { $class: 'java.lang.Class', value: isPrimitive ? className : (boxed ?? className) };
}

const BOXED_NAMES: ReadonlyMap<string, string> = new Map(
  ['Integer int', 'Long long', 'Short short', 'Byte byte', 'Character char', 'Float float', 'Double double', 'Boolean boolean'].map(
    (pair) => {
      const [box = '', name = ''] = pair.split(' ');
      return [name, `java.lang.${box}`];
    },
  ),
);

function enumSet(input: KryoInput): DumpValue {
  const className = input.className();
  const size = input.reader.vlq();
  if (size > input.reader.remaining) input.reader.fail(`a set of ${String(size)} constants does not fit`);
  const constants = className === null ? undefined : input.constants(className);
  if (constants === undefined && size > 0) throw new UnreadableValue(`constants of the enum ${className ?? 'null'}`, className);
  const set: DumpValue[] = [];
  for (let i = 0; i < size; i++) {
    const ordinal = input.reader.vlq() - 1;
    set.push({ $enum: constants?.[ordinal] ?? input.reader.fail(`enum constant ${String(ordinal)} is not declared`) });
  }
  return set;
}

function calendar(input: KryoInput): DumpValue {
  const timeZone = input.text();
  const millis = plainInteger(input.positiveLong());
  input.reader.bool();
  input.positiveInt();
  input.positiveInt();
  input.long();
  return { $class: 'java.util.GregorianCalendar', $date: millis, timeZone };
}
