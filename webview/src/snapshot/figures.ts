import { count, exact } from '../format.ts';

const NARROW_SPACE = '\u202f';
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Up to 9,999 as it is, above with three digits: `3,376`, `94.1 k`. */
export function figure(value: number): string {
  return Math.abs(value) < 10_000 ? exact(value) : count(value);
}

export function exactBytes(value: number): string {
  return `${exact(value)} bytes`;
}

/** A length of time in its two largest units: `3 d 18 h`. */
export function span(ms: number): string {
  const parts: [number, string][] = [
    [Math.floor(ms / DAY), 'd'],
    [Math.floor((ms % DAY) / HOUR), 'h'],
    [Math.floor((ms % HOUR) / MINUTE), 'min'],
    [Math.floor((ms % MINUTE) / 1000), 's'],
  ];
  const first = parts.findIndex(([value]) => value > 0);
  if (first < 0) return `0${NARROW_SPACE}s`;
  return parts
    .slice(first, first + 2)
    .filter(([value]) => value > 0)
    .map(([value, unit]) => `${String(value)}${NARROW_SPACE}${unit}`)
    .join(' ');
}

/** A point in time in UTC, as event times have no zone: `2026-11-22 18:02:14`. What a date cannot say stays a number. */
export function instant(ms: number): string {
  if (Math.abs(ms) > 8.64e15) return String(ms);
  return new Date(ms).toISOString().replace('T', ' ').replace('.000Z', '').replace('Z', '');
}

/** In the reader's own zone: `22 Nov 2026, 18:02:14`. */
export function localTime(ms: number): string {
  return new Date(ms).toLocaleString('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${figure(value)} ${value === 1 ? one : many}`;
}
