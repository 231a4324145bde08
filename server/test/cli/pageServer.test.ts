import { request } from 'node:http';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { PageServer } from '../../src/cli/pageServer.ts';
import type { RunSession } from '../../src/cli/runSession.ts';

let page: PageServer;
let asked: unknown[];

beforeEach(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-page-'));
  writeFileSync(join(folder, 'index.html'), '<html></html>');
  writeFileSync(join(folder, 'secret'), 'x');
  page = await PageServer.open(folder, 0);
  asked = [];
  page.attach({
    info: { pipeline: 'p', program: '/p.pipeline.ts', startedAt: 1, restoredFrom: null },
    plan: { pipeline: 'p', maxParallelism: 128, operators: [], edges: [] },
    control: {
      request: (method: string, params: unknown) => {
        asked.push([method, params]);
        return Promise.resolve({ path: '/sp' });
      },
    },
  } as unknown as RunSession);
});
afterEach(() => page.close());

const address = (path: string): string => page.url.replace(/\/\?/, `${path}?`);

async function messages(count: number): Promise<{ kind: string }[]> {
  const aborted = new AbortController();
  const response = await fetch(address('/events'), { signal: aborted.signal });
  const found: { kind: string }[] = [];
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    for (const line of decoder.decode(chunk as Uint8Array).split('\n'))
      if (line.startsWith('data: ')) found.push(JSON.parse(line.slice(6)) as { kind: string });
    if (found.length >= count) break;
  }
  aborted.abort();
  return found;
}

it('serves the page on loopback, with a policy that lets nothing else in', async () => {
  const response = await fetch(page.url);
  expect(await response.text()).toBe('<html></html>');
  expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(new URL(page.url).hostname).toBe('127.0.0.1');
});

it('tells a newcomer the run, the plan and the last status', async () => {
  page.event('status', { recordsIn: 3 } as never);
  expect(await messages(3)).toMatchObject([
    { kind: 'run', run: { pipeline: 'p', canOpenSource: false } },
    { kind: 'plan' },
    { kind: 'status', status: { recordsIn: 3 } },
  ]);
});

it('asks the engine for what the page wants', async () => {
  const post = (message: object): Promise<Response> => fetch(address('/message'), { method: 'POST', body: JSON.stringify(message) });
  expect((await post({ kind: 'savepoint' })).status).toBe(204);
  expect((await post({ kind: 'resume' })).status).toBe(204);
  expect(asked).toEqual([
    ['savepoint', { target: null }],
    ['resume', { mode: 'continue' }],
  ]);
});

it('lets nobody look or act without the token', async () => {
  const origin = new URL(page.url).origin;
  expect((await fetch(`${origin}/events?token=${'0'.repeat(32)}`)).status).toBe(403);
  expect((await fetch(`${origin}/message`, { method: 'POST', body: '{"kind":"stopWithSavepoint"}' })).status).toBe(403);
  expect(asked).toEqual([]);
});

it('serves nothing but its own files, and only under its own name', async () => {
  const origin = new URL(page.url).origin;
  for (const path of ['/secret', '/..%2fpackage.json', '/nope.js']) expect((await fetch(origin + path)).status).toBe(404);
  const { port } = new URL(page.url);
  const status = await new Promise((resolve) => {
    request({ port, host: '127.0.0.1', headers: { host: 'evil.example' } }, (response) => resolve(response.statusCode)).end();
  });
  expect(status).toBe(403);
});
