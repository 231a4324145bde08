import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import crypto, { type CipherKey, type BinaryLike } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import S3rver from 's3rver';
import { dumpLines, readSnapshot } from 'tidemark/snapshot';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { openStorage } from '../../../src/snapshots/storage/openStorage.ts';
import { fixtureTar, untar, writeFiles } from './archiveFixtures.ts';

const SAVEPOINT = '2.3.0-hashmap-canonical';
const CHECKPOINT = '2.3.0-rocksdb-checkpoint-incremental';
const MANY = 1100;

interface Request {
  readonly method: string;
  readonly url: string;
  readonly range: string | undefined;
}

let home: string;
let server: Server;
let requests: Request[] = [];
/** Answers the next requests with these codes before the server gets to see any. */
let failures: number[] = [];

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'tidemark-test-'));
  replaceDes();
  const s3 = new S3rver({ directory: join(home, 's3'), silent: true, configureBuckets: [{ name: 'flink', configs: [] }] });
  await s3.configureBuckets();
  const answer = s3.callback();
  server = createServer((request, response) => {
    requests.push({ method: request.method ?? '', url: request.url ?? '', range: request.headers.range });
    const failure = failures.shift();
    if (failure === undefined) answer(request, response);
    else response.writeHead(failure).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await upload();
}, 120_000);

afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(home, { recursive: true });
});

beforeEach(() => {
  environment({ AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER', AWS_REGION: 'us-east-1', AWS_ENDPOINT_URL_S3: endpoint() });
  requests = [];
  failures = [];
});

afterEach(() => {
  vi.unstubAllEnvs();
});

/** The server makes its tokens of pages with DES, which Node no longer has. */
function replaceDes(): void {
  const { createCipheriv, createDecipheriv } = crypto;
  const twice = (value: CipherKey | BinaryLike | null): Buffer => Buffer.concat([value as Buffer, value as Buffer]);
  vi.spyOn(crypto, 'createCipheriv').mockImplementation((_, key, iv) => createCipheriv('aes-128-cbc', twice(key), twice(iv)));
  vi.spyOn(crypto, 'createDecipheriv').mockImplementation((_, key, iv) => createDecipheriv('aes-128-cbc', twice(key), twice(iv)));
}

function endpoint(): string {
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

/** Nothing of the machine's own settings counts. */
function environment(variables: Record<string, string>): void {
  vi.unstubAllEnvs();
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) vi.stubEnv(name, undefined);
  const files = { AWS_CONFIG_FILE: join(home, 'none'), AWS_SHARED_CREDENTIALS_FILE: join(home, 'none'), AWS_EC2_METADATA_DISABLED: 'true' };
  for (const [name, value] of Object.entries({ ...files, ...variables })) vi.stubEnv(name, value);
}

async function upload(): Promise<void> {
  const client = new S3Client({
    endpoint: endpoint(),
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
  const objects: { key: string; content: Uint8Array }[] = [
    { key: 'large/file', content: Uint8Array.from({ length: 5 << 20 }, (_, i) => i >> 12) },
    ...Array.from({ length: MANY }, (_, i) => ({ key: `many/${String(i)}`, content: new Uint8Array(0) })),
  ];
  for (const name of [SAVEPOINT, CHECKPOINT]) {
    const files = untar(fixtureTar(name));
    objects.push(...files.map(({ name: path, content }) => ({ key: `state/${path}`, content })));
    writeFiles(home, files);
  }
  const next = objects.values();
  const putAll = async (): Promise<void> => {
    for (const { key, content } of next) await client.send(new PutObjectCommand({ Bucket: 'flink', Key: key, Body: content }));
  };
  await Promise.all(Array.from({ length: 16 }, putAll));
  client.destroy();
}

async function dump(path: string): Promise<string[]> {
  const { storage, location } = await openStorage(path);
  try {
    const lines = [];
    for await (const line of dumpLines(await readSnapshot(storage, location))) if (lines.push(line) >= 1000) break;
    return lines;
  } finally {
    await storage.close?.();
  }
}

describe('snapshots in S3', () => {
  test.each([
    ['a savepoint', SAVEPOINT, `s3://flink/state/${SAVEPOINT}`],
    ['its _metadata, by the scheme of a plugin of Flink', SAVEPOINT, `s3a://flink/state/${SAVEPOINT}/_metadata`],
    ['the newest checkpoint of a job, whose files are found beside it', CHECKPOINT, `s3://flink/state/${CHECKPOINT}/`],
  ])('%s says what the same in a folder says, and is read by ranges only', async (_, name, location) => {
    expect(await dump(location)).toEqual(await dump(join(home, name)));
    const gets = requests.filter(({ method, url }) => method === 'GET' && !url.includes('list-type=2'));
    expect(gets.length).toBeGreaterThan(0);
    expect(gets.filter(({ range }) => range === undefined)).toEqual([]);
  });

  test('ranges that are side by side are one request, and the same range is asked for once', async () => {
    const { storage } = await openStorage('s3://flink/large');
    const bytes = await storage.slice('s3://flink/large/file', 3_000_000, 2_000_000);
    expect([bytes.length, bytes[0], bytes[1_999_999]]).toEqual([2_000_000, (3_000_000 >> 12) & 255, (4_999_999 >> 12) & 255]);
    for (let offset = 3_000_000; offset < 3_100_000; offset += 1000) await storage.slice('s3://flink/large/file', offset, 500);
    expect(requests.map(({ method, range }) => `${method} ${range ?? ''}`)).toEqual(['HEAD ', 'GET bytes=2097152-5242879']);
    await expect(storage.slice('s3://flink/large/file', 5 << 20, 1)).rejects.toThrow('the file is cut off');
  });

  test('lists of more names than a page has', async () => {
    const { storage } = await openStorage('s3://flink');
    expect(new Set(await storage.list('s3://flink/many')).size).toBe(MANY);
    expect([...(await storage.list(`s3://flink/state/${CHECKPOINT}/`))].sort()).toEqual(['chk-1', 'chk-3', 'chk-4', 'shared']);
  });

  test('a store that is busy is asked again', async () => {
    failures = [503, 500, 429];
    const { storage } = await openStorage('s3://flink/large');
    expect(await storage.size('s3://flink/large/file')).toBe(5 << 20);
    expect(requests.length).toBe(4);
  });

  test('credentials and endpoint of a profile', async () => {
    writeFileSync(join(home, 'credentials'), '[base]\naws_access_key_id = S3RVER\naws_secret_access_key = S3RVER\n');
    writeFileSync(join(home, 'config'), `[profile base]\nregion = us-east-1\nendpoint_url = ${endpoint()}\n`);
    environment({ AWS_PROFILE: 'base', AWS_CONFIG_FILE: join(home, 'config'), AWS_SHARED_CREDENTIALS_FILE: join(home, 'credentials') });
    const { storage } = await openStorage('s3://flink/large');
    expect(await storage.exists('s3://flink/large/file')).toBe(true);
  });
});

describe('what is wrong is said:', () => {
  const opened = async (location: string): Promise<string> => {
    const { storage, location: path } = await openStorage(location);
    return readSnapshot(storage, path).then(
      () => 'opened',
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
  };

  test('no snapshot', async () => {
    expect(await opened('s3://flink/large')).toContain('s3://flink/large is not a snapshot');
  });

  test('no bucket', async () => {
    expect(await opened('s3://nothing/sp')).toContain('there is no bucket nothing');
  });

  test('wrong credentials', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'nobody');
    expect(await opened('s3://flink/large')).toMatch(/may not be read with these credentials.*check AWS_PROFILE/);
  });

  test('no credentials', async () => {
    environment({ AWS_REGION: 'us-east-1', AWS_ENDPOINT_URL_S3: endpoint() });
    expect(await opened('s3://flink/large')).toContain('set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE');
  });

  test('no region', async () => {
    environment({ AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER', AWS_ENDPOINT_URL_S3: endpoint() });
    expect(await opened('s3://flink/large')).toContain('set AWS_REGION');
  });
});
