/** The control socket of one run. Lives in a thread of its own, so that it answers also while user code does not come back. */
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { CONTROL_VERSION } from '../control.ts';
import type { ControlError, ControlEvents, ControlMessage, ControlMethod, ControlRequests, RunStatus } from '../control.ts';
import { LineReader } from '../lineReader.ts';
import type { EngineMailbox, EngineMethod, FromEngine } from './mailbox.ts';
import { register, unregister } from './registry.ts';
import { removeLockOf } from './runLock.ts';
import { UserCodePause } from './userCodePause.ts';

/** A pause that reaches no record boundary in this time stops inside of user code. */
const BOUNDARY_MS = 1000;
/** A cancel that the engine does not follow in this time ends the process. */
const CANCEL_MS = 1000;
/** When the starter is gone: how long the engine may take to begin its last checkpoint, and then to write it. */
const LAST_CHECKPOINT_BEGINS_MS = 2000;
const LAST_CHECKPOINT_MS = 60_000;
/** How long the engine may take for its own status before the last one is given. */
const STATUS_MS = 300;
const LINE_LENGTH_MAX = 1024 * 1024;

interface Connection {
  readonly socket: Socket;
  greeted: boolean;
  statusTimer: NodeJS.Timeout | null;
  sentStatus: RunStatus | null;
}

type Loaded = Extract<FromEngine, { kind: 'loaded' }>;
type Request = { readonly id: number; readonly method: ControlMethod; readonly params: unknown };
type Reply = { readonly result: unknown } | { readonly error: ControlError };

export interface ControlServerOptions {
  readonly socketPath: string;
  readonly mailbox: EngineMailbox;
  /** Ends the process at once. */
  readonly kill: () => void;
}

export class ControlServer {
  readonly #options: ControlServerOptions;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #loaded: Loaded | null = null;
  #userCode: UserCodePause | null = null;
  #lastStatus: RunStatus | null = null;
  #stopped: ControlEvents['stopped'] | null = null;
  #begun = false;
  #nextId = 1;
  #pauseTimer: NodeJS.Timeout | null = null;

  constructor(options: ControlServerOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#connect(socket));
  }

  /** Opens the socket once the pipeline is loaded. */
  receive(message: FromEngine, listening: (error: Error | null) => void): void {
    switch (message.kind) {
      case 'loaded': {
        this.#open(message, listening);
        return;
      }
      case 'abandoned':
        this.starterDied();
        return;
      case 'lastStatus':
        this.#lastStatus = message.status;
        return;
      case 'reply': {
        this.#settle(message.id, { result: message.result });
        return;
      }
      case 'error': {
        this.#settle(message.id, { error: message.error });
        return;
      }
      case 'event':
        this.#note(message);
        // The last status comes before the last event, so that what is told about the whole run is true.
        if (message.event === 'ended') for (const each of this.#connections) if (each.statusTimer !== null) this.#sendStatus(each);
        this.#broadcast(message.event, message.body);
        if (message.event === 'ended') this.#close();
    }
  }

  /**
   * Nobody is left who could ask for the end, such as when the editor was closed: the run takes a checkpoint where it can, and is killed. It
   * keeps its lock, so that the next start knows that it was interrupted. The engine's thread may be held at a record, or be in code that
   * does not come back.
   */
  starterDied(): void {
    if (this.#isAbandoned) return;
    if (!this.#begun) {
      void this.#cancel();
      return;
    }
    this.#isAbandoned = true;
    const kill = (): void => this.#killRun();
    this.#dying = setTimeout(kill, LAST_CHECKPOINT_BEGINS_MS);
    void this.#snapshot('checkpoint', {} as never).then(kill, kill);
  }

  #open(loaded: Loaded, listening: (error: Error | null) => void): void {
    this.#loaded = loaded;
    this.#userCode = new UserCodePause(loaded.bundle, { paused: () => this.#pausedInUserCode() });
    this.#server.once('error', listening);
    this.#server.listen(this.#options.socketPath, () => {
      this.#server.off('error', listening);
      register({ ...loaded.info, socket: this.#options.socketPath });
      listening(null);
    });
  }

  #note(message: Extract<FromEngine, { kind: 'event' }>): void {
    if (message.event === 'stopped') {
      this.#stopped = message.body;
      this.#forgetPause();
    } else if (message.event === 'resumed') {
      this.#stopped = null;
    } else if (message.event === 'snapshotStarted' && this.#dying !== null) {
      clearTimeout(this.#dying);
      this.#dying = setTimeout(() => this.#killRun(), LAST_CHECKPOINT_MS);
    }
  }

  #connect(socket: Socket): void {
    const connection: Connection = { socket, greeted: false, statusTimer: null, sentStatus: null };
    this.#connections.add(connection);
    const lines = new LineReader(LINE_LENGTH_MAX);
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      try {
        for (const line of lines.push(chunk)) this.#receiveLine(connection, line);
      } catch {
        // Not our protocol: no answer could be understood.
        socket.destroy();
      }
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      if (connection.statusTimer !== null) clearInterval(connection.statusTimer);
      this.#connections.delete(connection);
    });
  }

  #receiveLine(connection: Connection, line: string): void {
    const message = JSON.parse(line) as ControlMessage;
    if (message.type !== 'request') return;
    const { id } = message;
    this.#handle(connection, message).then(
      (reply) => {
        if ('error' in reply) this.#send(connection, { type: 'error', id, error: reply.error });
        else this.#send(connection, { type: 'reply', id, result: reply.result });
        if (message.method === 'hello' && 'result' in reply) this.#welcome(connection);
      },
      (error: unknown) =>
        this.#send(connection, {
          type: 'error',
          id,
          error: { code: 'internal', message: error instanceof Error ? error.message : String(error) },
        }),
    );
  }

  async #handle(connection: Connection, request: Request): Promise<Reply> {
    if (!connection.greeted && request.method !== 'hello') return refusal('notGreeted', 'hello is the first request of a connection.');
    switch (request.method) {
      case 'hello':
        return this.#hello(connection, request.params as ControlRequests['hello']['params']);
      case 'plan':
        return { result: this.#loaded?.plan };
      case 'subscribe':
        this.#subscribe(connection, (request.params as ControlRequests['subscribe']['params']).intervalMs);
        return { result: {} };
      case 'status':
        return this.#status();
      case 'pause':
        return this.#pause();
      case 'resume':
        return this.#resume(request.params as ControlRequests['resume']['params']);
      case 'cancel':
        return this.#cancel();
      case 'frames':
        if (this.#userCode?.isPaused === true) return { result: { frames: await this.#userCode.frames() } };
        return this.#ask('frames', {});
      case 'scopes': {
        const params = request.params as ControlRequests['scopes']['params'];
        if (this.#userCode?.isPaused === true) return { result: { scopes: await this.#userCode.scopes(params.frame) } };
        return this.#ask('scopes', params);
      }
      case 'savepoint':
      case 'checkpoint':
      case 'stopWithSavepoint':
        return this.#snapshot(request.method, request.params as never);
      case 'cancelSnapshot':
        return this.#ask('cancelSnapshot', request.params as ControlRequests['cancelSnapshot']['params']);
      case 'setBreakpoints':
        return this.#ask('setBreakpoints', request.params as never);
      default:
        return refusal('unknownMethod', `This engine does not know the request "${String(request.method)}".`);
    }
  }

  #hello(connection: Connection, params: ControlRequests['hello']['params']): Reply {
    if (params.version !== CONTROL_VERSION) {
      return refusal(
        'versionMismatch',
        `The engine speaks version ${String(CONTROL_VERSION)} of the control protocol, ${params.client} version ${String(params.version)}. Use the same release of both.`,
      );
    }
    connection.greeted = true;
    return { result: this.#loaded?.info };
  }

  /** A newcomer learns where the run is; the first one sets it going. */
  #welcome(connection: Connection): void {
    if (this.#stopped !== null) this.#send(connection, { type: 'event', event: 'stopped', body: this.#stopped });
    if (this.#begun) return;
    this.#begun = true;
    this.#options.mailbox.send({ kind: 'begin' });
  }

  #subscribe(connection: Connection, intervalMs: number): void {
    if (connection.statusTimer !== null) clearInterval(connection.statusTimer);
    connection.statusTimer = intervalMs > 0 ? setInterval(() => this.#sendStatus(connection), Math.max(50, intervalMs)) : null;
    if (intervalMs > 0) this.#sendStatus(connection);
  }

  #sendStatus(connection: Connection): void {
    const status = this.#lastStatus;
    if (status === null || status === connection.sentStatus) return;
    connection.sentStatus = status;
    this.#send(connection, { type: 'event', event: 'status', body: status });
  }

  async #status(): Promise<Reply> {
    const last = this.#lastStatus;
    if (last === null) return this.#ask('status', {});
    const waited = new Promise<Reply>((resolve) => setTimeout(() => resolve({ result: this.#lastStatus }), STATUS_MS).unref());
    return Promise.race([this.#ask('status', {}), waited]);
  }

  #pause(): Reply {
    if (this.#stopped !== null) return { result: {} };
    void this.#ask('pause', {});
    this.#pauseTimer ??= setTimeout(() => {
      this.#pauseTimer = null;
      if (this.#stopped === null) this.#userCode?.request();
    }, BOUNDARY_MS);
    return { result: {} };
  }

  #pausedInUserCode(): void {
    this.#stopped = { reason: 'pause', uid: null, text: 'inside user code' };
    if (this.#lastStatus !== null) this.#lastStatus = { ...this.#lastStatus, state: 'paused' };
    this.#broadcast('stopped', this.#stopped);
  }

  /** A boundary was reached, or the wish is gone: nothing is to be interrupted any more. */
  #forgetPause(): void {
    if (this.#pauseTimer !== null) clearTimeout(this.#pauseTimer);
    this.#pauseTimer = null;
    if (this.#userCode?.isPaused === false) this.#userCode.release();
  }

  async #resume(params: ControlRequests['resume']['params']): Promise<Reply> {
    this.#forgetPause();
    if (this.#userCode?.isPaused !== true) return this.#ask('resume', params);
    // The engine's thread reads its mail at the next boundary, and finds there how to go on.
    void this.#ask('resume', params);
    this.#releaseUserCode();
    return { result: {} };
  }

  #releaseUserCode(): void {
    if (this.#userCode?.isPaused !== true) return;
    this.#userCode.release();
    this.#stopped = null;
    this.#broadcast('resumed', {});
  }

  #snapshot(method: 'savepoint' | 'checkpoint' | 'stopWithSavepoint', params: never): Promise<Reply> {
    // A snapshot is taken between two records: user code that was interrupted has to come to its end first.
    this.#releaseUserCode();
    return this.#ask(method, params);
  }

  async #cancel(): Promise<Reply> {
    const killing = setTimeout(() => this.#killRun(), CANCEL_MS);
    const reply = this.#ask('cancel', {});
    this.#releaseUserCode();
    this.#cancelTimer = killing;
    return Promise.race([reply, new Promise<Reply>((resolve) => setTimeout(() => resolve({ result: {} }), CANCEL_MS / 2))]);
  }

  #cancelTimer: NodeJS.Timeout | null = null;
  #isAbandoned = false;
  #dying: NodeJS.Timeout | null = null;

  #killRun(): void {
    this.#broadcast('ended', { outcome: 'cancelled', exitCode: 130, failure: null });
    for (const { socket } of this.#connections) socket.end();
    if (this.#loaded !== null) {
      const { id, snapshotFolder } = this.#loaded.info;
      unregister(id);
      if (!this.#isAbandoned) removeLockOf(snapshotFolder, id);
    }
    // What was sent leaves the process before it is gone.
    setTimeout(this.#options.kill, 50);
  }

  #ask<M extends EngineMethod>(method: M, params: ControlRequests[M]['params']): Promise<Reply> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#options.mailbox.send({ kind: 'request', id, method, params } as never);
    });
  }

  #settle(id: number, reply: Reply): void {
    this.#waiting.get(id)?.(reply);
    this.#waiting.delete(id);
  }

  #broadcast(event: ControlMessage extends infer M ? (M extends { event: infer E } ? E : never) : never, body: unknown): void {
    for (const connection of this.#connections) if (connection.greeted) this.#send(connection, { type: 'event', event, body });
  }

  #send(connection: Connection, message: ControlMessage): void {
    if (connection.socket.writable) connection.socket.write(`${JSON.stringify(message)}\n`);
  }

  /** The last message is out when the sockets have ended; then the engine's thread may end the process. */
  #close(): void {
    if (this.#cancelTimer !== null) clearTimeout(this.#cancelTimer);
    this.#forgetPause();
    for (const resolve of this.#waiting.values()) resolve(refusal('notRunning', 'The run has ended.'));
    this.#waiting.clear();
    if (this.#loaded !== null) unregister(this.#loaded.info.id);
    this.#server.close();
    const ending = [...this.#connections].map(({ socket, statusTimer }) => {
      if (statusTimer !== null) clearInterval(statusTimer);
      return new Promise<void>((resolve) => socket.end(() => resolve()));
    });
    void Promise.race([Promise.all(ending), new Promise((resolve) => setTimeout(resolve, 500))]).then(() =>
      this.#options.mailbox.send({ kind: 'closed' }),
    );
  }
}

function refusal(code: string, message: string): Reply {
  return { error: { code, message } };
}
