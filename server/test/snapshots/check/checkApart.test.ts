import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CheckedSnapshot } from 'tidemark/restore';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CheckReport } from '../../../src/protocol.ts';
import { checkApart } from '../../../src/snapshots/check/checkApart.ts';
import type { OpenedSnapshot } from '../../../src/snapshots/openedSnapshot.ts';
import { countingPipeline } from '../../savepointOfPipeline.ts';
import { savepointBesidePipelines, type SavepointBesidePipelines } from '../savepointBesidePipelines.ts';

let beside: SavepointBesidePipelines;
let folder: string;
let opened: OpenedSnapshot;
let checked: CheckedSnapshot;

beforeAll(async () => {
  beside = await savepointBesidePipelines();
  ({ folder, opened } = beside);
  checked = new CheckedSnapshot(opened.snapshot, opened.manifest);
});
afterAll(() => beside.remove());

const written = (name: string, text: string): string => beside.pipeline(name, text);

interface Wanted {
  readonly text?: string;
  readonly allow?: boolean;
  readonly signal?: AbortSignal;
  readonly timeout?: number;
}

function check(
  program: string,
  { text, allow = false, signal = new AbortController().signal, timeout = 60_000 }: Wanted = {},
): Promise<CheckReport> {
  return checkApart(
    checked,
    { program, text: text ?? null, parallelism: null },
    { allowNonRestoredState: allow, flink: null, signal, timeout, program: beside.program },
  );
}

test('the process that builds the pipeline says what fits and what does not', async () => {
  const same = await check(join(folder, 'v1.pipeline.ts'));
  expect(same.compatible).toBe(true);
  expect(same.findings).toContainEqual(expect.objectContaining({ code: 'restored', operator: 'count', state: 'count' }));
  const other = await check(written('v2', countingPipeline({ count: '{ n: t.string }' })));
  expect(other.compatible).toBe(false);
  expect(other.findings).toContainEqual(
    expect.objectContaining({
      code: 'incompatible',
      schemas: { written: 'Count<n: long>', wanted: 'Count<n: string>' },
      edit: { kind: 'field', record: 'Count', field: 'n', type: 't.long' },
    }),
  );
});

test('entries of state without a taker are counted by the one who has the snapshot', async () => {
  const program = written('v3', countingPipeline({ count: '{ n: t.long }', uid: 'counter' }));
  const [found] = (await check(program)).findings.filter(({ code }) => code === 'unknownOperator');
  expect(found?.message).toMatch(/has \d+ entries of its state/);
  expect(found?.edit).toEqual({ kind: 'uid', from: 'counter', to: 'count' });
  expect(found?.remedy).toBe('Did you rename it to "counter"? Rename it back, or restore without it.');
  expect((await check(program, { allow: true })).compatible).toBe(true);
});

test('a text that is not saved is checked in place of the file, which stays', async () => {
  const program = join(folder, 'v1.pipeline.ts');
  const saved = readFileSync(program, 'utf8');
  expect((await check(program, { text: countingPipeline({ count: '{ n: t.string }' }) })).compatible).toBe(false);
  expect(readFileSync(program, 'utf8')).toBe(saved);
  expect((await check(program)).compatible).toBe(true);
});

test('a module that cannot be loaded is the reason', async () => {
  await expect(check(written('v4', 'export const nothing = 1;'))).rejects.toThrow('no default export');
});

test('a builder that never ends is given up', async () => {
  await expect(check(written('endless', 'for (;;);'), { timeout: 500 })).rejects.toThrow('did not end within 0.5 s');
});

test('a builder that ends its process is not an end of ours', async () => {
  await expect(check(written('exits', 'process.exit(3);'))).rejects.toThrow('it ended (exit code 3)');
});

test('a check that nobody waits for any more ends, whatever the builder does', async () => {
  const controller = new AbortController();
  const checking = check(written('endless', 'for (;;);'), { signal: controller.signal });
  controller.abort(new Error('given up'));
  await expect(checking).rejects.toThrow('given up');
});
