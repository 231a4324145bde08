import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControlClient } from '../../src/controlClient.ts';
import { LineReader } from '../../src/lineReader.ts';

let folder: string;
let path: string;
let server: Server;
let onLine: (line: string, socket: Socket) => void;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-test-'));
  path = process.platform === 'win32' ? `\\\\.\\pipe\\${folder.replaceAll(/[\\:]/g, '-')}` : join(folder, 's');
  server = createServer((socket) => {
    const lines = new LineReader(1e6);
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => lines.push(chunk).forEach((line) => onLine(line, socket)));
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
});

afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

const send = (socket: Socket, message: unknown): boolean => socket.write(`${JSON.stringify(message)}\n`);

test('replies find their requests in whatever order they come, and events their listeners', async () => {
  const held: { id: number; method: string }[] = [];
  onLine = (line, socket) => {
    held.push(JSON.parse(line));
    if (held.length < 2) return;
    send(socket, { type: 'event', event: 'resumed', body: {} });
    for (const { id, method } of held.reverse()) send(socket, { type: 'reply', id, result: { method } });
  };
  const client = await ControlClient.connect(path);
  let resumed = 0;
  client.on('resumed', () => resumed++);
  const [plan, status] = await Promise.all([client.request('plan', {}), client.request('status', {})]);
  expect([plan, status, resumed]).toEqual([{ method: 'plan' }, { method: 'status' }, 1]);
  client.close();
});

test('an error reply rejects with its code', async () => {
  onLine = (line, socket) => send(socket, { type: 'error', id: JSON.parse(line).id, error: { code: 'notPaused', message: 'It runs.' } });
  const client = await ControlClient.connect(path);
  await expect(client.request('frames', {})).rejects.toMatchObject({ code: 'notPaused', message: 'It runs.' });
  client.close();
});

test('a connection that ends rejects what waits and what comes later', async () => {
  onLine = (_line, socket) => socket.end();
  const client = await ControlClient.connect(path);
  const closed = new Promise<string>((resolve) => client.onClose(resolve));
  await expect(client.request('plan', {})).rejects.toMatchObject({ code: 'disconnected' });
  await closed;
  await expect(client.request('plan', {})).rejects.toMatchObject({ code: 'disconnected' });
});

test('garbage on the line ends the connection with a reason', async () => {
  onLine = (_line, socket) => socket.write('no json\n');
  const client = await ControlClient.connect(path);
  await expect(client.request('plan', {})).rejects.toThrow(/JSON/);
});

test('no socket is said with its path', async () => {
  await expect(ControlClient.connect(`${path}-none`)).rejects.toMatchObject({ code: 'noConnection' });
});

test('lines come out whole however the text is cut', () => {
  const chunks = fc.array(fc.string({ unit: fc.constantFrom('a', 'é', '\n', '🦆'), maxLength: 12 }));
  fc.assert(
    fc.property(chunks, (parts) => {
      const reader = new LineReader(1e6);
      const text = parts.join('');
      const complete = text.slice(0, text.lastIndexOf('\n') + 1);
      expect(parts.flatMap((part) => reader.push(part))).toEqual(complete.split('\n').filter((line) => line !== ''));
    }),
  );
});

test('a line without end is refused', () => {
  const reader = new LineReader(10);
  reader.push('123456');
  expect(() => reader.push('789012')).toThrow(RangeError);
});
