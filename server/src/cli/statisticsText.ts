import { isEventTime, sizeAtShare, unreadableText, type KeyedStateStatistics, type LargeKey, type TimeBuckets } from 'tidemark/snapshot';
import { countText, linesText, plural, sizeText, timeText } from './io.ts';
import { positionLines } from './positions.ts';
import type { OperatorStatistics } from './stats.ts';

const BAR_WIDTH = 30;
const KEY_WIDTH = 60;
/** Histograms have at most so many lines; neighbours are put together. */
const LINES_MAX = 16;

export interface StatisticsTextOptions {
  /** For people: what is due, and what has expired, by then. */
  readonly asOf: string;
  readonly ttl: number | null;
}

/** What was found out about an operator, for people. */
export function statisticsText(found: OperatorStatistics, options: StatisticsTextOptions): string {
  const bytes = found.states.reduce((sum, state) => sum + bytesOf(state), 0);
  const entries = found.states.reduce((sum, state) => sum + state.entries, 0);
  const facts = found.states.length === 0 ? 'no keyed state' : `${plural(entries, 'row')}, ${sizeText(bytes)}`;
  const lines = [`${found.label}  (${facts})`];
  for (const state of found.states) lines.push(...stateText(state, found.maxParallelism, options));
  if (found.states.filter((state) => state.entries > 0).length > 1)
    lines.push(...largestText('largest keys over all states', found.largestKeys, '  '));
  if (found.subtasks.length > 1)
    lines.push(
      ...skewText(
        'subtasks',
        found.subtasks.map(({ subtask, bytes: size }) => ({ name: `subtask ${String(subtask)}`, size })),
      ),
    );
  for (const { name, kind, type, count } of found.operatorStates) {
    lines.push(`  ${name}  ${kind}: ${type}${count === null ? '' : `, ${plural(count, 'element')}`}`);
  }
  for (const line of positionLines(found.positions)) lines.push(`  ${line}`);
  if (!found.exactKeys)
    lines.push(
      '  Some key groups have too many keys to tell all apart: counts of keys and the largest keys are those of the first that were seen.',
    );
  for (const error of found.errors) lines.push(`  NOT COUNTED: ${error}`);
  return linesText(lines);
}

function bytesOf({ keyBytes, valueBytes }: KeyedStateStatistics): number {
  return keyBytes + valueBytes;
}

function stateText(state: KeyedStateStatistics, maxParallelism: number, { asOf, ttl }: StatisticsTextOptions): string[] {
  const entries = `${countText(state.entries)} ${state.group === 'timers' ? 'timers' : 'entries'} of ${plural(state.keys, 'key')}`;
  const lines = [
    `  ${state.state}  ${entries}, ${sizeText(bytesOf(state))} (keys ${sizeText(state.keyBytes)}, values ${sizeText(state.valueBytes)})`,
  ];
  if (state.unreadable !== null) lines.push(`    NOT COUNTED: ${unreadableText(state.unreadable)}`);
  if (state.entries === 0) return lines;
  const [median, p99] = [sizeAtShare(state.sizes, 0.5), sizeAtShare(state.sizes, 0.99)];
  lines.push(
    `    entries: median at most ${sizeText(median ?? 0)}, 99 % at most ${sizeText(p99 ?? 0)}, largest ${sizeText(state.largestBytes)}`,
  );
  lines.push(
    ...bars(state.sizes.map((count, i) => ({ label: `${i === 0 ? '0' : sizeText(2 ** i)} to ${sizeText(2 ** (i + 1) - 1)}`, count }))),
  );
  const groups = state.keyGroups.map(({ keyGroup, bytes }) => ({ name: `key group ${String(keyGroup)}`, size: bytes }));
  lines.push(
    `    ${String(groups.length)} of ${plural(maxParallelism, 'key group')} have entries`,
    ...skewText('key groups', groups, '    '),
  );
  lines.push(...largestText('largest keys', state.largestKeys, '    '));
  if (state.timers !== null)
    lines.push(...timesText('fire', `${isEventTime(state.state) ? 'with event time' : 'due'} by ${asOf}`, state.timers));
  if (state.lastAccess !== null) lines.push(...timesText('last accessed', `by ${asOf}`, state.lastAccess));
  if (state.expired !== null && ttl !== null) {
    const share = ((state.expired / state.entries) * 100).toFixed(1);
    lines.push(`    expired by ${asOf}: ${countText(state.expired)} (${share} %)`);
  }
  return lines;
}

/** How unequal the parts are. */
function skewText(what: string, parts: readonly { readonly name: string; readonly size: number }[], indent = '  '): string[] {
  const sorted = [...parts].sort((a, b) => a.size - b.size);
  const largest = sorted.at(-1);
  const median = sorted[sorted.length >> 1]?.size ?? 0;
  if (largest === undefined || sorted.length < 2) return [];
  const skew = median === 0 ? '' : `, ${(largest.size / median).toFixed(2)} times the median`;
  return [`${indent}${what}: the largest is ${largest.name} with ${sizeText(largest.size)}${skew}`];
}

function largestText(title: string, keys: readonly LargeKey[], indent: string): string[] {
  if (keys.length === 0) return [];
  const most = Math.max(...keys.map(({ bytes }) => bytes));
  const width = Math.min(KEY_WIDTH, Math.max(...keys.map(({ key }) => key.length)));
  return [
    `${indent}${title}:`,
    ...keys.map(({ key, bytes, entries, keyGroup }) => {
      const shown = (key.length > width ? `${key.slice(0, width - 1)}…` : key).padEnd(width);
      const facts = `${sizeText(bytes).padStart(8)}  ${plural(entries, 'row')}, key group ${String(keyGroup)}`;
      return `${indent}  ${shown}  ${bar(bytes / most).padEnd(10)} ${facts}`;
    }),
  ];
}

function timesText(what: string, due: string, { start, bucketMs, counts, first, last, due: dueCount, beyond }: TimeBuckets): string[] {
  const lines = [`    ${due}: ${countText(dueCount)}`];
  if (beyond > 0) lines.push(`    beyond what a date can say: ${countText(beyond)}`);
  if (first === null || last === null) return lines;
  const step = Math.ceil(counts.length / LINES_MAX);
  const rows = [];
  for (let i = 0; i < counts.length; i += step) {
    rows.push({
      label: timeText(start + i * bucketMs).slice(0, 16),
      count: counts.slice(i, i + step).reduce((sum, count) => sum + count, 0),
    });
  }
  return [`    ${what} from ${timeText(first)} to ${timeText(last)} UTC`, ...lines, ...bars(rows)];
}

function bars(rows: readonly { readonly label: string; readonly count: number }[]): string[] {
  const from = rows.findIndex(({ count }) => count > 0);
  const shown = rows.slice(Math.max(0, from));
  const most = Math.max(1, ...shown.map(({ count }) => count));
  const width = Math.max(0, ...shown.map(({ label }) => label.length));
  return shown.map(
    ({ label, count }) => `      ${label.padStart(width)}  ${bar(count / most, BAR_WIDTH).padEnd(BAR_WIDTH)} ${countText(count)}`,
  );
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

function bar(share: number, width = 10): string {
  const eighths = Math.max(share > 0 ? 1 : 0, Math.round(share * width * 8));
  return '█'.repeat(eighths >> 3) + (EIGHTHS[eighths & 7] ?? '');
}
