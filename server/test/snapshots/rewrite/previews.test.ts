import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PREVIEWS, Previews } from '../../../src/snapshots/rewrite/previews.ts';

let home = '';
let repository = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tidemark-previews-'));
  repository = join(home, 'repository');
  mkdirSync(repository);
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const writes =
  (text: string) =>
  (place: string): Promise<string> => {
    mkdirSync(place);
    writeFileSync(join(place, '_metadata'), text);
    return Promise.resolve(text);
  };

test('a preview is kept as it is, or discarded, and nothing else is left', async () => {
  const previews = new Previews();
  const target = join(repository, 'fixed');
  await previews.write(target, writes('one'));
  const { place, result } = await previews.write(target, writes('two'));
  expect(result).toBe('two');
  expect(readFileSync(join(place, '_metadata'), 'utf8')).toBe('two');
  expect(previews.keep(target)).toBe(true);
  expect(readdirSync(target)).toEqual(['_metadata']);
  expect(previews.keep(target)).toBe(false);
  await previews.write(join(repository, 'other'), writes('three'));
  previews.discardAll();
  expect(readdirSync(repository)).toEqual(['fixed']);
});

test('what a killed process left behind is replaced', async () => {
  await new Previews().write(join(repository, 'fixed'), writes('one'));
  const { place } = await new Previews().write(join(repository, 'fixed'), writes('two'));
  expect(readFileSync(join(place, '_metadata'), 'utf8')).toBe('two');
});

test('a repository whose folder of previews is a link loses nothing outside', async () => {
  mkdirSync(join(home, 'Documents'));
  writeFileSync(join(home, 'Documents', 'precious.txt'), 'x');
  symlinkSync('..', join(repository, PREVIEWS));
  const preview = new Previews().write(join(repository, 'Documents'), writes('one'));
  await expect(preview).rejects.toThrow('is not a folder of yours');
  expect(readdirSync(join(home, 'Documents'))).toEqual(['precious.txt']);
});

test('a folder in the place of a preview that Tidemark did not make stays', async () => {
  const own = join(repository, PREVIEWS, 'fixed');
  mkdirSync(own, { recursive: true });
  writeFileSync(join(own, 'precious.txt'), 'x');
  await expect(new Previews().write(join(repository, 'fixed'), writes('one'))).rejects.toThrow('Tidemark did not make it');
  expect(existsSync(join(own, 'precious.txt'))).toBe(true);
});
