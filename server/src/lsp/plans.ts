import { readFileSync } from 'node:fs';
import type { PlanFacts, RunBuilder } from './planFacts.ts';

/** Typing and saving come in bursts: a builder is run when there has been quiet for this long. */
const PAUSE_MS = 300;

interface Entry {
  /** The saved text that the plan was built from. */
  readonly text: string;
  readonly facts: PlanFacts;
}

/** Plans of the pipelines that are open, each from its saved file. */
export class Plans {
  readonly #runBuilder: RunBuilder;
  readonly #onChange: () => void;
  readonly #known = new Map<string, Entry>();
  readonly #running = new Map<string, AbortController>();

  constructor(runBuilder: RunBuilder, onChange: () => void) {
    this.#runBuilder = runBuilder;
    this.#onChange = onChange;
  }

  /** The plan of exactly this text, else null. */
  ofText(path: string, text: string): PlanFacts | null {
    const entry = this.#known.get(path);
    return entry?.text === text ? entry.facts : null;
  }

  /** The newest plan that had operators, of whatever text. */
  last(path: string): PlanFacts | null {
    return this.#known.get(path)?.facts ?? null;
  }

  /** Asks for a new plan after a pause; one that is being built is given up. */
  request(path: string): void {
    this.#cancel(path);
    const controller = new AbortController();
    this.#running.set(path, controller);
    const timer = setTimeout(() => void this.#build(path, controller), PAUSE_MS);
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

  async #build(path: string, controller: AbortController): Promise<void> {
    const text = savedText(path);
    const facts = text === null ? null : await this.#runBuilder(path, controller.signal);
    if (controller.signal.aborted) return;
    this.#running.delete(path);
    if (text === null || facts === null) return;
    // A builder that fails says nothing of operators: what was known of them stays the better word.
    const operators = facts.operators.length > 0 ? facts.operators : (this.#known.get(path)?.facts.operators ?? []);
    this.#known.set(path, { text, facts: { ...facts, operators } });
    this.#onChange();
  }
}

function savedText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch {
    return null;
  }
}
