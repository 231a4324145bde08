/** Serves the dataflow page to a browser on this machine: static files, events as a stream, messages back as POST. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import type { FromPage, PagePlan, PageRun, PageStatus, ToPage } from '../../../webview/src/protocol.ts';
import type { ControlEvent, ControlEvents } from '../control.ts';
import type { RunSession } from './runSession.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
  '.map': 'application/json',
};
const MESSAGE_BYTES_MAX = 64 * 1024;
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'none'";

export class PageServer {
  readonly url: string;
  readonly #folder: string;
  readonly #server: Server;
  readonly #token: string;
  readonly #streams = new Set<ServerResponse>();
  #session: RunSession | null = null;
  #status: PageStatus | null = null;

  private constructor(folder: string, server: Server, token: string, port: number) {
    this.#folder = folder;
    this.#server = server;
    this.#token = token;
    this.url = `http://127.0.0.1:${String(port)}/?token=${token}`;
    server.on('request', (request, response) => void this.#serve(request, response).catch(() => response.destroy()));
  }

  /** On loopback only; the one that knows the token in the URL may look and act. `port` 0 takes any free one. */
  static open(folder: string, port: number): Promise<PageServer> {
    const server = createServer();
    return new Promise((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) =>
        reject(
          new Error(
            error.code === 'EADDRINUSE'
              ? `Port ${String(port)} is taken: choose another one with --ui PORT, or --ui alone.`
              : error.message,
          ),
        ),
      );
      server.listen(port, '127.0.0.1', () => {
        const address = server.address();
        const actual = typeof address === 'object' && address !== null ? address.port : port;
        resolve(new PageServer(folder, server, randomBytes(16).toString('hex'), actual));
      });
    });
  }

  attach(session: RunSession): void {
    this.#session = session;
    for (const message of this.#welcome()) this.#broadcast(message);
  }

  detach(): void {
    this.#session = null;
  }

  event(event: ControlEvent, body: never): void {
    switch (event) {
      case 'status':
        this.#status = body;
        this.#broadcast({ kind: 'status', status: this.#status });
        return;
      case 'snapshotFailed': {
        this.#notice('warning', `Snapshot failed: ${(body as ControlEvents['snapshotFailed']).reason}`);
        return;
      }
      case 'ended': {
        const { outcome, failure } = body as ControlEvents['ended'];
        this.#broadcast({ kind: 'ended', state: outcome === 'cancelled' ? 'stopped' : outcome, failure });
        return;
      }
      default:
    }
  }

  close(): void {
    for (const stream of this.#streams) stream.end();
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    // Another site's page may make a browser ask here under a name of its own.
    if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(request.headers.host ?? '')) {
      refuse(response, 403);
      return;
    }
    if (url.pathname === '/events') {
      if (this.#isAllowed(url)) this.#stream(response);
      else refuse(response, 403);
      return;
    }
    if (url.pathname === '/message') {
      if (this.#isAllowed(url) && request.method === 'POST') return this.#receive(request, response);
      refuse(response, 403);
      return;
    }
    return this.#file(url.pathname === '/' ? 'index.html' : url.pathname.slice(1), response);
  }

  #isAllowed(url: URL): boolean {
    const given = Buffer.from(url.searchParams.get('token') ?? '');
    const wanted = Buffer.from(this.#token);
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  }

  #stream(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    this.#streams.add(response);
    response.on('close', () => this.#streams.delete(response));
    for (const message of this.#welcome()) response.write(eventText(message));
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) {
      text += String(chunk);
      if (text.length > MESSAGE_BYTES_MAX) {
        refuse(response, 413);
        return;
      }
    }
    try {
      await this.#act(JSON.parse(text) as FromPage);
    } catch (error) {
      this.#notice('error', error instanceof Error ? error.message : String(error));
    }
    response.writeHead(204).end();
  }

  async #act(message: FromPage): Promise<void> {
    const control = this.#session?.control;
    switch (message.kind) {
      case 'pause':
        await control?.request('pause', {});
        return;
      case 'resume':
        await control?.request('resume', { mode: 'continue' });
        return;
      case 'savepoint': {
        const taken = await control?.request('savepoint', { target: null });
        if (taken !== undefined) this.#notice('info', `Savepoint: ${taken.path}`);
        return;
      }
      case 'stopWithSavepoint': {
        const taken = await control?.request('stopWithSavepoint', { target: null, drain: false });
        if (taken !== undefined) this.#notice('info', `Stopped with savepoint: ${taken.path}`);
        return;
      }
      case 'ready':
      case 'openSource':
        // The stream has said all there is to a newcomer; a browser opens no sources.
        return;
    }
  }

  async #file(name: string, response: ServerResponse): Promise<void> {
    const type = TYPES[extname(name)];
    if (!/^[\w.-]+$/.test(name) || type === undefined) {
      refuse(response, 404);
      return;
    }
    const bytes = await readFile(join(this.#folder, name)).catch(() => null);
    if (bytes === null) {
      refuse(response, 404);
      return;
    }
    response.writeHead(200, {
      'content-type': `${type}; charset=utf-8`,
      'content-security-policy': POLICY,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    });
    response.end(bytes);
  }

  #welcome(): ToPage[] {
    if (this.#session === null) return [{ kind: 'run', run: null }];
    const { info, plan } = this.#session;
    const run: PageRun = {
      pipeline: info.pipeline,
      program: info.program,
      startedAt: info.startedAt,
      restoredFrom: info.restoredFrom,
      canOpenSource: false,
      canPause: true,
    };
    const pagePlan: PagePlan = plan;
    return [
      { kind: 'run', run },
      { kind: 'plan', plan: pagePlan },
      ...(this.#status === null ? [] : [{ kind: 'status', status: this.#status } as const]),
    ];
  }

  #notice(severity: 'info' | 'warning' | 'error', text: string): void {
    this.#broadcast({ kind: 'notice', severity, text });
  }

  #broadcast(message: ToPage): void {
    for (const stream of this.#streams) stream.write(eventText(message));
  }
}

function eventText(message: ToPage): string {
  return `data: ${JSON.stringify(message)}\n\n`;
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status).end();
}
