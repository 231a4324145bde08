import type { KeyedRows } from '../../../src/snapshot/keyed/keyedRows.ts';
import { KeyedState } from '../../../src/snapshot/keyed/keyedState.ts';
import { dumpText } from '../../../src/snapshot/values/dumpValue.ts';

export interface Line {
  readonly [field: string]: unknown;
}

/** Keyed state as lines of a dump. */
export async function keyedLines(rows: KeyedRows, operator: string, subtask: number): Promise<Line[]> {
  const keyed = new KeyedState(rows, 2);
  const lines: Line[] = [];
  for (const { keyGroup } of keyed.sections) {
    await keyed.scanEntries(keyGroup, ({ kind, state, keyGroup: group, ...rest }) => {
      const line = { kind, operator, subtask, state: keyed.states[state]?.name ?? '', keyGroup: group, ...rest };
      lines.push(JSON.parse(dumpText(line)) as Line);
      return undefined;
    });
  }
  return lines;
}

/** Sorted fields, maps in the order of their pairs, 32-bit floats rounded. */
function normal(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(normal);
  if (typeof value !== 'object' || value === null) return value;
  const object = value as Record<string, unknown>;
  if (typeof object['$float'] === 'number') return { $float: Math.fround(object['$float']) };
  if (Array.isArray(object['$map'])) return { $map: object['$map'].map((pair) => JSON.stringify(normal(pair))).sort() };
  return Object.fromEntries(
    Object.keys(object)
      .sort()
      .map((key) => [key, normal(object[key])]),
  );
}

/** Lines as sorted text; the value of those that only the job's classes could explain is left out. */
export function comparable(lines: readonly Line[], hidesValue: (line: Line) => boolean): string[] {
  return lines.map((line) => JSON.stringify(normal(hidesValue(line) ? { ...line, value: 'hidden' } : line))).sort();
}

export async function thrown(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise;
  } catch (error) {
    return error;
  }
}
