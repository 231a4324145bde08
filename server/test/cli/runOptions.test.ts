import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseRunOptions } from '../../src/cli/runOptions.ts';

const folder = mkdtempSync(join(tmpdir(), 'tidemark-options-'));
const parse = (...args: string[]) => parseRunOptions(args, folder);

describe('tidemark run', () => {
  it('has defaults', () => {
    expect(parse('a.pipeline.ts')).toEqual({
      program: resolve(folder, 'a.pipeline.ts'),
      from: null,
      claim: false,
      parallelism: null,
      parameters: {},
      fileParameters: {},
      allowNonRestoredState: false,
      overwrite: false,
      watch: false,
      uiPort: null,
      json: false,
    });
  });

  it('takes options before and after the pipeline', () => {
    const options = parse(
      '--parallelism',
      '4',
      'a.pipeline.ts',
      '--param',
      'speedup=10',
      '--param',
      'text=a=b',
      '--allow-non-restored-state',
      '--watch',
      '--json',
    );
    expect(options).toMatchObject({
      parallelism: 4,
      parameters: { speedup: '10', text: 'a=b' },
      allowNonRestoredState: true,
      watch: true,
      json: true,
    });
  });

  it('takes parameters from files, and does not repeat a value where a line is wrong', () => {
    const file = join(folder, 'parameters');
    writeFileSync(file, '# for tests\r\n\r\ntoken=a=b \nspeedup=10');
    expect(parse('a.ts', '--param-file', file).fileParameters).toEqual({ token: 'a=b ', speedup: '10' });
    writeFileSync(file, 'token=a\nhunter2');
    expect(() => parse('a.ts', '--param-file', 'parameters')).toThrow('parameters, line 2: a parameter is given as NAME=VALUE.');
    writeFileSync(file, 'token=a\ntoken=b');
    expect(() => parse('a.ts', '--param-file', 'parameters')).toThrow('parameters, line 2: parameter "token" is given twice.');
    expect(() => parse('a.ts', '--param-file', 'missing')).toThrow('missing cannot be read');
  });

  it('serves the page at a given port or at any', () => {
    expect(parse('a.ts', '--ui').uiPort).toBe(0);
    expect(parse('--ui', 'a.ts').uiPort).toBe(0);
    expect(parse('--ui', '8080', 'a.ts').uiPort).toBe(8080);
    expect(parse('a.ts', '--ui=8080').uiPort).toBe(8080);
  });

  it('restores from a folder or the latest', () => {
    expect(parse('a.ts', '--from', 'latest').from).toBe('latest');
    expect(parse('a.ts', '--from', 'latest-or-fresh', '--overwrite')).toMatchObject({ from: 'latest-or-fresh', overwrite: true });
    expect(parse('a.ts', '--from', '.', '--claim')).toMatchObject({ from: folder, claim: true });
  });

  it.each([
    [[], /Which pipeline/],
    [['a.ts', 'b.ts'], /One pipeline at a time/],
    [['a.ts', '--from', 'nowhere'], /no snapshot at .*nowhere/],
    [['a.ts', '--parallelism', '0'], /1 to 32768/],
    [['a.ts', '--parallelism', '1.5'], /whole number/],
    [['a.ts', '--param', 'speedup'], /name=value/],
    [['a.ts', '--claim'], /--claim needs --from/],
    [['a.ts', '--from', '.', '--claim', '--no-claim'], /exclude/],
    [['a.ts', '--nope'], /nope/],
  ])('refuses %j', (args, message) => {
    expect(() => parse(...args)).toThrow(message);
  });
});
