import type { CheckFinding } from '../protocol.ts';

/** How a pipeline fits the savepoint that it is bound to. */
export interface SavepointCheck {
  /** Its folder, an archive or an address. */
  readonly savepoint: string;
  readonly findings: readonly CheckFinding[];
}

/** Asks the editor, which knows what pipelines are bound to, and has the process that reads snapshots. Null: bound to none, or not built. */
export type CheckSavepoint = (program: string, text: string, signal: AbortSignal) => Promise<SavepointCheck | null>;

/** A check comes when there has been quiet for this long. */
const PAUSE_MS = 300;

/** Of the pipelines that are open: what was found last stays until something newer is known. */
export class SavepointChecks {
  readonly #check: CheckSavepoint;
  readonly #onChange: () => void;
  readonly #known = new Map<string, SavepointCheck>();
  readonly #running = new Map<string, AbortController>();

  constructor(check: CheckSavepoint, onChange: () => void) {
    this.#check = check;
    this.#onChange = onChange;
  }

  of(path: string): SavepointCheck | null {
    return this.#known.get(path) ?? null;
  }

  /** Checks the text as it stands, after a pause; an older check is given up. */
  request(path: string, text: string): void {
    this.#cancel(path);
    const controller = new AbortController();
    this.#running.set(path, controller);
    const timer = setTimeout(() => void this.#run(path, text, controller), PAUSE_MS);
    controller.signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  }

  forget(path: string): void {
    this.#cancel(path);
    this.#known.delete(path);
  }

  clear(): void {
    for (const path of this.#running.keys()) this.#cancel(path);
    this.#known.clear();
  }

  #cancel(path: string): void {
    this.#running.get(path)?.abort();
    this.#running.delete(path);
  }

  async #run(path: string, text: string, controller: AbortController): Promise<void> {
    // What stands in the way of an answer is said where the check is asked for by hand.
    const found = await this.#check(path, text, controller.signal).catch(() => undefined);
    if (controller.signal.aborted) return;
    this.#running.delete(path);
    if (found === undefined) return;
    const had = this.#known.delete(path);
    if (found !== null) this.#known.set(path, found);
    if (had || found !== null) this.#onChange();
  }
}
