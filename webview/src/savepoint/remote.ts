import type { FromSavepointPage, PageRequest, PageRequests, ReadProgress, StateStatistics, ToSavepointPage } from './protocol.ts';

/** A request that was called off: nothing is wrong, nobody waits for it any more. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled';
}

type Progress = ReadProgress & { readonly states?: StateStatistics[] };

export interface Call<T> {
  readonly result: Promise<T>;
  cancel(): void;
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
  report(progress: Progress): void;
}

/** Requests to the snapshot process, as messages to the extension. */
export class Remote {
  readonly #post: (message: FromSavepointPage) => void;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  constructor(post: (message: FromSavepointPage) => void) {
    this.#post = post;
  }

  call<M extends keyof PageRequests>(
    method: M,
    params: PageRequests[M]['params'],
    report: (progress: Progress) => void = () => undefined,
  ): Call<PageRequests[M]['result']> {
    const id = ++this.#last;
    const result = new Promise<PageRequests[M]['result']>((resolve, reject) => {
      this.#waiting.set(id, { resolve: (value) => resolve(value as PageRequests[M]['result']), reject, report });
    });
    this.#post({ kind: 'request', id, request: { method, params } as PageRequest });
    return {
      result,
      cancel: () => {
        if (this.#waiting.has(id)) this.#post({ kind: 'cancel', id });
      },
    };
  }

  /** False when the message is none of an answer. */
  receive(message: ToSavepointPage): boolean {
    if (message.kind !== 'reply' && message.kind !== 'refused' && message.kind !== 'progress') return false;
    const waiting = this.#waiting.get(message.id);
    if (message.kind === 'progress') {
      waiting?.report(message.value);
      return true;
    }
    this.#waiting.delete(message.id);
    if (message.kind === 'reply') waiting?.resolve(message.result);
    else waiting?.reject(message.cancelled ? new Cancelled(message.reason) : new Error(message.reason));
    return true;
  }
}
