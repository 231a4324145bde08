/** What the adapter lets through of what comes too fast. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Coalesce } from '../../src/dap/coalesce.ts';
import { MAX_LINES, OutputFlow, type Output } from '../../src/dap/outputFlow.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a value a millisecond is four a second: the first, then the newest', () => {
  const seen: { value: number; at: number }[] = [];
  const start = Date.now();
  const coalesce = new Coalesce<number>(250, (value) => seen.push({ value, at: Date.now() - start }));
  for (let ms = 0; ms < 1000; ms++) {
    coalesce.push(ms);
    vi.advanceTimersByTime(1);
  }
  expect(seen).toEqual([
    { value: 0, at: 0 },
    { value: 249, at: 250 },
    { value: 499, at: 500 },
    { value: 749, at: 750 },
    { value: 999, at: 1000 },
  ]);
  vi.advanceTimersByTime(10_000);
  expect(seen).toHaveLength(5);
  coalesce.push(7);
  expect(seen).toHaveLength(6);
});

describe('output', () => {
  let seen: Output[];
  let flow: OutputFlow;
  const at = (line: number) => ({ path: '/a.pipeline.ts', line, column: 1 });
  const line = (text: string, position: Output['position'] = at(1), category: Output['category'] = 'stdout'): void =>
    flow.push({ category, text, position });
  beforeEach(() => {
    seen = [];
    flow = new OutputFlow((output) => seen.push(output));
  });

  test('of one turn and place goes out as one, in order', () => {
    line('a\n');
    line('b\n');
    line('c\n', at(2));
    line('d\n', at(2), 'stderr');
    line('e\n', null, 'stderr');
    expect(seen.map(({ text }) => text)).toEqual(['a\nb\n', 'c\n', 'd\n']);
    vi.advanceTimersByTime(0);
    expect(seen.map(({ text }) => text)).toEqual(['a\nb\n', 'c\n', 'd\n', 'e\n']);
  });

  test('beyond the bound is counted, and shown again in the next second', () => {
    for (let n = 0; n < MAX_LINES + 5; n++) line(`${String(n)}\n`);
    line('two\nlines');
    vi.advanceTimersByTime(0);
    expect(seen).toHaveLength(1);
    expect(seen[0]?.text.endsWith(`${String(MAX_LINES - 1)}\n`)).toBe(true);
    vi.advanceTimersByTime(1000);
    expect(seen.at(-1)).toMatchObject({ category: 'console', text: expect.stringMatching(/^7 lines of output were left out/) });
    line('again\n');
    flow.end();
    expect(seen.at(-1)?.text).toBe('again\n');
  });

  test('within a chunk is cut at a line, and long lines count for many', () => {
    line(`${'x'.repeat(1000 * (MAX_LINES - 2))}\nshort\nleft out\n`);
    flow.end();
    expect(seen[0]?.text.endsWith('\nshort\n')).toBe(true);
    expect(seen[1]?.text).toMatch(/^1 line of output was left out/);
  });

  test('of our own is never left out', () => {
    for (let n = 0; n < MAX_LINES + 5; n++) line('user\n');
    line('Savepoint: /x\n', null, 'console');
    flow.end();
    expect(seen.map(({ text }) => text.slice(0, 9))).toContain('Savepoint');
  });
});
