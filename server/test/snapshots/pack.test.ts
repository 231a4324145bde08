import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Decrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { dumpLines } from 'tidemark/snapshot';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ResponseError } from 'vscode-languageserver/node';
import { openSnapshot } from '../../src/snapshots/openedSnapshot.ts';
import type { ArchiveSeal } from '../../src/protocol.ts';
import { packSnapshot } from '../../src/snapshots/pack.ts';
import { client } from './client.ts';
import type { SealKeys } from '../../src/snapshots/storage/sealedFile.ts';
import { openStorage } from '../../src/snapshots/storage/openStorage.ts';
import { unpackSnapshot } from '../../src/snapshots/unpackSnapshot.ts';
import { fixtureTar, untar, writeFiles } from './storage/archiveFixtures.ts';

const SNAPSHOTS = ['2.3.0-hashmap-sql-canonical', '2.3.0-rocksdb-checkpoint-incremental'];
const OPEN: ArchiveSeal = { passphrase: null, recipients: [] };
const NO_KEYS: SealKeys = { passphrases: [], identities: [] };

let home: string;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'tidemark-test-'));
  for (const name of SNAPSHOTS) writeFiles(home, untar(fixtureTar(name)));
});

afterAll(() => {
  rmSync(home, { recursive: true });
});

async function dump(location: string, keys = NO_KEYS): Promise<string[]> {
  const { snapshot, storage } = await openSnapshot(location, { uids: [], folders: [], keys });
  try {
    const lines: string[] = [];
    for await (const line of dumpLines(snapshot)) lines.push(line);
    return lines;
  } finally {
    await storage.close?.();
  }
}

async function pack(name: string, file: string, seal: ArchiveSeal): Promise<string> {
  const opened = await openSnapshot(join(home, name));
  const target = join(home, file);
  await packSnapshot(opened, target, seal);
  await opened.storage.close?.();
  return target;
}

describe.each(SNAPSHOTS)('%s', (name) => {
  test('packed and unpacked is the same snapshot', { timeout: 60_000 }, async () => {
    const archive = await pack(name, `${name}.packed.tar`, OPEN);
    const expected = await dump(join(home, name));
    expect(await dump(archive)).toEqual(expected);
    const target = join(home, `${name}.unpacked`);
    await unpackSnapshot(archive, target, NO_KEYS);
    expect(await dump(join(target, readdirSync(target)[0] ?? ''))).toEqual(expected);
    await expect(unpackSnapshot(archive, target, NO_KEYS)).rejects.toThrow('is there already');
  });

  test('sealed for a recipient it opens with the secret key alone, and age itself reads it', { timeout: 60_000 }, async () => {
    const identity = await generateX25519Identity();
    const archive = await pack(name, `${name}.tar.age`, { passphrase: null, recipients: [await identityToRecipient(identity)] });
    expect(await dump(archive, { passphrases: [], identities: [identity] })).toEqual(await dump(join(home, name)));
    await expect(dump(archive)).rejects.toThrow('give the secret key with --identity');
    const other = await generateX25519Identity();
    await expect(dump(archive, { passphrases: [], identities: [other] })).rejects.toThrow('of another recipient');
    const age = new Decrypter();
    age.addIdentity(identity);
    const plain = join(home, `${name}.plain.tar`);
    writeFileSync(plain, await age.decrypt(readFileSync(archive)));
    expect(await dump(plain)).toEqual(await dump(join(home, name)));
  });
});

test('what links lead to from outside is in no archive', async () => {
  const secret = join(home, 'secret');
  for (const linked of ['state', 'tidemark.json', '_metadata']) {
    const folder = join(home, `linked-${linked}`);
    writeFiles(folder, untar(fixtureTar(SNAPSHOTS[0] ?? '')));
    const snapshot = join(folder, SNAPSHOTS[0] ?? '');
    const opened = await openSnapshot(snapshot);
    const name = linked === 'state' ? (readdirSync(snapshot).find((each) => each !== '_metadata') ?? '') : linked;
    cpSync(join(snapshot, existsSync(join(snapshot, name)) ? name : '_metadata'), secret);
    rmSync(join(snapshot, name), { force: true });
    symlinkSync(secret, join(snapshot, name));
    const target = join(home, `${linked}.tar`);
    await expect(packSnapshot(opened, target, OPEN)).rejects.toThrow(`is a link to ${realpathSync(secret)}, which is outside`);
    await opened.storage.close?.();
    expect(existsSync(target)).toBe(false);
  }
});

describe('a sealed archive', () => {
  test('is opened by the snapshot process when it has been unlocked', { timeout: 60_000 }, async () => {
    const identity = await generateX25519Identity();
    const location = await pack(SNAPSHOTS[0] ?? '', 'session.tar.age', {
      passphrase: null,
      recipients: [await identityToRecipient(identity)],
    });
    const request = client();
    const locked = await request('snapshot/open', { location }).catch((error: unknown) => error);
    expect(locked).toBeInstanceOf(ResponseError);
    expect((locked as ResponseError<unknown>).data).toEqual({ sealed: 'recipient' });
    await request('snapshot/unlock', { secret: identity });
    expect((await request('snapshot/open', { location })).operatorCount).toBeGreaterThan(1);
  });

  test(
    'is made by the snapshot process for the editor, and nothing is left where its recipient is not a key',
    { timeout: 60_000 },
    async () => {
      const location = join(home, SNAPSHOTS[0] ?? '');
      const identity = await generateX25519Identity();
      const target = join(home, 'editor.tar.age');
      const request = client();
      const wrong = { passphrase: null, recipients: ['age1nobody'] };
      await expect(request('snapshot/pack', { location, seal: wrong, target, progress: 'p' })).rejects.toThrow();
      expect(readdirSync(home).filter((each) => each.includes('editor.tar.age'))).toEqual([]);
      const seal = { passphrase: null, recipients: [await identityToRecipient(identity)] };
      const { files, size } = await request('snapshot/pack', { location, seal, target, progress: 'p' });
      expect(files).toBeGreaterThan(0);
      expect(readFileSync(target).length).toBe(size);
      expect(await dump(target, { passphrases: [], identities: [identity] })).toEqual(await dump(location));
    },
  );

  test('with a passphrase opens with no other, nor when it is cut off or changed', { timeout: 60_000 }, async () => {
    const keys = { passphrases: ['correct horse'], identities: [] };
    const archive = await pack(SNAPSHOTS[0] ?? '', 'passphrase.tar.age', { passphrase: 'correct horse', recipients: [] });
    const expected = await dump(join(home, SNAPSHOTS[0] ?? ''));
    expect(await dump(archive, keys)).toEqual(expected);
    await expect(dump(archive, { passphrases: ['wrong'], identities: [] })).rejects.toThrow('the passphrase is wrong');
    // A passphrase takes seconds on purpose: what has been opened once opens faster.
    const opened = await openStorage(archive, { keys });
    await opened.storage.close?.();
    const again: SealKeys = { ...NO_KEYS, ...(opened.fileKey === undefined ? {} : { fileKey: opened.fileKey }) };
    const bytes = readFileSync(archive);
    expect(bytes.includes('BinaryRowData')).toBe(false);
    const damaged = join(home, 'damaged.tar.age');
    const CHUNK = 65_536 + 16;
    for (const length of [bytes.length - 1, bytes.length - 5000, bytes.length - (bytes.length % CHUNK), 300, 10]) {
      writeFileSync(damaged, bytes.subarray(0, length));
      await expect(dump(damaged, again), `cut to ${String(length)} bytes`).rejects.toThrow(/cut off|is damaged/);
    }
    for (const at of [bytes.length >> 1, bytes.length - 20, 900]) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 4;
      writeFileSync(damaged, changed);
      const target = join(home, 'never');
      await expect(unpackSnapshot(damaged, target, again), `byte ${String(at)}`).rejects.toThrow('is damaged');
      expect(readdirSync(home).filter((each) => each.startsWith('never'))).toEqual([]);
    }
  });

  test('a file that is not what was packed is refused by its checksum', async () => {
    const archive = await pack(SNAPSHOTS[0] ?? '', 'changed.tar', OPEN);
    const bytes = readFileSync(archive);
    const at = 3 * 512;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(archive, bytes);
    await expect(unpackSnapshot(archive, join(home, 'never'), NO_KEYS)).rejects.toThrow('its checksum differs');
    expect(readdirSync(home).filter((each) => each.startsWith('never'))).toEqual([]);
  });
});

test('a file that makes each try of a passphrase expensive is not opened before that is paid', async () => {
  const path = join(home, 'expensive.tar.age');
  const keys: SealKeys = { passphrases: ['secret'], identities: [] };
  for (const [factor, memory] of [
    ['20', '1.0 GB'],
    ['24', '1[67].* GB'],
    ['999', 'more than 1 TiB'],
  ]) {
    writeFileSync(
      path,
      `age-encryption.org/v1\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA ${factor ?? ''}\n${'A'.repeat(43)}\n--- ${'A'.repeat(43)}\n`,
    );
    await expect(openSnapshot(path, { uids: [], folders: [], keys })).rejects.toThrow(
      new RegExp(`takes ${memory ?? ''}.*TIDEMARK_SCRYPT_MAX`),
    );
  }
});
