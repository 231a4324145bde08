/**
 * Between the thread that runs the engine and the thread that serves its control socket. Messages go through a port; one shared
 * word tells the engine's thread that there is something to look at, so that a record costs one plain read.
 */
import { receiveMessageOnPort } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import type { ControlError, ControlEvent, ControlEvents, ControlRequests, RunInfo, RunPlan, RunStatus } from '../control.ts';

/** What the control thread leaves to the engine's thread: it answers everything else itself. */
export type EngineMethod =
  | 'savepoint'
  | 'checkpoint'
  | 'stopWithSavepoint'
  | 'cancelSnapshot'
  | 'cancel'
  | 'pause'
  | 'resume'
  | 'frames'
  | 'scopes'
  | 'setBreakpoints'
  | 'status';

export type ToEngine =
  | { readonly kind: 'begin' }
  | {
      readonly [M in EngineMethod]: {
        readonly kind: 'request';
        readonly id: number;
        readonly method: M;
        readonly params: ControlRequests[M]['params'];
      };
    }[EngineMethod]
  /** Everything that was sent to clients is out, and the socket is closed. */
  | { readonly kind: 'closed' };

export type FromEngine =
  | {
      readonly kind: 'loaded';
      readonly info: RunInfo;
      readonly plan: RunPlan;
      readonly bundle: { readonly path: string; readonly map: string };
    }
  | { readonly kind: 'reply'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: ControlError }
  | { readonly [E in ControlEvent]: { readonly kind: 'event'; readonly event: E; readonly body: ControlEvents[E] } }[ControlEvent]
  /** The starter has gone away. */
  | { readonly kind: 'abandoned' }
  /** For clients that ask while user code does not come back. */
  | { readonly kind: 'lastStatus'; readonly status: RunStatus };

/** Words of the shared memory. */
const MAIL = 0;
const PAUSE = 1;
/** Odd while the engine's thread is in a slice and not held at a record. */
const SLICE = 2;
export const MAILBOX_BYTES = 12;

/** The control thread's end. */
export class EngineMailbox {
  readonly #words: Int32Array;
  readonly #port: MessagePort;

  constructor(memory: SharedArrayBuffer, port: MessagePort) {
    this.#words = new Int32Array(memory);
    this.#port = port;
  }

  get slice(): number {
    return Atomics.load(this.#words, SLICE);
  }

  send(message: ToEngine): void {
    if (message.kind === 'request' && message.method === 'pause') Atomics.store(this.#words, PAUSE, 1);
    this.#port.postMessage(message);
    Atomics.add(this.#words, MAIL, 1);
    Atomics.notify(this.#words, MAIL);
  }
}

/** The engine thread's end. */
export class ControlMailbox {
  readonly #words: Int32Array;
  readonly #port: MessagePort;

  constructor(memory: SharedArrayBuffer, port: MessagePort) {
    this.#words = new Int32Array(memory);
    this.#port = port;
  }

  /** Has a pause been asked for? Read before each record: plainly, as an atomic read would cost several times the record's own share. */
  get pauseWanted(): boolean {
    return this.#words[PAUSE] !== 0;
  }

  get slice(): number {
    return Atomics.load(this.#words, SLICE);
  }

  /** A slice begins or ends. */
  turnSlice(): void {
    Atomics.add(this.#words, SLICE, 1);
  }

  clearPause(): void {
    Atomics.store(this.#words, PAUSE, 0);
  }

  send(message: FromEngine): void {
    this.#port.postMessage(message);
  }

  /** Blocks the thread until there is a message. Called within a slice. */
  waitForMessage(): ToEngine {
    this.turnSlice();
    for (;;) {
      const seen = Atomics.load(this.#words, MAIL);
      const received = receiveMessageOnPort(this.#port) as { message: ToEngine } | undefined;
      if (received !== undefined) {
        this.turnSlice();
        return received.message;
      }
      Atomics.wait(this.#words, MAIL, seen);
    }
  }

  onMessage(listener: (message: ToEngine) => void): void {
    this.#port.on('message', listener);
  }
}
