import { expect, test } from 'vitest';
import { fileStorage } from '../../../src/snapshots/fileStorage.ts';
import { unlessAbsent } from '../../../src/snapshots/storage/absence.ts';

const failing = (code: string): Promise<never> => Promise.reject(Object.assign(new Error(`${code}: it failed`), { code }));

test('what is not there is not there, and what cannot be looked at is said', async () => {
  for (const code of ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP']) expect(await unlessAbsent('/a', failing(code), null)).toBe(null);
  await expect(unlessAbsent('/a/chk-1', failing('EACCES'), null)).rejects.toThrow('/a/chk-1 cannot be looked at: permission is missing');
  await expect(unlessAbsent('/a/chk-1', failing('EIO'), null)).rejects.toThrow('/a/chk-1 cannot be looked at: EIO: it failed');
});

test('names that no file can have are not files', async () => {
  for (const name of ['nowhere', 'a\0b', 'x'.repeat(5000), `${import.meta.filename}/inside`]) {
    expect(await fileStorage.exists(name)).toBe(false);
    expect(await fileStorage.list(name)).toEqual([]);
  }
});
