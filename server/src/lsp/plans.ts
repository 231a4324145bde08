import { readFileSync } from 'node:fs';
import { AfterPause } from './afterPause.ts';
import type { PlanFacts, RunBuilder } from './planFacts.ts';

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
  readonly #asked = new AfterPause();

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
    this.#asked.request(path, (signal) => this.#build(path, signal));
  }

  forget(path: string): void {
    this.#asked.cancel(path);
    this.#known.delete(path);
  }

  clear(): void {
    this.#asked.cancelAll();
    this.#known.clear();
  }

  async #build(path: string, signal: AbortSignal): Promise<void> {
    const text = savedText(path);
    const facts = text === null ? null : await this.#runBuilder(path, signal);
    if (signal.aborted || text === null || facts === null) return;
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
