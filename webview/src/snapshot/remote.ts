/** A request that was called off: nothing is wrong, nobody waits for it any more. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled';
}

/** Answers of the extension, which passes requests on to the snapshot process. */
export type RemoteAnswer<Progress> =
  | { readonly kind: 'reply'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'refused'; readonly id: number; readonly reason: string; readonly cancelled: boolean }
  | { readonly kind: 'progress'; readonly id: number; readonly value: Progress };

export type RemoteQuestion<Requests extends RequestTable<Requests>> =
  | { readonly kind: 'request'; readonly id: number; readonly request: RemoteRequest<Requests> }
  | { readonly kind: 'cancel'; readonly id: number };

export type RemoteRequest<Requests extends RequestTable<Requests>> = {
  [M in keyof Requests]: { readonly method: M; readonly params: Requests[M]['params'] };
}[keyof Requests];

/** By method. */
export type RequestTable<Methods> = { [M in keyof Methods]: { readonly params: unknown; readonly result: unknown } };

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
