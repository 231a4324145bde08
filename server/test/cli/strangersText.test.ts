import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { diff } from '../../src/cli/diff.ts';
import { doctor } from '../../src/cli/doctor.ts';
import { dump } from '../../src/cli/dump.ts';
import { edit } from '../../src/cli/edit.ts';
import { inspect } from '../../src/cli/inspect.ts';
import { linesText, type Command } from '../../src/cli/io.ts';
import { stats } from '../../src/cli/stats.ts';
import { shownText } from '../../src/shownText.ts';
import { countingPipeline, takeSavepoint } from '../savepointOfPipeline.ts';
import { runCommand } from './snapshotFixture.ts';

/** Sets the title of a terminal, clears it, colours, overwrites the line, a C1 sequence, and turns the direction of text round. */
const EVIL = '\u001b]0;title\u0007\u001b[2J\u001b[31m\r\u009b31m\u202eforged\u2066\nFORGED';
/** As source text. */
const SOURCE = shownText(EVIL).replaceAll('\n', '\\n');
/** What a terminal obeys. */
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
let home = '';
let savepoint = '';

beforeAll(async () => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'tidemark-strangers-')));
  mkdirSync(join(home, 'project'));
  writeFileSync(join(home, 'project', 'package.json'), '{}');
  const program = join(home, 'project', 'hostile.pipeline.ts');
  const text = countingPipeline({
    count: '{ n: t.long, note: t.string }',
    uid: `op${SOURCE}`,
    body: `ctx.state.count.update({ n: 1, note: '${SOURCE}' } as any);`,
  });
  writeFileSync(
    program,
    text.replaceAll('count: t.state', `['st${SOURCE}']: t.state`).replaceAll('ctx.state.count', `ctx.state['st${SOURCE}']`),
  );
  savepoint = await takeSavepoint(program, 100);
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe('no control character of a snapshot reaches a terminal', () => {
  const commands: [string, Command, () => string[]][] = [
    ['inspect', inspect, () => [savepoint]],
    ['inspect --json', inspect, () => [savepoint, '--json']],
    ['stats', stats, () => [savepoint]],
    ['doctor', doctor, () => [savepoint, '--scan']],
    ['diff', diff, () => [savepoint, savepoint]],
    ['dump', dump, () => [savepoint]],
    ['dump --format csv', dump, () => [savepoint, '--format', 'csv']],
    ['edit, which says what there is', edit, () => [savepoint, '--drop-operator', 'other', '--out', join(home, 'out')]],
  ];
  test.each(commands)('%s', async (_name, command, args) => {
    const { out, err } = await runCommand(command, home, args(), { terminal: true }).catch((error: unknown) => ({
      out: '',
      err: shownText(String(error)),
    }));
    const said = (out + err).replaceAll('\r\n', '\n');
    expect(said).not.toBe('');
    expect(said).not.toMatch(OBEYED);
    // Within the quotes of CSV a line feed is data.
    if (!_name.includes('csv')) expect(said).not.toMatch(/^ *FORGED/m);
  });
});

test('CSV that goes to a file or a pipe is data: it stays as it is', async () => {
  const { out } = await runCommand(dump, home, [savepoint, '--format', 'csv']);
  expect(out).toContain(EVIL);
});

test('a line feed within a line of a report is shown, so that no name forges a line', () => {
  expect(linesText(['orders\n  all checksums hold\r\n', 'next'])).toBe('orders\\n  all checksums hold\\n\nnext\n');
});

test('JSON says the same with and without', () => {
  const text = JSON.stringify({ a: EVIL });
  expect(JSON.parse(shownText(text))).toEqual({ a: EVIL });
  expect(shownText('plain é 漢 \t\r\n👍')).toBe('plain é 漢 \t\r\n👍');
});
