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
