import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { check } from '../../src/cli/check.ts';
import { edit } from '../../src/cli/edit.ts';
import { EXIT, UsageError, cliIo } from '../../src/cli/io.ts';
import type { CheckReport } from '../../src/protocol.ts';
import { countingPipeline, takeSavepoint } from '../savepointOfPipeline.ts';
import { runCommand } from './snapshotFixture.ts';

const pipelineText = (count: string, uid = 'count'): string => countingPipeline({ count, uid });

let folder: string;
let snapshot: string;

/** Writes a version of the pipeline; returns its path. */
function program(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const io = cliIo({ out: (text) => (out += text), err: (text) => (err += text), terminal: false, live: false, cwd: folder });
  const code = await check(args, io);
  return { code, out, err };
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-check-'));
  writeFileSync(join(folder, 'package.json'), '{}');
  snapshot = await takeSavepoint(program('v1.pipeline.ts', pipelineText('{ n: t.long }')));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('tidemark check', () => {
  it('says that a snapshot can be restored, and what is restored', async () => {
    const { code, out } = await run('v1.pipeline.ts', snapshot);
    expect(out).toContain('operator "count", state "count": is restored as it is (Count).');
    expect(out).toMatch(/The snapshot can be restored\.\n$/);
    expect(code).toBe(EXIT.ok);
  });

  it('names the fields that get defaults', async () => {
    program('v2.pipeline.ts', pipelineText(`{ n: t.long, note: t.field(t.string, { default: 'none' }) }`));
    const { code, out } = await run('v2.pipeline.ts', snapshot, '--json');
    const report = JSON.parse(out) as CheckReport;
    expect(report.compatible).toBe(true);
    expect(report.findings).toContainEqual(
      expect.objectContaining({
        code: 'migrated',
        operator: 'count',
        state: 'count',
        message: expect.stringMatching(/note.*none/) as string,
      }),
    );
    expect(code).toBe(EXIT.ok);
  });

  it('names what Flink would do, and edit --migrate-to leaves it nothing to do', async () => {
    program('v2f.pipeline.ts', pipelineText(`{ n: t.long, note: t.field(t.string, { default: 'none' }) }`));
    const before = await run('v2f.pipeline.ts', snapshot, '--flink', '2.3');
    expect(before.code).toBe(EXIT.notRestored);
    expect(before.out).toMatch(/^ +tidemark edit \S+ --out \S+-edited --migrate-to v2f\.pipeline\.ts$/m);
    const migrated = join(folder, 'migrated');
    const { code, out, err } = await runCommand(edit, folder, [snapshot, '--out', migrated, '--migrate-to', 'v2f.pipeline.ts']);
    expect({ code, err }).toEqual({ code: EXIT.ok, err: '' });
    expect(out).toMatch(/count: (\d+) entries, \1 changed/);
    const after = await run('v2f.pipeline.ts', migrated, '--flink', '2.3');
    expect(after.out).toContain('operator "count", state "count": is restored as it is (Count).');
    expect(after.code).toBe(EXIT.ok);
  });

  it('names what prevents it, and ends with the exit code for that', async () => {
    program('v3.pipeline.ts', pipelineText('{ n: t.string }'));
    const { code, out } = await run('v3.pipeline.ts', snapshot);
    expect(out).toMatch(
      /^error {4}operator "count", state "count": was written as record Count, and is Count now \(Count\.n: long cannot become string\)\. Declare field "n" as t\.long again.*\n +snapshot: Count<n: long>\n +pipeline: Count<n: string>$/m,
    );
    expect(out).toMatch(/The snapshot cannot be restored: 1 error\.\n$/);
    expect(code).toBe(EXIT.notRestored);
  });

  it('takes --allow-non-restored-state', async () => {
    program('v4.pipeline.ts', pipelineText('{ n: t.long }', 'counted'));
    expect((await run('v4.pipeline.ts', snapshot)).code).toBe(EXIT.notRestored);
    const { code, out } = await run('v4.pipeline.ts', snapshot, '--allow-non-restored-state');
    expect(out).toMatch(
      /^warning {2}operator "count": is not in the pipeline, and the snapshot has \d+ entries of its state\. They are dropped\.$/m,
    );
    expect(code).toBe(EXIT.ok);
  });

  it('refuses a damaged snapshot with the file and the reason', async () => {
    const copy = join(folder, 'copy');
    mkdirSync(copy);
    for (const name of ['_metadata', 'tidemark.json']) writeFileSync(join(copy, name), readFileSync(join(snapshot, name)));
    writeFileSync(join(copy, '_metadata'), readFileSync(join(snapshot, '_metadata')).subarray(0, 100));
    const { code, err } = await run('v1.pipeline.ts', copy);
    expect(err).toMatch(/_metadata: it has 100 bytes instead of \d+: it was cut or replaced/);
    expect(code).toBe(EXIT.notRestored);
  });

  it('says why a module cannot be loaded', async () => {
    program('v5.pipeline.ts', 'export const nothing = 1;');
    const { code, err } = await run('v5.pipeline.ts', snapshot);
    expect(err).toContain('no default export');
    expect(code).toBe(EXIT.notLoaded);
  });

  it('counts timers that fire at once, when it may read all state', async () => {
    const body = 'ctx.timers.registerProcessingTimeTimer(4_000_000_000_000);';
    const timed = await takeSavepoint(program('timed.pipeline.ts', countingPipeline({ count: '{ n: t.long }', body })));
    const due = async (...args: string[]): Promise<CheckReport['findings']> =>
      (JSON.parse((await run('timed.pipeline.ts', timed, ...args, '--json')).out) as CheckReport).findings.filter(
        ({ code }) => code === 'timersDue',
      );
    expect(await due('--scan')).toEqual([]);
    vi.useFakeTimers({ toFake: ['Date'], now: 4_000_000_000_001 });
    try {
      expect(await due()).toEqual([]);
      expect(await due('--scan')).toEqual([
        expect.objectContaining({
          severity: 'warning',
          operator: 'count',
          message: 'has 10 processing-time timers that are due: they fire at once.',
          remedy: expect.stringMatching(/\ntidemark edit \S+ --out \S+-edited --shift-timers count:1h$/) as string,
        }),
      ]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('needs both arguments', async () => {
    await expect(run('v1.pipeline.ts')).rejects.toThrow(UsageError);
  });
});
