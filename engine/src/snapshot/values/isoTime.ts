/** Dates and times as Java's `toString()` prints them. */

export function localDateText(year: number, month: number, day: number): string {
  const absolute = String(Math.abs(year)).padStart(4, '0');
  const sign = year < 0 ? '-' : year > 9999 ? '+' : '';
  return `${sign}${absolute}-${two(month)}-${two(day)}`;
}

/** `java.time.LocalTime`: seconds and their fraction only where they are not zero. */
export function localTimeText(hour: number, minute: number, second: number, nano: number): string {
  const start = `${two(hour)}:${two(minute)}`;
  if (second === 0 && nano === 0) return start;
  return `${start}:${two(second)}${fraction(nano)}`;
}

/** `java.time.Instant`. */
export function instantText(epochSecond: bigint, nano: number): string {
  const day = floorDiv(epochSecond, 86400n);
  const second = Number(epochSecond - day * 86400n);
  const date = epochDayText(day);
  return `${date}T${two(Math.floor(second / 3600))}:${two(Math.floor(second / 60) % 60)}:${two(second % 60)}${fraction(nano)}Z`;
}

export function localDateTimeOfMillis(millis: bigint, nanoOfMilli: number): string {
  const day = floorDiv(millis, 86400000n);
  return `${epochDayText(day)}T${timeOfDayText(Number(millis - day * 86400000n), nanoOfMilli)}`;
}

export function instantOfMillis(millis: bigint, nanoOfMilli: number): string {
  const second = floorDiv(millis, 1000n);
  return instantText(second, Number(millis - second * 1000n) * 1000000 + nanoOfMilli);
}

/** Proleptic Gregorian, from days since 1970-01-01: the civil calendar counted in eras of 400 years from March 1st, 0000. */
export function epochDayText(epochDay: bigint): string {
  const shifted = epochDay + 719468n;
  const era = floorDiv(shifted, 146097n);
  const dayOfEra = Number(shifted - era * 146097n);
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  const year = yearOfEra + Number(era) * 400 + (month <= 2 ? 1 : 0);
  return localDateText(year, month, day);
}

export function timeOfDayText(milliOfDay: number, nanoOfMilli: number): string {
  const second = Math.floor(milliOfDay / 1000);
  return localTimeText(Math.floor(second / 3600), Math.floor(second / 60) % 60, second % 60, (milliOfDay % 1000) * 1000000 + nanoOfMilli);
}

function floorDiv(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** In groups of three digits, as many as are needed. */
function fraction(nano: number): string {
  if (nano === 0) return '';
  const digits = String(nano).padStart(9, '0');
  if (digits.endsWith('000000')) return `.${digits.slice(0, 3)}`;
  return digits.endsWith('000') ? `.${digits.slice(0, 6)}` : `.${digits}`;
}

export interface DateParts {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

export interface TimeParts {
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly nano: number;
}

const DATE = /^([+-]?\d{4,10})-(\d\d)-(\d\d)$/;
const TIME = /^(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?$/;

/** What `localDateText` printed; null for anything else. */
export function parseDate(text: string): DateParts | null {
  const match = DATE.exec(text);
  if (match === null) return null;
  const parts = { year: Number(match[1]), month: Number(match[2]), day: Number(match[3]) };
  return parts.month >= 1 && parts.month <= 12 && parts.day >= 1 && parts.day <= 31 ? parts : null;
}

/** What `localTimeText` printed; null for anything else. */
export function parseTime(text: string): TimeParts | null {
  const match = TIME.exec(text);
  if (match === null) return null;
  const [, hour, minute, second = '0', fractionText = ''] = match;
  const parts = { hour: Number(hour), minute: Number(minute), second: Number(second), nano: Number(fractionText.padEnd(9, '0')) };
  return parts.hour < 24 && parts.minute < 60 && parts.second < 60 ? parts : null;
}

/** `2024-02-29T12:30:05.000000007`; null for anything else. */
export function parseDateTime(text: string): { readonly date: DateParts; readonly time: TimeParts } | null {
  const at = text.indexOf('T');
  const date = at < 0 ? null : parseDate(text.slice(0, at));
  const time = at < 0 ? null : parseTime(text.slice(at + 1));
  return date === null || time === null ? null : { date, time };
}

/** What `instantText` printed; null for anything else. */
export function parseInstant(text: string): { readonly second: bigint; readonly nano: number } | null {
  const parts = text.endsWith('Z') ? parseDateTime(text.slice(0, -1)) : null;
  if (parts === null) return null;
  const { hour, minute, second, nano } = parts.time;
  return { second: BigInt(epochDayOf(parts.date)) * 86400n + BigInt(hour * 3600 + minute * 60 + second), nano };
}

/** Days since 1970-01-01. The inverse of `epochDayText`. */
export function epochDayOf({ year, month, day }: DateParts): number {
  const shiftedYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(shiftedYear / 400);
  const yearOfEra = shiftedYear - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146097 + dayOfEra - 719468;
}

/** Milliseconds since midnight, and nanoseconds within the last of them. */
export function milliOfDay({ hour, minute, second, nano }: TimeParts): { readonly milli: number; readonly nanoOfMilli: number } {
  return { milli: (hour * 3600 + minute * 60 + second) * 1000 + Math.floor(nano / 1_000_000), nanoOfMilli: nano % 1_000_000 };
}
