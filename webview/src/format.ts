/** Numbers and times for people: three digits, true minus sign, base 1024 for bytes. Exact values belong into tooltips. */

const NARROW_SPACE = '\u202f';
const MINUS = '\u2212';

function threeDigits(value: number): string {
  const size = Math.abs(value);
  const digits = size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : 2;
  return value.toFixed(digits).replace('-', MINUS);
}

function scaled(value: number, base: number, units: readonly string[]): string {
  let unit = 0;
  let rest = value;
  while (Math.abs(rest) >= base * 0.9995 && unit < units.length - 1) {
    rest /= base;
    unit++;
  }
  const suffix = units[unit] ?? '';
  return suffix === '' ? threeDigits(rest) : `${threeDigits(rest)}${NARROW_SPACE}${suffix}`;
}

export function count(value: number): string {
  return scaled(value, 1000, ['', 'k', 'M', 'G', 'T']);
}

export function bytes(value: number): string {
  return scaled(value, 1024, ['B', 'KB', 'MB', 'GB', 'TB']);
}

export function rate(perSecond: number | null): string {
  if (perSecond === null || !Number.isFinite(perSecond)) return '–';
  return perSecond < 0.05 ? 'idle' : `${count(perSecond < 10 ? Math.round(perSecond * 10) / 10 : Math.round(perSecond))}/s`;
}

export function exact(value: number): string {
  return value.toLocaleString('en-US').replace('-', MINUS);
}

export function percent(share: number): string {
  return `${Math.round(share * 100)}${NARROW_SPACE}%`;
}

export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}${NARROW_SPACE}ms`;
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)}${NARROW_SPACE}s`;
  if (seconds < 60) return `${Math.round(seconds)}${NARROW_SPACE}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}${NARROW_SPACE}min ${Math.floor(seconds % 60)}${NARROW_SPACE}s`;
  return `${Math.floor(minutes / 60)}${NARROW_SPACE}h ${minutes % 60}${NARROW_SPACE}min`;
}

/** What waits: records as a count, bytes as bytes. */
export function backlog({ amount, unit }: { readonly amount: number; readonly unit: 'records' | 'bytes' }): string {
  return unit === 'bytes' ? bytes(amount) : count(amount);
}

/** The two ends of Flink's time. */
const LONG_MAX = 2 ** 63;

/** A watermark as a point in time, in UTC as event times are stored. */
export function watermark(value: number | null): string {
  if (value === null) return '–';
  if (value >= LONG_MAX) return 'end of input';
  if (Math.abs(value) > 8.64e15) return String(value);
  return new Date(value).toISOString().slice(0, 16).replace('T', ' ');
}

export function clockTime(value: number): string {
  return new Date(value).toLocaleTimeString('en-GB');
}
