import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { handOverFolder, makeOwnFolder, MARKER, markOwnFolder, removeOwnFolder } from '../src/ownFolder.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tidemark-own-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

describe('a folder is removed with what is in it', () => {
  test('where Tidemark made it', () => {
    const own = join(home, 'a', 'own');
    makeOwnFolder(own);
    writeFileSync(join(own, 'x'), 'x');
    if (process.platform !== 'win32') for (const made of [join(home, 'a'), own]) expect(statSync(made).mode & 0o777).toBe(0o700);
    removeOwnFolder(own, home);
    expect(readdirSync(join(home, 'a'))).toEqual([]);
    removeOwnFolder(own, home);
  });

  test('but not what a link in it leads to', () => {
    const own = join(home, 'own');
    mkdirSync(join(home, 'precious'));
    writeFileSync(join(home, 'precious', 'x'), 'x');
    makeOwnFolder(own);
    symlinkSync(join(home, 'precious'), join(own, 'link'));
    removeOwnFolder(own, home);
    expect(existsSync(join(home, 'precious', 'x'))).toBe(true);
  });
});

describe('a folder stays', () => {
  test('that has no marker, or whose marker was taken away', () => {
    const other = join(home, 'other');
    mkdirSync(other);
    expect(() => removeOwnFolder(other, home)).toThrow(`${other} is not removed: Tidemark did not make it`);
    markOwnFolder(other);
    handOverFolder(other);
    expect(() => removeOwnFolder(other, home)).toThrow('Tidemark did not make it');
    expect(existsSync(other)).toBe(true);
  });

  test('whose marker is a link to a marker', () => {
    const other = join(home, 'other');
    mkdirSync(other);
    writeFileSync(join(home, MARKER), '');
    symlinkSync(join(home, MARKER), join(other, MARKER));
    expect(() => removeOwnFolder(other, home)).toThrow('Tidemark did not make it');
  });

  test('that a link on the way or the path itself leads to from outside', () => {
    const project = join(home, 'project');
    const outside = join(home, 'outside');
    mkdirSync(project);
    makeOwnFolder(join(outside, 'own'));
    symlinkSync(outside, join(project, 'link'));
    expect(() => removeOwnFolder(join(project, 'link', 'own'), project)).toThrow('a link leads out of');
    symlinkSync(join(outside, 'own'), join(project, 'own'));
    expect(() => removeOwnFolder(join(project, 'own'), project)).toThrow('not a folder that Tidemark made');
    expect(() => removeOwnFolder(join(outside, 'own'), project)).toThrow('a link leads out of');
    expect(existsSync(join(outside, 'own', MARKER))).toBe(true);
  });
});

test('a folder is not made where a link of its name is, not even one that leads nowhere', () => {
  symlinkSync(join(home, 'nowhere'), join(home, 'own'));
  expect(() => makeOwnFolder(join(home, 'own'))).toThrow('EEXIST');
});
