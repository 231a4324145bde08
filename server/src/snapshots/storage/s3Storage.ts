/**
 * Snapshots in S3, or in any store that speaks its protocol. A bundle of its own, loaded when it is first needed: the official client is large,
 * but it finds region, endpoint and credentials wherever the AWS command line does (environment, profiles that are on others, single sign-on,
 * web identities, containers, instances), which no smaller signer does.
 */
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  S3Client,
  S3ServiceException,
  type ListObjectsV2CommandInput,
  type ListObjectsV2CommandOutput,
} from '@aws-sdk/client-s3';
import { setMaxListeners } from 'node:events';
import type { Readable } from 'node:stream';
import { withoutLastSlashes, type PathMapping, type SnapshotStorage } from 'tidemark/snapshot';
import { cancellation, SharedWork } from './cancellation.ts';
import { RangeCache } from './rangeCache.ts';

const ATTEMPTS = 5;
const CONNECT_MS = 10_000;
const REQUEST_MS = 60_000;
/** What a body must bring at least, after the time of a request: in bytes each millisecond. */
const RATE_MIN = 16;
const FILES_MAX = 10_000;
const NAMES_MAX = 1_000_000;

interface S3File {
  readonly size: number;
  readonly modified: number;
  readonly etag: string | undefined;
}

interface S3Path {
  readonly bucket: string;
  readonly key: string;
}

interface S3Access {
  readonly client: S3Client;
  /** Of one try of a request, in ms. */
  readonly requestMs: number;
  /** Nobody waits any more. */
  readonly closed: AbortSignal;
}

/**
 * Paths are `s3://bucket/key`. Files are read by ranges only. Every request ends after `requestMs`, those of content after the time that a slow
 * network needs in addition; all end when the storage is closed, and a request that nobody waits for any more ends at once.
 */
export function s3Storage(pathMap: readonly PathMapping[], { requestMs = REQUEST_MS } = {}): SnapshotStorage {
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  const client: S3Access = { client: newClient(requestMs), requestMs, closed: closing.signal };
  const files = new Map<string, SharedWork<S3File | null>>();

  const find = (path: string): Promise<S3File | null> => {
    const known = files.get(path);
    if (known !== undefined && !known.isCancelled) return known.wait(known.result);
    const found = new SharedWork(() => head(client, path));
    if (files.size >= FILES_MAX) files.clear();
    files.set(path, found);
    found.result.catch(() => {
      if (files.get(path) === found) files.delete(path);
    });
    return found.wait(found.result);
  };
  const fileAt = async (path: string): Promise<S3File> => {
    const file = await find(path);
    if (file === null) throw new Error(`there is no ${path}`);
    return file;
  };
  const cache = new RangeCache(async (path, offset, length) => get(client, path, offset, length, (await fileAt(path)).etag));
  return {
    pathMap,
    size: async (path) => (await fileAt(path)).size,
    exists: async (path) => (await find(path)) !== null,
    modified: async (path) => (await fileAt(path)).modified,
    async slice(path, offset, length) {
      const { size } = await fileAt(path);
      if (offset + length > size)
        throw new Error(`${path} has ${String(size)} bytes, but bytes up to ${String(offset + length)} are needed: the file is cut off`);
      return cache.slice(path, offset, length, size);
    },
    list: (folder) => list(client, folder),
    close() {
      closing.abort(new Error('the storage was closed'));
      client.client.destroy();
      return Promise.resolve();
    },
  };
}

function newClient(requestMs: number): S3Client {
  // Which Node the editor has is not the user's to choose.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  return new S3Client({
    maxAttempts: ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: requestMs, throwOnRequestTimeout: true, socketTimeout: requestMs },
    responseChecksumValidation: 'WHEN_REQUIRED',
    followRegionRedirects: true,
    // Stores other than Amazon's rarely have a domain for each bucket; Amazon's takes both.
    forcePathStyle: true,
  });
}

function parse(path: string): S3Path {
  const match = /^s3:\/\/([^/]+)\/?(.*)$/s.exec(path);
  if (match === null) throw new Error(`${path} is not in S3: s3://bucket/path is expected`);
  return { bucket: match[1] ?? '', key: match[2] ?? '' };
}

/** Ends a request with all its tries: when its time is over, the storage is closed, or who asked for it gave up. */
function ending({ requestMs, closed }: S3Access, length = 0): AbortSignal {
  const cancelled = cancellation();
  const timeout = AbortSignal.timeout(requestMs + Math.ceil(length / RATE_MIN));
  return AbortSignal.any(cancelled === undefined ? [closed, timeout] : [closed, timeout, cancelled]);
}

/** Why a request failed, where it was ended by us. */
function endedBy(signal: AbortSignal, { requestMs, closed }: S3Access, error: unknown): unknown {
  if (closed.aborted) return new Error('the storage was closed');
  return signal.aborted ? new Error(`the store did not answer in full within ${String(requestMs / 1000)} s`) : error;
}

async function head(access: S3Access, path: string): Promise<S3File | null> {
  const { bucket, key } = parse(path);
  if (key === '') return null;
  const abortSignal = ending(access);
  try {
    const { ContentLength, LastModified, ETag } = await access.client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }), {
      abortSignal,
    });
    return { size: ContentLength ?? 0, modified: LastModified?.getTime() ?? 0, etag: ETag };
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw inWords(endedBy(abortSignal, access, error), path);
  }
}

async function get(access: S3Access, path: string, offset: number, length: number, etag: string | undefined): Promise<Uint8Array> {
  if (length === 0) return new Uint8Array(0);
  const { bucket, key } = parse(path);
  const range = `bytes=${String(offset)}-${String(offset + length - 1)}`;
  const request = { Bucket: bucket, Key: key, Range: range, ...(etag === undefined ? {} : { IfMatch: etag }) };
  const abortSignal = ending(access, length);
  try {
    // The client itself tries again until the headers of an answer are there; a body that breaks off is asked for again here.
    for (let attempt = 1; ; attempt++) {
      const { Body, ContentLength } = await access.client.send(new GetObjectCommand(request), { abortSignal });
      // A store that knows no ranges would send everything.
      if (ContentLength !== undefined && ContentLength !== length) {
        (Body as Readable | undefined)?.destroy();
        throw new Error(`${path}: ${range} is expected, ${String(ContentLength)} bytes come`);
      }
      const body = await bodyOf(Body as Readable | undefined, length, abortSignal);
      if (body instanceof Uint8Array) return body;
      if (attempt >= ATTEMPTS || !body.again || abortSignal.aborted) throw new Error(`${path}: ${body.reason}`);
    }
  } catch (error) {
    if (statusOf(error) === 412) throw new Error(`${path} was replaced while it was read: open the snapshot again`);
    throw inWords(endedBy(abortSignal, access, error), path);
  }
}

/** Exactly so many bytes, or why not; no more is ever held. */
async function bodyOf(
  body: Readable | undefined,
  length: number,
  signal: AbortSignal,
): Promise<Uint8Array | { readonly reason: string; readonly again: boolean }> {
  const bytes = new Uint8Array(length);
  let at = 0;
  const stop = (): void => void body?.destroy(new Error('it was ended'));
  signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const piece of (body ?? []) as AsyncIterable<Uint8Array>) {
      if (piece.length > length - at) return { reason: `${String(length)} bytes are expected, more came`, again: false };
      bytes.set(piece, at);
      at += piece.length;
    }
  } catch (error) {
    const reason = `the answer broke off after ${String(at)} of ${String(length)} bytes (${error instanceof Error ? error.message : String(error)})`;
    return { reason, again: !signal.aborted };
  } finally {
    signal.removeEventListener('abort', stop);
    body?.destroy();
  }
  return at === length ? bytes : { reason: `${String(length)} bytes are expected, ${String(at)} came`, again: true };
}

async function listPage(access: S3Access, request: ListObjectsV2CommandInput): Promise<ListObjectsV2CommandOutput> {
  const abortSignal = ending(access);
  return access.client.send(new ListObjectsV2Command(request), { abortSignal }).catch((error: unknown) => {
    throw endedBy(abortSignal, access, error);
  });
}

/** Names of files and folders, page by page. */
async function list(access: S3Access, folder: string): Promise<string[]> {
  const { bucket, key } = parse(folder);
  const prefix = key === '' ? '' : `${withoutLastSlashes(key)}/`;
  const names: string[] = [];
  const tokens = new Set<string>();
  let token: string | undefined;
  try {
    do {
      const request = { Bucket: bucket, Prefix: prefix, Delimiter: '/', ...(token === undefined ? {} : { ContinuationToken: token }) };
      const page = await listPage(access, request);
      for (const { Key } of page.Contents ?? []) if (Key !== undefined && Key !== prefix) names.push(Key.slice(prefix.length));
      for (const { Prefix } of page.CommonPrefixes ?? []) if (Prefix !== undefined) names.push(Prefix.slice(prefix.length, -1));
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
      if (token !== undefined && (tokens.has(token) || names.length > NAMES_MAX))
        throw new Error(`${folder}: the store's list has no end: it gives the same page again, or more than ${String(NAMES_MAX)} names`);
      if (token !== undefined) tokens.add(token);
    } while (token !== undefined);
  } catch (error) {
    throw inWords(error, folder);
  }
  return names;
}

function statusOf(error: unknown): number | undefined {
  return error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
}

/** What happened, where, and what to do about it. */
function inWords(error: unknown, path: string): Error {
  const cancelled = cancellation();
  if (cancelled?.aborted === true) return cancelled.reason as Error;
  if (!(error instanceof Error)) return new Error(`${path}: ${String(error)}`);
  const { bucket } = parse(path);
  const status = statusOf(error);
  const said = `${error.name}: ${error.message}`;
  if (error.name === 'NoSuchBucket')
    return new Error(`there is no bucket ${bucket}: check its name, and AWS_ENDPOINT_URL_S3 or the profile's endpoint_url`);
  if (error.name === 'CredentialsProviderError')
    return new Error(`no credentials for ${path}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE (${error.message})`);
  if (/region is missing/i.test(error.message))
    return new Error(`the region of ${bucket} is not known: set AWS_REGION, or region in the profile`);
  if (status === 301 || error.name === 'PermanentRedirect')
    return new Error(`the bucket ${bucket} is in another region: set AWS_REGION (${said})`);
  if (status === 401 || status === 403)
    return new Error(
      `${path} may not be read with these credentials: s3:GetObject and s3:ListBucket are needed; check AWS_PROFILE and AWS_ACCESS_KEY_ID (${said})`,
    );
  if (status !== undefined) return new Error(`${path} cannot be read: the store answers ${String(status)}, ${said}`);
  return error.message.startsWith(path) ? error : new Error(`${path} cannot be read: ${said}; check AWS_ENDPOINT_URL_S3 and the network`);
}
