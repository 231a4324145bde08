import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { dumpLines, readSnapshot } from 'tidemark/snapshot';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { absoluteLocation, openStorage, type StorageOptions } from '../../../src/snapshots/storage/openStorage.ts';
import { fixtureTar, tar, untar, writeFiles, zip } from './archiveFixtures.ts';

const SAVEPOINT = '2.3.0-hashmap-canonical';
const CHECKPOINT = '2.3.0-rocksdb-checkpoint-incremental';

let home: string;
let expected: string[];

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'tidemark-test-'));
  for (const name of [SAVEPOINT, CHECKPOINT]) writeFiles(home, untar(fixtureTar(name)));
  expected = await dump(join(home, SAVEPOINT));
});

afterAll(() => {
  rmSync(home, { recursive: true });
});

/** The first lines, so that state was read and not only `_metadata`. */
async function dump(path: string, options: StorageOptions = {}): Promise<string[]> {
  const { storage, location } = await openStorage(path, options);
  try {
    const lines = [];
    for await (const line of dumpLines(await readSnapshot(storage, location))) if (lines.push(line) >= 500) break;
    return lines;
  } finally {
    await storage.close?.();
  }
}

function file(name: string, content: Uint8Array): string {
  const path = join(home, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

describe('folders', () => {
  test('by path, URI, _metadata file and with slashes at the end', async () => {
    const folder = join(home, SAVEPOINT);
    expect(expected.length).toBe(500);
    for (const path of [`${folder}//`, join(folder, '_metadata'), pathToFileURL(folder).href, `file:${folder.replaceAll('\\', '/')}`])
      expect(await dump(path), path).toEqual(expected);
  });

  test('of checkpoints: the newest, of the job that wrote last', async () => {
    const root = join(home, 'root');
    const metadata = (job: string, checkpoint: string, time: number): void => {
      const path = file(`root/${job}/${checkpoint}/_metadata`, readFileSync(join(home, SAVEPOINT, '_metadata')));
      utimesSync(path, time, time);
    };
    metadata('old', 'chk-90', 1000);
    metadata('new', 'chk-9', 1000);
    metadata('new', 'chk-10', 2000);
    const { storage, location } = await openStorage(root);
    await expect(readSnapshot(storage, location)).resolves.toMatchObject({ folder: join(root, 'new/chk-10').replaceAll('\\', '/') });
  });

  test('whose files are links out of them are not read', async () => {
    const root = join(home, 'linked');
    writeFiles(root, untar(fixtureTar(CHECKPOINT)));
    const shared = join(root, CHECKPOINT, 'shared');
    const secret = file('secret', new Uint8Array(1 << 20));
    for (const name of readdirSync(shared)) {
      rmSync(join(shared, name));
      symlinkSync(secret, join(shared, name));
    }
    await expect(dump(join(root, CHECKPOINT))).rejects.toThrow(`is a link to ${secret}, which is outside of`);
  });

  test('whose _metadata is a link out of them, or no file, are not read', async () => {
    const secret = file('secret-metadata', new Uint8Array(100));
    mkdirSync(join(home, 'hostile'));
    symlinkSync(secret, join(home, 'hostile', '_metadata'));
    await expect(dump(join(home, 'hostile'))).rejects.toThrow(`is a link to ${secret}, which is outside of`);
    mkdirSync(join(home, 'folder', '_metadata'), { recursive: true });
    await expect(dump(join(home, 'folder'))).rejects.toThrow('is a folder, not a file');
  });

  test.skipIf(process.platform === 'win32')('whose files are pipes or devices do not hold anyone up', async () => {
    mkdirSync(join(home, 'piped'));
    execFileSync('mkfifo', [join(home, 'piped', '_metadata')]);
    await expect(dump(join(home, 'piped'))).rejects.toThrow('is a pipe, a device or a socket, not a file');
    const root = join(home, 'piped-state');
    writeFiles(root, untar(fixtureTar(SAVEPOINT)));
    for (const name of readdirSync(join(root, SAVEPOINT)).filter((each) => each !== '_metadata')) {
      rmSync(join(root, SAVEPOINT, name));
      execFileSync('mkfifo', [join(root, SAVEPOINT, name)]);
    }
    await expect(dump(join(root, SAVEPOINT))).rejects.toThrow('is a pipe, a device or a socket, not a file');
  });

  test('whose shared files have gone elsewhere are read where the path map says', async () => {
    const root = join(home, 'moved');
    const files = untar(fixtureTar(CHECKPOINT));
    writeFiles(
      root,
      files.filter(({ name }) => name.includes('/chk-')),
    );
    writeFiles(
      join(home, 'elsewhere'),
      files.filter(({ name }) => name.includes('/shared/')),
    );
    const error = await dump(join(root, CHECKPOINT)).catch(String);
    const from = /--path-map (.*)=FOLDER/.exec(String(error))?.[1] ?? '';
    expect(from).toMatch(/\/shared$/);
    const pathMap = [{ from, to: join(home, 'elsewhere', CHECKPOINT, 'shared') }];
    expect(await dump(join(root, CHECKPOINT), { pathMap })).toEqual(await dump(join(home, CHECKPOINT)));
  });

  test('that are not there are named', async () => {
    await expect(dump(join(home, 'none'))).rejects.toThrow('is not a snapshot');
    await expect(dump('hdfs://host/cp')).rejects.toThrow('copy the whole snapshot to a local folder or to S3');
  });

  test('are relative to where one is, other than URIs', () => {
    expect(absoluteLocation(home, 'sp')).toBe(join(home, 'sp'));
    expect(absoluteLocation(home, 's3://bucket/sp')).toBe('s3://bucket/sp');
  });
});

describe('archives', () => {
  test('tar, read where they are', async () => {
    expect(await dump(file('plain.tar', fixtureTar(SAVEPOINT)))).toEqual(expected);
    expect(await dump(file('checkpoint.tar', fixtureTar(CHECKPOINT)))).toEqual(await dump(join(home, CHECKPOINT)));
  });

  test('tar.gz and zip, unpacked for as long as they are open', async () => {
    const files = untar(fixtureTar(SAVEPOINT));
    const packed = [
      file('packed.tar.gz', gzipSync(fixtureTar(SAVEPOINT))),
      file('packed.TGZ', gzipSync(fixtureTar(SAVEPOINT))),
      file('deflated.zip', zip(files)),
      file('stored.zip', zip(files.map((each) => ({ ...each, stored: true })))),
    ];
    for (const path of packed) {
      expect(await dump(path), path).toEqual(expected);
      const { storage, source } = await openStorage(path);
      expect(existsSync(source)).toBe(true);
      await storage.close?.();
      expect(existsSync(source)).toBe(false);
    }
  });

  test('with names that are long, of pax and of GNU', async () => {
    const folder = 'x'.repeat(150);
    const files = untar(fixtureTar(SAVEPOINT)).map(({ name, content }) => ({ name: `${folder}/${name}`, content }));
    const record = (name: string): string => {
      const length = ` path=${name}\n`.length + 3;
      return `${String(length)} path=${name}\n`;
    };
    const pax = files.flatMap(({ name, content }) => [
      { name: 'pax', kind: 'x', content: Buffer.from(record(name)) },
      { name: 'short', content },
    ]);
    const gnu = files.flatMap(({ name, content }) => [
      { name: '././@LongLink', kind: 'L', content: Buffer.from(`${name}\0`) },
      { name: 'short', content },
    ]);
    expect(await dump(file('pax.tar', tar(pax)))).toEqual(expected);
    expect(await dump(file('gnu.tar', tar(gnu)))).toEqual(expected);
  });

  const metadata = { name: 'sp/_metadata', content: Uint8Array.of(1) };
  const hostile: [string, string, Buffer, string][] = [
    ['a name that leads out', 'out.tar', tar([metadata, { name: '../x' }]), 'leads out of the archive'],
    ['an absolute name', 'absolute.tar', tar([metadata, { name: '/etc/x' }]), 'leads out of the archive'],
    ['a name twice', 'twice.tar', tar([metadata, metadata]), 'two members named sp/_metadata'],
    ['no snapshot', 'none.tar', tar([{ name: 'x' }]), 'none of its members is named _metadata'],
    ['a snapshot that is a link', 'link.tar', tar([{ name: '_metadata', kind: '2' }]), 'none of its members is named _metadata'],
    ['several snapshots', 'several.tar', tar([metadata, { name: 'b/_metadata' }]), 'several snapshots: sp, b'],
    ['a length beyond its end', 'short.tar', tar([{ name: 'x', content: new Uint8Array(5000) }]).subarray(0, 2000), 'is cut off'],
    ['other content', 'noise.tar', Buffer.alloc(2048, 7), 'is not a tar archive, or damaged'],
    ['a damaged stream', 'noise.tar.gz', Buffer.alloc(2048, 7), 'is damaged, or no gzip file'],
    ['a name that leads out, zipped', 'out.zip', zip([metadata, { ...metadata, name: '../x' }]), 'x'],
    ['a link, zipped', 'link.zip', zip([metadata, { ...metadata, name: 'l', mode: 0o120777 }]), 'as a link or device'],
    ['a name twice, zipped', 'twice.zip', zip([metadata, { ...metadata, name: 'SP/_metadata' }]), 'two members named'],
    ['other content, zipped', 'noise.zip', Buffer.alloc(2048, 7), 'is damaged, or no zip file'],
    ['another format', 'sp.tar.zst', Buffer.alloc(8), 'unpack it with tar --zstd -xf and open the folder'],
  ];
  test.each(hostile)('with %s are refused', async (_, name, content, message) => {
    await expect(openStorage(file(name, content))).rejects.toThrow(message);
    expect(existsSync(join(dirname(home), 'x'))).toBe(false);
  });

  test('that become too large are refused, by size and by ratio', async () => {
    const large = gzipSync(Buffer.alloc(80 << 20));
    await expect(openStorage(file('bomb.tar.gz', large))).rejects.toThrow('more than 200 times as large');
    const zipped = zip([{ name: '_metadata', content: Buffer.alloc(80 << 20) }]);
    await expect(openStorage(file('bomb.zip', zipped))).rejects.toThrow('more than 200 times as large');
    await expect(openStorage(file('large.tar.gz', gzipSync(fixtureTar(SAVEPOINT))), { unpackBytes: 10_000 })).rejects.toThrow(
      'more than 10000 bytes when it is unpacked',
    );
  });
});
