import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunInfo, RunStatus } from '../../src/control.ts';
import { ControlClient } from '../../src/controlClient.ts';
import { ControlServer } from '../../src/run/controlServer.ts';
import { EngineMailbox, MAILBOX_BYTES } from '../../src/run/mailbox.ts';
import type { FromEngine, ToEngine } from '../../src/run/mailbox.ts';
import { runningPipelines, socketPath } from '../../src/run/registry.ts';

const info: RunInfo = {
  ...{ version: 1, id: 'r1', pipeline: 'p', program: '/p.pipeline.ts', pid: process.pid, startedAt: 1 },
  ...{ restoredFrom: null, debugging: true, snapshotFolder: '/s' },
};
const status: RunStatus = {
  ...{ pausedAt: null, failure: null, stoppedWith: null },
  ...{ state: 'running' as const, now: 5, startedAt: 1, recordsIn: 7, recordsOut: 3, watermark: null, stateBytes: 0, restarts: 0 },
  ...{ lastCheckpoint: null, lastSavepoint: null, rssBytes: 1, operators: [] },
};

/** The engine's end of the mailbox, as the test wants it. */
let engine: MessagePort;
let received: ToEngine[];
let answer: (message: ToEngine) => FromEngine | null;
let server: ControlServer;
let killed: Promise<void>;
let clients: ControlClient[];
let arrived: (() => void)[];

beforeEach(async () => {
  process.env['TMPDIR'] = mkdtempSync(join(tmpdir(), 'tm-'));
  const { port1, port2 } = new MessageChannel();
  engine = port1;
  received = [];
  clients = [];
  arrived = [];
  answer = () => null;
  engine.on('message', (message: ToEngine) => {
    received.push(message);
    const reply = answer(message);
    if (reply !== null) server.receive(reply, () => undefined);
    for (const wake of arrived.splice(0)) wake();
  });
  killed = new Promise((resolve) => {
    server = new ControlServer({
      socketPath: socketPath('r1'),
      mailbox: new EngineMailbox(new SharedArrayBuffer(MAILBOX_BYTES), port2),
      kill: resolve,
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.receive(
      {
        kind: 'loaded',
        info,
        plan: { pipeline: 'p', maxParallelism: 128, operators: [], edges: [] },
        bundle: { path: '/b.cjs', map: '{}' },
      },
      (error) => (error === null ? resolve() : reject(error)),
    );
  });
});
afterEach(() => {
  for (const client of clients) client.close();
  say({ kind: 'event', event: 'ended', body: { outcome: 'finished', exitCode: 0, failure: null } });
  engine.close();
  delete process.env['TMPDIR'];
});

function say(message: FromEngine): void {
  server.receive(message, () => undefined);
}

async function connected(): Promise<ControlClient> {
  const client = await ControlClient.connect(socketPath('r1'));
  clients.push(client);
  await client.hello('test');
  return client;
}

async function until(kind: string): Promise<void> {
  while (!received.some((message) => message.kind === kind || (message.kind === 'request' && message.method === kind))) {
    await new Promise<void>((resolve) => arrived.push(resolve));
  }
}

describe('the control socket', () => {
  it('is listed while it is open', () => {
    expect(runningPipelines().map(({ id }) => id)).toEqual(['r1']);
    say({ kind: 'event', event: 'ended', body: { outcome: 'finished', exitCode: 0, failure: null } });
    expect(runningPipelines()).toEqual([]);
  });

  it('sets the run going at the first hello, once', async () => {
    await connected();
    await connected();
    await until('begin');
    expect(received.filter(({ kind }) => kind === 'begin')).toHaveLength(1);
  });

  it('refuses another version, and requests before hello', async () => {
    const client = await ControlClient.connect(socketPath('r1'));
    clients.push(client);
    await expect(client.request('plan', {})).rejects.toMatchObject({ code: 'notGreeted' });
    await expect(client.request('hello', { version: 99, client: 'test' })).rejects.toMatchObject({ code: 'versionMismatch' });
  });

  it('refuses what it does not know', async () => {
    const client = await connected();
    await expect(client.request('dance' as 'plan', {})).rejects.toMatchObject({ code: 'unknownMethod' });
  });

  it('gives the last status when the engine does not come back', async () => {
    const client = await connected();
    say({ kind: 'lastStatus', status });
    expect(await client.request('status', {})).toEqual(status);
  });

  it('hands answers and refusals of the engine on', async () => {
    answer = (message) => {
      if (message.kind !== 'request') return null;
      return message.method === 'checkpoint'
        ? { kind: 'error', id: message.id, error: { code: 'snapshotFailed', message: 'disk full' } }
        : { kind: 'reply', id: message.id, result: { frames: [] } };
    };
    const client = await connected();
    expect(await client.request('frames', {})).toEqual({ frames: [] });
    await expect(client.request('checkpoint', {})).rejects.toMatchObject({ code: 'snapshotFailed', message: 'disk full' });
  });

  it('sends each status once to those who subscribed', async () => {
    const client = await connected();
    const other = await connected();
    const seen: number[] = [];
    other.on('status', () => seen.push(-1));
    const twice = new Promise<void>((resolve) => {
      client.on('status', ({ recordsIn }) => {
        seen.push(recordsIn);
        if (recordsIn === 8) resolve();
        else say({ kind: 'lastStatus', status: { ...status, recordsIn: 8 } });
      });
    });
    say({ kind: 'lastStatus', status });
    await client.request('subscribe', { intervalMs: 50 });
    await twice;
    expect(seen).toEqual([7, 8]);
  });

  it('tells those who subscribed the final figures before the end', async () => {
    const client = await connected();
    const heard: unknown[] = [];
    client.on('status', ({ recordsIn }) => heard.push(recordsIn));
    const ended = new Promise((resolve) => client.on('ended', resolve));
    await client.request('subscribe', { intervalMs: 60_000 });
    say({ kind: 'lastStatus', status: { ...status, recordsIn: 20_000 } });
    say({ kind: 'event', event: 'ended', body: { outcome: 'finished', exitCode: 0, failure: null } });
    await ended;
    expect(heard).toEqual([20_000]);
  });

  it('ends the run with a checkpoint when the one who started it has died, and without one where the engine does not answer', async () => {
    await connected();
    server.starterDied();
    await until('checkpoint');
    await killed;
  });

  it('tells a new client that the run is paused', async () => {
    say({ kind: 'event', event: 'stopped', body: { reason: 'entry', uid: 'a', text: null } });
    const client = await ControlClient.connect(socketPath('r1'));
    clients.push(client);
    const stopped = new Promise((resolve) => client.on('stopped', resolve));
    await client.hello('test');
    expect(await stopped).toEqual({ reason: 'entry', uid: 'a', text: null });
  });

  it('ends the process when the engine does not follow a cancel, and says so first', async () => {
    const client = await connected();
    const ended = new Promise((resolve) => client.on('ended', resolve));
    await client.request('cancel', {});
    expect(await ended).toMatchObject({ outcome: 'cancelled' });
    await killed;
    expect(runningPipelines()).toEqual([]);
  });

  it('says goodbye when the run has ended, then lets the engine go', async () => {
    const client = await connected();
    const ended = new Promise((resolve) => client.on('ended', resolve));
    say({ kind: 'event', event: 'ended', body: { outcome: 'finished', exitCode: 0, failure: null } });
    expect(await ended).toMatchObject({ outcome: 'finished' });
    await until('closed');
  });
});
