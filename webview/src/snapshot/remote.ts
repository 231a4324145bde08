import type { RemoteAnswer, RemoteQuestion, RequestTable } from './protocol.ts';

/** A request that was called off: nothing is wrong, nobody waits for it any more. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled';
}

export interface Call<T> {
  readonly result: Promise<T>;
  cancel(): void;
}

interface Waiting<Progress> {
  resolve(result: unknown): void;
  reject(error: Error): void;
  report(progress: Progress): void;
}

/** Requests to the snapshot process, as messages to the extension. */
export class Remote<Requests extends RequestTable<Requests>, Progress> {
  readonly #post: (message: RemoteQuestion<Requests>) => void;
  readonly #waiting = new Map<number, Waiting<Progress>>();
  #last = 0;

  constructor(post: (message: RemoteQuestion<Requests>) => void) {
    this.#post = post;
  }

  call<M extends keyof Requests>(
    method: M,
    params: Requests[M]['params'],
    report: (progress: Progress) => void = () => undefined,
  ): Call<Requests[M]['result']> {
    const id = ++this.#last;
    const result = new Promise<Requests[M]['result']>((resolve, reject) => {
      this.#waiting.set(id, { resolve: (value) => resolve(value), reject, report });
    });
    this.#post({ kind: 'request', id, request: { method, params } });
    return {
      result,
      cancel: () => {
        if (this.#waiting.has(id)) this.#post({ kind: 'cancel', id });
      },
    };
  }

  receive(message: RemoteAnswer<Progress>): void {
    const waiting = this.#waiting.get(message.id);
    if (message.kind === 'progress') {
      waiting?.report(message.value);
      return;
    }
    this.#waiting.delete(message.id);
    if (message.kind === 'reply') waiting?.resolve(message.result);
    else waiting?.reject(message.cancelled ? new Cancelled(message.reason) : new Error(message.reason));
  }
}
