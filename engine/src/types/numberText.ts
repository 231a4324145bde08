import { misfit } from './misfit.ts';

/** A number from a CSV cell. An empty cell is not a number. */
export function numberOfText(text: string, expected: string): number {
  const trimmed = text.trim();
  const value = Number(trimmed);
  if (trimmed === '' || (Number.isNaN(value) && trimmed !== 'NaN')) return misfit(expected, text);
  return value;
}
