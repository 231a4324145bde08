import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PlanFacts } from '../../src/lsp/planFacts.ts';
import { Client } from './client.ts';
import { buildProgram } from './program.ts';

const root = join(import.meta.dirname, '../../..');
const examples = ['examples/flights/departure-delays.pipeline.ts', 'examples/clicks/clicks.pipeline.ts'];
let built: Awaited<ReturnType<typeof buildProgram>>;

beforeAll(async () => {
  built = await buildProgram();
});
afterAll(() => built.remove());

test.each(examples)('%s: the syntax finds the operators that the builder makes, and nothing is wrong with them', async (example) => {
  const child = fork(built.program, ['--plan', join(root, example)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [facts] = (await once(child, 'message')) as [PlanFacts];
  child.kill();
  expect(facts.problems).toEqual([]);

  const client = new Client();
  await client.initialize(false);
  const uri = await client.open(readFileSync(join(root, example), 'utf8'));
  expect(await client.diagnostics(uri)).toEqual([]);
  const [pipeline] = await client.request('textDocument/documentSymbol', uri);
  expect(pipeline.children.map(({ name }: any) => name).sort()).toEqual(facts.operators.map(({ uid }) => uid).sort());
  await client.dispose();
});
