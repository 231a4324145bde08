import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { SnapshotStorage } from 'tidemark/snapshot';
import { CancellationTokenSource, LSPErrorCodes } from 'vscode-languageserver/node';
import { cancelledWith } from '../../../src/snapshots/storage/cancellation.ts';
import { client } from '../client.ts';
import { s3Storage } from '../../../src/snapshots/storage/s3Storage.ts';

/** Longer than one answer takes here, shorter than anyone waits for a test. */
const REQUEST_MS = 1500;
const CONTENT = Buffer.from('0123456789'.repeat(10));
type Answer = (response: ServerResponse, request: IncomingMessage, gets: number) => void;

let server: Server;
let gets = 0;
let answer: Answer;
let storage: SnapshotStorage;

beforeEach(async () => {
  gets = 0;
  server = createServer((request, response) => {
    if (request.method === 'HEAD') response.writeHead(200, { 'content-length': CONTENT.length, etag: '"a"' }).end();
    else answer(response, request, ++gets);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) vi.stubEnv(name, undefined);
  const endpoint = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const variables = { AWS_ENDPOINT_URL_S3: endpoint, AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
  for (const [name, value] of Object.entries({ ...variables, AWS_CONFIG_FILE: '/none', AWS_SHARED_CREDENTIALS_FILE: '/none' }))
    vi.stubEnv(name, value);
  storage = s3Storage([], { requestMs: REQUEST_MS });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await storage.close?.();
  server.closeAllConnections();
  server.close();
});

const read = async (): Promise<string> => Buffer.from(await storage.slice('s3://b/file', 0, CONTENT.length)).toString();
const partly = (response: ServerResponse): void =>
  void response.writeHead(206, { 'content-length': CONTENT.length }).write(CONTENT.subarray(0, 40));

describe('a read that is under way', () => {
  /** The reader has closed the connection. */
  let closed: Promise<void>;
  let asked: Promise<ServerResponse>;
  beforeEach(() => {
    let onClosed = (): void => undefined;
    let onAsked = (_: ServerResponse): void => undefined;
    closed = new Promise((resolve) => (onClosed = resolve));
    asked = new Promise((resolve) => (onAsked = resolve));
    answer = (response) => {
      partly(response);
      response.on('close', onClosed);
      onAsked(response);
    };
  });

  test('ends when the request that needs it is cancelled, and can be asked for again', async () => {
    const request = new AbortController();
    const reading = cancelledWith(request.signal, read);
    const response = await asked;
    request.abort(new Error('cancelled'));
    await expect(reading).rejects.toThrow('cancelled');
    await closed;
    expect(response.writableFinished).toBe(false);
    answer = (again) => again.writeHead(206, { 'content-length': CONTENT.length }).end(CONTENT);
    expect(await read()).toBe(CONTENT.toString());
    expect(gets).toBe(2);
  });

  test('goes on for those who still wait', async () => {
    const [one, other] = [new AbortController(), new AbortController()];
    const given = cancelledWith(one.signal, read);
    const kept = cancelledWith(other.signal, read);
    const response = await asked;
    one.abort(new Error('cancelled'));
    await expect(given).rejects.toThrow('cancelled');
    response.end(CONTENT.subarray(40));
    expect(await kept).toBe(CONTENT.toString());
    expect(gets).toBe(1);
  });

  test('ends when the editor cancels its request', async () => {
    const request = client();
    const opening = new CancellationTokenSource();
    const opened = request('snapshot/open', { location: 's3://b/savepoint-1' }, opening.token);
    await asked;
    opening.cancel();
    await expect(opened).rejects.toMatchObject({ code: LSPErrorCodes.RequestCancelled });
    await closed;
  });
});

describe('a store that', () => {
  test.each<[string, Answer]>([
    ['never answers', () => undefined],
    ['stops in the middle of a body', partly],
    [
      'sends a byte now and then',
      (response) => {
        response.writeHead(206, { 'content-length': CONTENT.length });
        const timer = setInterval(() => response.write('0'), 100);
        response.on('close', () => clearInterval(timer));
      },
    ],
  ])('%s is given up', async (_name, how) => {
    answer = how;
    await expect(read()).rejects.toThrow(/did not answer in full within 1.5 s/);
  });

  test('drops a connection in a body is asked again', async () => {
    answer = (response, _request, n) => {
      if (n < 3) {
        partly(response);
        setImmediate(() => response.destroy());
      } else response.writeHead(206, { 'content-length': CONTENT.length }).end(CONTENT);
    };
    expect(await read()).toBe(CONTENT.toString());
    expect(gets).toBe(3);
  });

  test('always drops it is given up, and the file is named', async () => {
    answer = (response) => {
      partly(response);
      setImmediate(() => response.destroy());
    };
    await expect(read()).rejects.toThrow(/s3:\/\/b\/file.* of 100 bytes/);
  });

  test('sends more than was asked for is cut off', async () => {
    let sent = 0;
    answer = (response) => {
      response.writeHead(206);
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(1 << 16))) sent += 1 << 16;
      };
      response.on('drain', more);
      more();
    };
    await expect(read()).rejects.toThrow('100 bytes are expected, more came');
    expect(sent).toBeLessThan(64 << 20);
  });

  test('lists the same page again and again is given up', async () => {
    const token = '<IsTruncated>true</IsTruncated><NextContinuationToken>same</NextContinuationToken>';
    answer = (response, _request, n) => {
      response.setHeader('content-type', 'application/xml');
      response.end(`<ListBucketResult>${token}<Contents><Key>a/${String(n)}</Key><Size>1</Size></Contents></ListBucketResult>`);
    };
    await expect(storage.list('s3://b/a')).rejects.toThrow("the store's list has no end");
    expect(gets).toBe(2);
  });

  test('is waited for no more once the storage is closed', async () => {
    answer = () => void storage.close?.();
    await expect(read()).rejects.toThrow('the storage was closed');
  });
});
