import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DoctorFinding } from 'tidemark/snapshot';
import { doctor } from '../../src/cli/doctor.ts';
import { edit } from '../../src/cli/edit.ts';
import { UsageError } from '../../src/cli/io.ts';
import { countingPipeline } from '../savepointOfPipeline.ts';
import { runCommand, writeSnapshot } from './snapshotFixture.ts';

let root: string;
let savepoint: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'tidemark-doctor-'));
  savepoint = writeSnapshot('2.3.0-hashmap-canonical', join(root, 'savepoint'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const run = (...args: string[]) => runCommand(doctor, root, args);

async function report(
  ...args: string[]
): Promise<{ findings: DoctorFinding[]; unreferenced: { path: string; size: number }[]; code: number }> {
  const { code, out } = await run(...args, '--json');
  return { ...(JSON.parse(out) as { findings: DoctorFinding[]; unreferenced: { path: string; size: number }[] }), code };
}

describe('tidemark doctor', () => {
  test('judges timers of event time by the watermark that the snapshot has, not by the clock', async () => {
    const sql = writeSnapshot('2.3.0-hashmap-sql-canonical', join(root, 'sql'));
    const messages = async (...more: string[]) =>
      (await report(sql, '--scan', ...more)).findings
        .filter(({ code, state }) => code === 'timersDue' && state?.startsWith('_timer_state/event_'))
        .map(({ operator, message }) => `${operator ?? ''}: ${message}`);
    const judged = await messages();
    expect(judged.filter((message) => message.startsWith('GlobalWindowAggregate'))).toEqual([]);
    expect(judged.every((message) => message.includes('whether they are overdue is unknown'))).toBe(true);
    expect((await messages('--at', '2100-01-01')).filter((message) => message.startsWith('GlobalWindowAggregate'))).not.toEqual([]);
  });

  test('tells people what it is, where, and what to do', async () => {
    const { code, out } = await run(savepoint);
    expect(code).toBe(1);
    expect(out).toMatch(/^warning {2}everything, v-kryo: It is written by Kryo \(lab\.Types_\$Weird\)/m);
    expect(out).toMatch(/^ {9}tidemark edit \S+\/savepoint --out savepoint-edited --rename-uid [0-9a-f]{32}=[a-z0-9-]+$/m);
    expect(out).toMatch(/\d+ errors?, \d+ warnings?, \d+ notes? as of .* UTC\./);
  });

  test('reads entries only when asked to: timers, keys, time to live', async () => {
    const { findings } = await report(savepoint, '--at', '2100-01-01');
    expect(findings.filter(({ code }) => code === 'timersDue' || code === 'expiredEntries')).toEqual([]);
    const scanned = (await report(savepoint, '--at', '2100-01-01', '--scan', '--ttl', '1h')).findings;
    expect(scanned).toContainEqual(
      expect.objectContaining({
        code: 'timersDue',
        operator: 'win-tumbling-agg',
        message: expect.stringContaining('40 timers of 40') as string,
      }),
    );
    expect(scanned).toContainEqual(
      expect.objectContaining({
        code: 'expiredEntries',
        state: 'ttl-list',
        message: expect.stringContaining('400 entries of 400 (100.0 %)') as string,
      }),
    );
    const before = (await report(savepoint, '--at', '1970-01-01', '--scan', '--ttl', '1h')).findings;
    expect(before.filter(({ code }) => code === 'timersDue' || code === 'expiredEntries')).toEqual([]);
  });

  test('says which files of a folder of checkpoints nobody needs, but for those of a checkpoint that is being taken', async () => {
    const job = writeSnapshot('2.3.0-rocksdb-checkpoint-incremental', join(root, 'job'));
    mkdirSync(join(job, 'chk-5'));
    mkdirSync(join(job, 'chk-99'));
    writeFileSync(join(job, 'chk-99', '_metadata'), '');
    const junk = [join(job, 'shared', 'left-over'), join(job, 'chk-5', 'began')];
    for (const file of junk) writeFileSync(file, 'xyz');
    const early = new Date(Date.now() - 3_600_000);
    for (const file of junk) utimesSync(file, early, early);
    writeFileSync(join(job, 'shared', 'coming'), 'xyz');
    const { findings, unreferenced } = await report(job);
    const found = unreferenced.map(({ path }) => path);
    expect(found).toEqual(expect.arrayContaining(['shared/left-over', 'chk-5/began']));
    expect(found).not.toContain('shared/coming');
    expect(findings.map(({ code }) => code)).toEqual(expect.arrayContaining(['movedFiles', 'sharedFiles', 'unreferencedFiles']));
    const unfinished = findings.find(({ code }) => code === 'unfinishedCheckpoint');
    expect(unfinished?.message).toContain('chk-99 has an empty _metadata: it was never finished, chk-5 has no _metadata');
    expect(unfinished?.remedy).toMatch(/The newest whole checkpoint is .*chk-\d+\.$/);
    const { err } = await run(job);
    expect(err).toMatch(/chk-99 is left out: it has an empty _metadata: it was never finished\. .*chk-\d+ is opened instead\./);
    expect((await run(join(job, 'chk-99'))).err).toMatch(/the newest whole checkpoint beside it is .*chk-\d+ /);
  });

  test('says whether Flink finds the files where the snapshot names them, and what to do; done as it says, it does', async () => {
    const job = writeSnapshot('2.3.0-rocksdb-checkpoint-incremental', join(root, 'moved'));
    const checkpoint = readdirSync(job).find((name) => name.startsWith('chk-')) ?? expect.fail('no checkpoint');
    const { findings } = await report(join(job, checkpoint));
    const moved = findings.find(({ code }) => code === 'movedFiles');
    expect(moved).toMatchObject({
      severity: 'error',
      message: expect.stringMatching(/^Flink does not find \d+ files of \d+ files/) as string,
    });
    const [, mapping = ''] = /--move-files (\S+)/.exec(moved?.remedy ?? '') ?? [];
    for (const [name, code] of [
      ['chk-98', 'absolutePaths'],
      ['elsewhere', 'filesOutside'],
    ] as const) {
      expect(await runCommand(edit, root, [join(job, checkpoint), '--out', join(job, name), '--move-files', mapping])).toMatchObject({
        code: 0,
      });
      const after = (await report(join(job, name))).findings;
      expect(after.filter(({ severity }) => severity === 'error')).toEqual([]);
      expect(after.find((each) => each.code === code)?.message).toMatch(/they are there now|Flink finds them/);
    }
  });

  test('names files that are missing', async () => {
    const native = writeSnapshot('2.3.0-rocksdb-native', join(root, 'native'));
    const whole = await report(native);
    expect(whole.findings.filter(({ code }) => code === 'missingFile')).toEqual([]);
    for (const name of readdirSync(native)
      .filter((each) => each !== '_metadata')
      .slice(0, 5))
      rmSync(join(native, name));
    const { code, findings } = await report(native);
    expect(code).toBe(1);
    expect(findings.filter((each) => each.code === 'missingFile')).toHaveLength(5);
  });

  test('takes the uids of the job that takes over, and a snapshot of it', async () => {
    writeFileSync(join(root, 'plan.txt'), 'everything\nkey-long\n');
    const planned = (await report(savepoint, '--plan-uids', 'plan.txt')).findings.filter(({ code }) => code === 'notInPlan');
    expect(planned.map(({ operator }) => operator)).toEqual(expect.arrayContaining(['key-int']));
    expect(planned.map(({ operator }) => operator)).not.toContain('everything');
    const old = writeSnapshot('1.20.5-hashmap-canonical', join(root, 'old'));
    const against = (await report(old, '--against', savepoint)).findings.filter(({ code }) => code === 'differsFromOther');
    expect(against.map(({ state }) => state)).toContain('v-pojo');
  });

  test('takes the pipeline that takes over in place of its uids', async () => {
    writeFileSync(join(root, 'package.json'), '{}');
    writeFileSync(join(root, 'next.pipeline.ts'), countingPipeline({ count: '{ n: t.long }', uid: 'everything' }));
    const planned = (await report(savepoint, '--plan-uids', 'next.pipeline.ts')).findings.filter(({ code }) => code === 'notInPlan');
    expect(planned.map(({ operator }) => operator)).toContain('key-int');
    expect(planned.map(({ operator }) => operator)).not.toContain('everything');
    writeFileSync(join(root, 'empty.pipeline.ts'), 'export const nothing = 1;');
    await expect(run(savepoint, '--plan-uids', 'empty.pipeline.ts')).rejects.toThrow(UsageError);
  });

  test('ends with 2 where there is nothing to look at', async () => {
    const { code, err } = await run(join(root, 'nowhere'));
    expect(code).toBe(2);
    expect(err).toContain('cannot be read');
    expect((await run(savepoint, '--against', join(root, 'nowhere'))).code).toBe(2);
    await expect(run(savepoint, '--ttl', '1h')).rejects.toThrow(UsageError);
    await expect(run()).rejects.toThrow(UsageError);
  });
});
