/** A connection to a running engine's control socket (control.ts): typed requests and events. */
import { EventEmitter } from 'node:events';
import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { CONTROL_VERSION } from './control.ts';
import type { ControlError, ControlEvent, ControlEvents, ControlMessage, ControlMethod, ControlRequests, RunInfo } from './control.ts';
import { LineReader } from './lineReader.ts';

/** The engine answered with an error, or the connection ended before it answered (`disconnected`). */
export class ControlRequestError extends Error {
  readonly code: string;

  constructor(error: ControlError) {
    super(error.message);
    this.name = 'ControlRequestError';
    this.code = error.code;
  }
}

interface Waiting {
  resolve: (result: never) => void;
  reject: (error: ControlRequestError) => void;
}

/** Longer than any honest message: a status of thousands of operators is below 4 MB. */
const LINE_LENGTH_MAX = 64 * 1024 * 1024;

export class ControlClient {
  readonly #socket: Socket;
  readonly #events = new EventEmitter();
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #closeReason: string | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const lines = new LineReader(LINE_LENGTH_MAX);
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      try {
        for (const line of lines.push(chunk)) this.#receive(line);
      } catch (error) {
        socket.destroy(error instanceof Error ? error : new Error(String(error)));
      }
    });
    socket.on('error', (error) => this.#end(error.message));
    socket.on('close', () => this.#end('the engine process closed it'));
  }

  /**
   * Connects without saying hello, so that listeners can be registered before the first event.
   * @throws ControlRequestError `noConnection`
   */
  static connect(path: string): Promise<ControlClient> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(path);
      const fail = (error: Error): void =>
        reject(new ControlRequestError({ code: 'noConnection', message: `No connection to the engine at ${path}: ${error.message}` }));
      socket.once('error', fail);
      socket.once('connect', () => {
        socket.off('error', fail);
        resolve(new ControlClient(socket));
      });
    });
  }

  /** The first request of a connection: `client` names who asks. */
  hello(client: string): Promise<RunInfo> {
    return this.request('hello', { version: CONTROL_VERSION, client });
  }

  /** @throws ControlRequestError */
  request<M extends ControlMethod>(method: M, params: ControlRequests[M]['params']): Promise<ControlRequests[M]['result']> {
    if (this.#closeReason !== null) return Promise.reject(this.#disconnected(method));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#socket.write(`${JSON.stringify({ type: 'request', id, method, params } satisfies ControlMessage)}\n`);
    });
  }

  on<E extends ControlEvent>(event: E, listener: (body: ControlEvents[E]) => void): void {
    this.#events.on(event, listener);
  }

  /** Called once, with why, when the connection is gone; at once if it already is. */
  onClose(listener: (reason: string) => void): void {
    if (this.#closeReason === null) this.#events.once('close', listener);
    else listener(this.#closeReason);
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(line: string): void {
    const message = JSON.parse(line) as ControlMessage;
    if (message.type === 'event') {
      this.#events.emit(message.event, message.body);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    if (waiting === undefined || message.type === 'request') return;
    this.#waiting.delete(message.id);
    if (message.type === 'reply') waiting.resolve(message.result as never);
    else waiting.reject(new ControlRequestError(message.error));
  }

  get isClosed(): boolean {
    return this.#closeReason !== null;
  }

  #disconnected(method: string): ControlRequestError {
    return new ControlRequestError({
      code: 'disconnected',
      message: `The connection to the engine ended (${this.#closeReason ?? 'unknown reason'}) before it answered ${method}.`,
    });
  }

  #end(reason: string): void {
    if (this.#closeReason !== null) return;
    this.#closeReason = reason;
    for (const { reject } of this.#waiting.values()) reject(this.#disconnected('a request'));
    this.#waiting.clear();
    this.#events.emit('close', reason);
  }
}
