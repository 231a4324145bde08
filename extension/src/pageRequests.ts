import * as vscode from 'vscode';
import type { RemoteAnswer } from '../../webview/src/snapshot/protocol.ts';

/** Requests of one page, which go on to the snapshot process: each can be cancelled, and is answered once. */
export class PageRequests<Request extends { readonly method: string }, Progress> implements vscode.Disposable {
  readonly #ask: (request: Request, report: (value: Progress) => void, token: vscode.CancellationToken) => Promise<unknown>;
  readonly #post: (answer: RemoteAnswer<Progress>) => void;
  readonly #warn: (text: string) => void;
  readonly #running = new Map<number, vscode.CancellationTokenSource>();

  /** `ask` does what a request asks for; `warn` is told why one failed. */
  constructor(
    ask: (request: Request, report: (value: Progress) => void, token: vscode.CancellationToken) => Promise<unknown>,
    post: (answer: RemoteAnswer<Progress>) => void,
    warn: (text: string) => void,
  ) {
    this.#ask = ask;
    this.#post = post;
    this.#warn = warn;
  }

  async answer(id: number, request: Request): Promise<void> {
    const source = new vscode.CancellationTokenSource();
    this.#running.set(id, source);
    try {
      const result = await this.#ask(request, (value) => this.#post({ kind: 'progress', id, value }), source.token);
      this.#post({ kind: 'reply', id, result });
    } catch (error) {
      const cancelled = source.token.isCancellationRequested;
      const reason = error instanceof Error ? error.message : String(error);
      if (!cancelled) this.#warn(`${request.method}: ${reason}`);
      this.#post({ kind: 'refused', id, reason, cancelled });
    } finally {
      this.#running.delete(id);
      source.dispose();
    }
  }

  cancel(id: number): void {
    this.#running.get(id)?.cancel();
  }

  dispose(): void {
    for (const source of this.#running.values()) source.cancel();
  }
}
