import type { Connection } from './connection.ts';

/** Progress notifications, for clients that show them; nothing for others. */
export class Progress {
  readonly #connection: Connection;
  readonly #supported: boolean;
  readonly #running = new Set<string>();

  constructor(connection: Connection, supported: boolean) {
    this.#connection = connection;
    this.#supported = supported;
  }

  start(progressId: string, title: string, cancellable = false): void {
    if (!this.#supported || this.#running.has(progressId)) return;
    this.#running.add(progressId);
    this.#connection.event('progressStart', { progressId, title, cancellable });
  }

  end(progressId: string, message: string): void {
    if (this.#running.delete(progressId)) this.#connection.event('progressEnd', { progressId, message });
  }

  endAll(): void {
    for (const progressId of this.#running) this.end(progressId, '');
  }
}
