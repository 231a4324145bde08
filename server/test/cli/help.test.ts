import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { EXAMPLES } from '../../src/cli/examples.ts';
import { allHelp, commandHelp, helpData, usageText } from '../../src/cli/help.ts';
import { parsed, type CommandSyntax } from '../../src/cli/syntax.ts';

const syntaxes = COMMANDS.map(({ syntax }) => syntax);

const SAMPLE_EXAMPLES = [{ args: ['sample', 'a b', '--loud'], about: 'Shows one.' }];

const SAMPLE = {
  name: 'sample',
  operands: 'THING',
  about: 'Is a sample.',
  options: {
    out: { value: 'FILE', required: true, short: 'o', about: 'Where it goes.' },
    many: { value: 'A=B', repeated: true, about: 'Several.' },
    loud: { about: 'A switch.' },
  },
} as const satisfies CommandSyntax;

describe('the table of a command', () => {
  test('is what the parser takes', () => {
    expect(parsed(SAMPLE, ['x', '-o', 'f', '--many', 'a=1', '--many=b=2'])).toEqual({
      values: { out: 'f', many: ['a=1', 'b=2'], loud: false },
      positionals: ['x'],
    });
    expect(parsed(SAMPLE, [])).toEqual({ values: { out: undefined, many: undefined, loud: false }, positionals: [] });
    expect(() => parsed(SAMPLE, ['--quiet'])).toThrow(expect.objectContaining({ code: 'ERR_PARSE_ARGS_UNKNOWN_OPTION' }) as Error);
    expect(() => parsed({ ...SAMPLE, operands: '' }, ['x'])).toThrow(/positional/);
  });

  test('is usage and help', () => {
    expect(usageText(SAMPLE)).toBe('tidemark sample THING --out FILE [--many A=B]... [--loud]');
    expect(commandHelp(SAMPLE, SAMPLE_EXAMPLES)).toBe(
      [
        'tidemark sample THING --out FILE [--many A=B]... [--loud]',
        '',
        'Is a sample.',
        '',
        'Options:',
        '  -o, --out FILE  Where it goes.',
        '  --many A=B      Several.',
        '  --loud          A switch.',
        '',
        'Examples:',
        '  Shows one.',
        "    tidemark sample 'a b' --loud",
        '',
      ].join('\n'),
    );
  });

  test('is data for the pages of the documentation', () => {
    expect(helpData([SAMPLE], '1.0', { sample: SAMPLE_EXAMPLES })).toEqual({
      version: '1.0',
      commands: [
        {
          name: 'sample',
          operands: 'THING',
          about: 'Is a sample.',
          usage: 'tidemark sample THING --out FILE [--many A=B]... [--loud]',
          options: [
            { name: '--out', short: '-o', value: 'FILE', repeated: false, required: true, about: 'Where it goes.' },
            { name: '--many', short: null, value: 'A=B', repeated: true, required: false, about: 'Several.' },
            { name: '--loud', short: null, value: null, repeated: false, required: false, about: 'A switch.' },
          ],
          examples: [{ command: "tidemark sample 'a b' --loud", about: 'Shows one.' }],
        },
      ],
    });
  });
});

test('help lists every command, and no line is wider than a terminal', () => {
  const text = allHelp(syntaxes, '1.0');
  for (const { name } of syntaxes) expect(text).toMatch(new RegExp(`^  ${name} `, 'm'));
  for (const page of [text, ...syntaxes.map((syntax) => commandHelp(syntax, EXAMPLES[syntax.name] ?? []))]) {
    expect(Math.max(...page.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
  }
});

test.each(syntaxes)('$name: each option says what it does in sentences', ({ about, options }) => {
  for (const text of [about, ...Object.values(options).map((option) => option.about)]) expect(text).toMatch(/^[A-Z0-9_].*\.$/);
});

test('every command has examples, which its parser takes', () => {
  expect(Object.keys(EXAMPLES)).toEqual(syntaxes.map(({ name }) => name));
  for (const syntax of syntaxes) {
    for (const { args, about } of EXAMPLES[syntax.name] ?? []) {
      expect(args[0]).toBe(syntax.name);
      expect(about).toMatch(/^[A-Z].*\.$/);
      const { positionals } = parsed(syntax, args.slice(1));
      const needed = syntax.operands.split(' ').filter((word) => word !== '' && !word.startsWith('['));
      expect(positionals.length, args.join(' ')).toBeGreaterThanOrEqual(needed.length);
    }
  }
});

test('docs/cli.md names every command', () => {
  const docs = readFileSync(join(import.meta.dirname, '../../../docs/cli.md'), 'utf8');
  expect(syntaxes.map(({ name }) => name).filter((name) => !docs.includes(`(cli/${name}.md)`))).toEqual([]);
});
