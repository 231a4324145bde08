import { expect, test, vi } from 'vitest';
import { list } from '../../src/cli/list.ts';
import { runCommand } from './snapshotFixture.ts';

/** Sets a terminal's title, clears it, turns the direction of text round, goes back in the line, and begins another. */
const EVIL = 'a\u001b]0;title\u0007\u001b[2J\u009b31m\u202e\rforged\nFORGED';
const SHOWN = 'a\\u001b]0;title\\u0007\\u001b[2J\\u009b31m\\u202e\\u000dforged\\nFORGED';

vi.mock('../../src/run/registry.ts', async (original) => ({
  ...(await original<object>()),
  runningPipelines: () => [
    { id: EVIL, pipeline: EVIL, pid: 7, startedAt: 0, program: `/${EVIL}.ts`, socket: '', processStart: null },
    { id: '2', pipeline: 'plain', pid: 8, startedAt: 0, program: '/plain.ts', socket: '', processStart: null },
  ],
}));

test('names of pipelines and programs reach a terminal as text, each run in one line', async () => {
  const { out } = await runCommand(list, '/', [], { terminal: true });
  const lines = out.trimEnd().split('\n');
  expect(lines).toHaveLength(3);
  expect(lines[1]?.split(SHOWN)).toHaveLength(4);
  expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  expect(new Set(lines.map((line) => line.search(/process|\b[78]\b/)))).toHaveProperty('size', 1);
});

test('JSON has the names themselves', async () => {
  const { out } = await runCommand(list, '/', ['--json'], { terminal: true });
  expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  expect(JSON.parse(out)).toMatchObject([{ pipeline: EVIL, program: `/${EVIL}.ts` }, { pipeline: 'plain' }]);
});
