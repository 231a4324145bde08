import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { missingPackage } from '../packages.mjs';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'tidemark-packages-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const wanted = {
  '': { version: '1.0.0' },
  engine: { version: '1.0.0' },
  'node_modules/tidemark': { link: true, resolved: 'engine' },
  'node_modules/a': { version: '1.2.3' },
  'node_modules/other-platform': { version: '1.0.0', optional: true },
};

/** Writes a lock file and, unless `installed` is null, what npm would have written about `node_modules`. */
function clone(installed) {
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages: wanted }));
  if (installed === null) return;
  for (const path of Object.keys(installed)) mkdirSync(join(folder, path), { recursive: true });
  writeFileSync(join(folder, 'node_modules/.package-lock.json'), JSON.stringify({ packages: installed }));
}
const current = {
  engine: { version: '1.0.0' },
  'node_modules/tidemark': { link: true, resolved: 'engine' },
  'node_modules/a': { version: '1.2.3' },
};

describe('packages', () => {
  it('are missing in a fresh clone', () => {
    clone(null);
    expect(missingPackage(folder)).toBe('none are installed');
  });

  it('are there when node_modules has what the lock file wants, less what is for other platforms', () => {
    clone(current);
    expect(missingPackage(folder)).toBeNull();
  });

  it('are outdated by version, by a package too few, by one too many and by a folder that was removed', () => {
    clone({ ...current, 'node_modules/a': { version: '1.2.2' } });
    expect(missingPackage(folder)).toBe('node_modules/a has version 1.2.2, not 1.2.3');
    clone({ 'node_modules/tidemark': current['node_modules/tidemark'], engine: current.engine });
    expect(missingPackage(folder)).toBe('node_modules/a is missing');
    clone({ ...current, 'node_modules/b': { version: '1.0.0' } });
    expect(missingPackage(folder)).toBe('node_modules/b is no longer used');
    clone(current);
    rmSync(join(folder, 'node_modules/a'), { recursive: true });
    expect(missingPackage(folder)).toBe('node_modules/a was removed');
  });
});
