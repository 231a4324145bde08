import { expect, it } from 'vitest';
import type { RunStatus } from '../../src/control.ts';
import { cliIo, sizeText } from '../../src/cli/io.ts';
import { RateWindow, createProgress, statusLine } from '../../src/cli/progress.ts';

const status: RunStatus = {
  ...{ pausedAt: null, failure: null, stoppedWith: null },
  state: 'running',
  now: 1_000_000,
  startedAt: 990_000,
  recordsIn: 12345,
  recordsOut: 10,
  watermark: Date.UTC(2001, 0, 14, 21, 55),
  stateBytes: 2048,
  restarts: 1,
  lastCheckpoint: { id: 3, kind: 'checkpoint', path: '/x/chk-3', stateBytes: 1000, createdAt: 998_000, durationMs: 4 },
  lastSavepoint: null,
  rssBytes: 1,
  operators: [],
};

it('says records, rate, watermark, state and last checkpoint in one line', () => {
  expect(statusLine(status, 4210.4)).toBe(
    'running  12,345 records  4,210/s  watermark 2001-01-14 21:55:00  state 2.0 KB  checkpoint 3, 2 s ago, 1000 B  1 restart',
  );
});

it('takes the rate over the last seconds and never says less than none', () => {
  const rate = new RateWindow();
  expect(rate.add(0, 0)).toBe(0);
  expect(rate.add(1000, 100)).toBe(100);
  for (let second = 2; second <= 10; second++) rate.add(second * 1000, 100 + second);
  expect(rate.add(11_000, 111)).toBeCloseTo(1);
  expect(rate.add(11_250, 0)).toBe(0);
});

it('rewrites one line on a terminal, writes lines elsewhere and JSON for scripts', () => {
  const said = (live: boolean, json: boolean): string => {
    let text = '';
    const io = cliIo({ out: () => undefined, err: (more: string) => void (text += more), terminal: false, live, cwd: '/' });
    const progress = createProgress(io, json);
    progress.event('status', status);
    progress.event('status', { ...status, now: status.now + 250 });
    progress.event('snapshotCompleted', { id: 4, kind: 'savepoint', path: '/x/sp', stateBytes: 5, createdAt: 0, durationMs: 1 });
    progress.failure({
      uid: 'op',
      subtask: 0,
      message: 'no',
      stack: [{ name: 'f', position: { path: '/a.ts', line: 3, column: 4 } }],
      restartsInMs: 500,
    });
    return text;
  };
  expect(said(true, false).match(/\r/g)?.length).toBeGreaterThan(2);
  const plain = said(false, false);
  expect(plain).not.toContain('\r');
  expect(plain.match(/records/g)).toHaveLength(1);
  expect(plain).toContain('Savepoint 4, 5 B: /x/sp\n');
  expect(plain).toContain('Operator "op", subtask 1: no\n    at f (/a.ts:3:4)\nRestarting in 0.5 s');
  const events = said(false, true)
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { event: string }).event);
  expect(events).toEqual(['status', 'status', 'snapshotCompleted', 'failure']);
});

it('ends with where a stopped run can go on from', () => {
  let text = '';
  const progress = createProgress(
    cliIo({ out: () => undefined, err: (more) => void (text += more), terminal: false, live: false, cwd: '/' }),
    false,
  );
  progress.event('status', status);
  progress.stoppingAt({ id: 4, kind: 'checkpoint', path: '/x/chk-4', stateBytes: 5, createdAt: 0, durationMs: 1 });
  progress.event('status', { ...status, recordsIn: 20_000 });
  text = '';
  progress.event('ended', { outcome: 'cancelled', exitCode: 130, failure: null });
  expect(text).toBe('stopped with checkpoint 4: 20,000 records in, 10 out, 10.0 s\n/x/chk-4\nGo on from it with --from latest.\n');
});

it('writes sizes for people', () => {
  expect([0, 1023, 1024, 150 * 1024, 5 * 1024 ** 3].map(sizeText)).toEqual(['0 B', '1023 B', '1.0 KB', '150 KB', '5.0 GB']);
});
