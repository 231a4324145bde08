import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { SealKeys } from '../snapshots/storage/sealedFile.ts';
import { UsageError } from './io.ts';
import type { OptionTable, OptionValues } from './syntax.ts';

const SECRET_KEY = /^AGE-SECRET-KEY-(PQ-)?1[0-9A-Z]+$/;

/** Options of all commands that open archives. */
export const KEY_OPTIONS = {
  'passphrase-file': { value: 'FILE', about: 'Opens a sealed archive with the passphrase in the first line of this file.' },
  identity: {
    value: 'FILE',
    repeated: true,
    about: 'Opens a sealed archive with the secret keys in this file, as age-keygen writes them.',
  },
} as const satisfies OptionTable;

/** What opens sealed archives, from the options of a command. Secrets come in files: arguments are seen by others. @throws UsageError */
export async function keysIn(values: OptionValues<typeof KEY_OPTIONS>, cwd: string): Promise<SealKeys> {
  const file = values['passphrase-file'];
  const identities: string[] = [];
  for (const path of values.identity ?? []) identities.push(...(await secretKeysIn(path, cwd)));
  return { passphrases: file === undefined ? [] : [await passphraseIn(file, cwd)], identities };
}

/** The first line of a file. @throws UsageError */
export async function passphraseIn(path: string, cwd: string): Promise<string> {
  const [passphrase = ''] = (await textOf(path, cwd)).split(/\r?\n/);
  if (passphrase === '') throw new UsageError(`${path}: its first line is the passphrase, and it is empty.`);
  return passphrase;
}

/** As age-keygen writes them: one a line, and comments. */
async function secretKeysIn(path: string, cwd: string): Promise<string[]> {
  const keys = (await textOf(path, cwd))
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => SECRET_KEY.test(line));
  if (keys.length === 0) throw new UsageError(`${path} has no secret key: a line that begins with AGE-SECRET-KEY-1 is expected.`);
  return keys;
}

async function textOf(path: string, cwd: string): Promise<string> {
  try {
    return await readFile(resolve(cwd, path), 'utf8');
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
