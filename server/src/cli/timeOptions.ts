import { UsageError } from './io.ts';

/** Epoch milliseconds. @throws UsageError */
export function timeOption(option: string, text: string): number {
  const parsed = /^-?\d+$/.test(text)
    ? Number(text)
    : Date.parse(/[zZ]|[+-]\d\d:?\d\d$/.test(text) || !text.includes('T') ? text : `${text}Z`);
  if (Number.isNaN(parsed))
    throw new UsageError(`${option} ${text}: a time such as 2026-01-31T12:00 (UTC), or epoch milliseconds, is needed.`);
  return parsed;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds. @throws UsageError */
export function durationOption(option: string, text: string): number {
  const [, count, unit] = /^(\d{1,12})(ms|s|m|h|d)$/.exec(text) ?? [];
  if (count === undefined || unit === undefined) throw new UsageError(`${option} ${text}: a duration such as 90s, 12h or 7d is needed.`);
  return Number(count) * (UNITS[unit] ?? 1);
}
