import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CheckedSnapshot } from 'tidemark/restore';
import { dumpLines } from 'tidemark/snapshot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RewriteResult } from '../../../src/protocol.ts';
import { checkApart } from '../../../src/snapshots/check/checkApart.ts';
import { openSnapshot, type OpenedSnapshot } from '../../../src/snapshots/openedSnapshot.ts';
import { writeApart } from '../../../src/snapshots/rewrite/writeApart.ts';
import { writeSnapshot } from '../../../src/snapshots/rewrite/writeSnapshot.ts';
import { countingPipeline } from '../../savepointOfPipeline.ts';
import { savepointBesidePipelines, type SavepointBesidePipelines } from '../savepointBesidePipelines.ts';

let beside: SavepointBesidePipelines;
let folder: string;
let opened: OpenedSnapshot;

beforeAll(async () => {
  beside = await savepointBesidePipelines();
  ({ folder, opened } = beside);
});
afterAll(() => beside.remove());

const written = (name: string, text: string): string => beside.pipeline(name, text);

const WITH_NOTE = countingPipeline({ count: `{ note: t.field(t.string, { default: 'none' }), n: t.long }` });

interface Wanted {
  readonly plan?: unknown;
  readonly signal?: AbortSignal;
  readonly onProgress?: (read: number, total: number) => void;
}

function migrate(
  program: string,
  target: string,
  { plan = {}, signal = new AbortController().signal, onProgress = () => undefined }: Wanted = {},
): Promise<RewriteResult> {
  return writeApart(
    [opened],
    { code: { migrateTo: program, keyHash: null, onConflict: null }, plan, target },
    { signal, onProgress, timeout: 60_000, program: beside.program },
  );
}

test('the process that builds the pipeline writes the savepoint with its types, and with the edits of the plan', async () => {
  const program = written('v2', WITH_NOTE);
  const target = join(folder, 'migrated');
  const progress: number[] = [];
  const onProgress = (read: number, total: number): void => void progress.push(read / total);
  const plan = { edits: [{ edit: 'removeTimers', operator: 'count' }], metadataVersion: 6 };
  const { operators } = await migrate(program, target, { plan, onProgress });
  const state = operators.find(({ label }) => label === 'count')?.states.find(({ name }) => name === 'count');
  expect(state?.changed).toBeGreaterThan(0);
  expect(state?.changed).toBe(state?.written);
  expect(progress.length).toBeGreaterThan(0);
  const after = await openSnapshot(target);
  const options = { allowNonRestoredState: false, flink: '2.3', signal: new AbortController().signal, program: beside.program } as const;
  const checked = new CheckedSnapshot(after.snapshot, after.manifest);
  const { findings } = await checkApart(checked, { program, text: null, parallelism: null }, { ...options, timeout: 60_000 });
  expect(findings.filter(({ operator }) => operator === 'count').map(({ code, state: name }) => [code, name])).toContainEqual([
    'restored',
    'count',
  ]);
  expect(findings.filter(({ code }) => code === 'migrated' || code.startsWith('flink'))).toEqual([]);
  expect(after.snapshot.metadata.version).toBe(6);
  await after.storage.close?.();
});

test('tidemark.json of what is migrated has the new names of types', async () => {
  const typesOf = ({ manifest }: OpenedSnapshot): unknown =>
    manifest?.operators.find(({ uid }) => uid === 'count')?.states.find(({ name }) => name === 'count')?.type;
  expect(typesOf(opened)).toBe('Count');
  const target = join(folder, 'renamed-type');
  const renamed = countingPipeline({ count: "{ n: t.long }, { aliases: ['Count'] }" }).replace("t.record('Count'", "t.record('Tally'");
  await migrate(written('v6', renamed), target);
  const after = await openSnapshot(target);
  expect(typesOf(after)).toBe('Tally');
  await after.storage.close?.();
});

interface CountLine {
  readonly state: string;
  readonly key: unknown;
  readonly value: { readonly $avro: { readonly n: number } };
}

async function countsOf({ snapshot }: OpenedSnapshot): Promise<CountLine[]> {
  const lines: CountLine[] = [];
  for await (const line of dumpLines(snapshot)) {
    const parsed = JSON.parse(line) as CountLine;
    if (parsed.state === 'count') lines.push(parsed);
  }
  return lines;
}

test('modules decide about keys, without a pipeline', async () => {
  const moduleOf = (named: string, text: string): { named: string; path: string } => {
    const path = join(folder, `${named}.mjs`);
    writeFileSync(path, text);
    return { named, path };
  };
  const [{ key, value } = expect.fail('no counts'), ...others] = await countsOf(opened);
  const changed = join(folder, 'changed');
  const set = { edit: 'set', operator: 'count', state: 'count', key, value: { $avro: { n: 1000 } } } as const;
  await writeSnapshot([opened], { edits: [set] }, changed, {});
  const other = await openSnapshot(changed);
  const signal = new AbortController().signal;
  const options = { signal, onProgress: () => undefined, timeout: 60_000, program: beside.program };
  const write = (onConflict: string | null, keyHash: string | null, target: string): Promise<RewriteResult> => {
    const code = {
      migrateTo: null,
      onConflict: onConflict === null ? null : moduleOf('sum', onConflict),
      keyHash: keyHash === null ? null : moduleOf('hash', keyHash),
    };
    return writeApart([opened, other], { code, plan: { onConflict: 'first' }, target }, options);
  };
  const sum = `export default ({ sources: [a, b] }) => ({ value: { $avro: { n: a.value.$avro.n + b.value.$avro.n } } });`;
  const target = join(folder, 'summed');
  await write(sum, 'export default () => null;', target);
  const after = await openSnapshot(target);
  const sums = new Map((await countsOf(after)).map((line) => [JSON.stringify(line.key), line.value.$avro.n]));
  expect(sums.get(JSON.stringify(key))).toBe(value.$avro.n + 1000);
  for (const line of others) expect(sums.get(JSON.stringify(line.key))).toBe(line.value.$avro.n);
  const failed = join(folder, 'undecided');
  await expect(write('export default () => undefined;', null, failed)).rejects.toThrow(/sum, for count, state count, key .* is expected/);
  await expect(write(null, 'export const hash = 1;', failed)).rejects.toThrow('hash has no function as its default export');
  expect(existsSync(failed)).toBe(false);
  for (const { storage } of [other, after]) await storage.close?.();
});

test('what does not become the types of the pipeline, and a pipeline that does not load, are the reasons; nothing is left', async () => {
  const target = join(folder, 'refused');
  await expect(migrate(written('v3', countingPipeline({ count: '{ n: t.string }' })), target)).rejects.toThrow(
    /count, state count: it was written as/,
  );
  await expect(migrate(written('v4', 'export const nothing = 1;'), target)).rejects.toThrow('no default export');
  expect(readdirSync(folder).filter((name) => name.startsWith('refused'))).toEqual([]);
});

test('a user who cancels it finds all of it or nothing, at every moment', async () => {
  const program = written('v2', WITH_NOTE);
  for (const when of [0, 1, 2, 3]) {
    const target = join(folder, `cancelled-${String(when)}`);
    const controller = new AbortController();
    let said = 0;
    const onProgress = (): void => {
      if (said++ === when) controller.abort(new Error('given up'));
    };
    const writing = migrate(program, target, { signal: controller.signal, onProgress });
    const outcome = await writing.then(
      () => 'written',
      (error: unknown) => (error as Error).message,
    );
    expect(existsSync(join(target, '_metadata')) ? 'written' : 'given up').toBe(outcome);
    expect(existsSync(`${target}.unfinished`)).toBe(false);
  }
  const controller = new AbortController();
  const begun = migrate(program, join(folder, 'never'), { signal: controller.signal });
  controller.abort(new Error('given up'));
  await expect(begun).rejects.toThrow('given up');
  expect(existsSync(join(folder, 'never'))).toBe(false);
});
