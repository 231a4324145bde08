import type { CheckFinding } from '../protocol.ts';
import { AfterPause } from './afterPause.ts';

/** How a pipeline fits the savepoint that it is bound to. */
export interface SavepointCheck {
  /** Its folder, an archive or an address. */
  readonly savepoint: string;
  readonly findings: readonly CheckFinding[];
}

/** Asks the editor, which knows what pipelines are bound to, and has the process that reads snapshots. Null: bound to none, or not built. */
export type CheckSavepoint = (program: string, text: string, signal: AbortSignal) => Promise<SavepointCheck | null>;

/** Of the pipelines that are open: what was found last stays until something newer is known. */
export class SavepointChecks {
  readonly #check: CheckSavepoint;
  readonly #onChange: () => void;
  readonly #known = new Map<string, SavepointCheck>();
  readonly #asked = new AfterPause();

  constructor(check: CheckSavepoint, onChange: () => void) {
    this.#check = check;
    this.#onChange = onChange;
  }

  of(path: string): SavepointCheck | null {
    return this.#known.get(path) ?? null;
  }

  /** Checks the text as it is, after a pause; an older check is given up. */
  request(path: string, text: string): void {
    this.#asked.request(path, (signal) => this.#run(path, text, signal));
  }

  forget(path: string): void {
    this.#asked.cancel(path);
    this.#known.delete(path);
  }

  clear(): void {
    this.#asked.cancelAll();
    this.#known.clear();
  }

  async #run(path: string, text: string, signal: AbortSignal): Promise<void> {
    // What is in the way of an answer is said where the check is asked for by hand.
    const found = await this.#check(path, text, signal).catch(() => undefined);
    if (signal.aborted || found === undefined) return;
    const had = this.#known.delete(path);
    if (found !== null) this.#known.set(path, found);
    if (had || found !== null) this.#onChange();
  }
}
