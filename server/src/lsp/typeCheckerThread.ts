import type { Worker } from 'node:worker_threads';
import type { TypeProblem } from '../protocol.ts';
import type { Span } from './pipelineSyntax.ts';
import type { SemanticFacts, SemanticSources } from './semanticFacts.ts';
import type { Answer, Question } from './typeCheckerWorker.ts';

/** Typing comes in bursts: types are looked at when there has been quiet for this long. */
const PAUSE_MS = 200;
/** A thread that nobody asked anything for so long is ended: the compiler and a small project were measured to take 145 MB. */
const IDLE_MS = 5 * 60_000;

interface Known {
  readonly text: string;
  readonly errors: readonly Span[];
  readonly stale: boolean;
}

/**
 * The type checker in a thread of its own, so that no question blocks the server. The thread is started by the first question: there
 * is one only when there is something to withhold, or a hover without plan.
 */
export class TypeCheckerThread implements SemanticFacts {
  readonly #start: (newest: SharedArrayBuffer) => Worker;
  readonly #sources: SemanticSources;
  readonly #newest = new SharedArrayBuffer(4);
  readonly #known = new Map<string, Known>();
  /** Paths whose errors are wanted, until there is an answer. */
  readonly #wanted = new Set<string>();
  /** The texts that the newest question about errors is about, until it is answered. */
  #looking: ReadonlyMap<string, string> | null = null;
  readonly #waiting = new Map<number, (answer: Answer | null) => void>();
  #worker: Worker | null = null;
  #failed = false;
  #number = 0;
  #pause: NodeJS.Timeout | null = null;
  #idle: NodeJS.Timeout | null = null;

  constructor(start: (newest: SharedArrayBuffer) => Worker, sources: SemanticSources) {
    this.#start = start;
    this.#sources = sources;
  }

  errors(path: string, text: string): readonly Span[] {
    const known = this.#known.get(path);
    if (known?.text === text && !known.stale) return known.errors;
    const before = known === undefined ? [] : moved(known, text);
    // Asked again while the answer is being worked on: the plan has come, or the editor shows the file a second time.
    if (this.#looking?.get(path) === text) return before;
    this.#wanted.add(path);
    if (this.#pause !== null) clearTimeout(this.#pause);
    this.#pause = setTimeout(() => void this.#look(), PAUSE_MS);
    this.#pause.unref();
    return before;
  }

  async recordTypeAt(path: string, offset: number): Promise<string | null> {
    const answer = await this.#ask((number, texts) => ({ number, texts, kind: 'recordType', path, offset }));
    return answer?.recordType ?? null;
  }

  async errorsWithImports(path: string): Promise<readonly TypeProblem[] | null> {
    const answer = await this.#ask((number, texts) => ({ number, texts, kind: 'errorsWithImports', path }));
    return answer?.withImports ?? null;
  }

  filesChanged(): void {
    this.#looking = null;
    for (const [path, known] of this.#known) this.#known.set(path, { ...known, stale: true });
  }

  forget(path: string): void {
    this.#known.delete(path);
    this.#wanted.delete(path);
  }

  dispose(): void {
    if (this.#pause !== null) clearTimeout(this.#pause);
    this.#end();
  }

  async #look(): Promise<void> {
    this.#pause = null;
    const texts = this.#sources.openTexts();
    const paths = [...this.#wanted].filter((path) => texts.has(path));
    if (paths.length === 0) return;
    const looking = new Map(paths.map((path) => [path, texts.get(path) ?? '']));
    this.#looking = looking;
    const answer = await this.#ask((number) => {
      Atomics.store(new Int32Array(this.#newest), 0, number);
      return { number, texts, kind: 'errors', paths };
    });
    // A newer question is on its way, or files have changed: this answer is of no use any more.
    if (this.#looking !== looking) return;
    this.#looking = null;
    let changed = false;
    for (const [path, errors] of answer?.errors ?? []) {
      const text = texts.get(path);
      if (text === undefined || !this.#wanted.has(path)) continue;
      const before = this.#known.get(path);
      changed ||= JSON.stringify(errors) !== JSON.stringify(before === undefined ? [] : moved(before, text));
      this.#known.set(path, { text, errors, stale: false });
      // The text may have changed meanwhile, and its question wait for its pause.
      if (this.#sources.openTexts().get(path) === text) this.#wanted.delete(path);
    }
    if (changed) this.#sources.onChange();
  }

  /** Null when the thread ended without an answer. */
  #ask(question: (number: number, texts: ReadonlyMap<string, string>) => Question): Promise<Answer | null> {
    if (this.#failed) return Promise.resolve(null);
    this.#worker ??= this.#startWorker();
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.#end(), IDLE_MS);
    this.#idle.unref();
    const number = ++this.#number;
    this.#worker.postMessage(question(number, this.#sources.openTexts()));
    return new Promise((resolve) => this.#waiting.set(number, resolve));
  }

  #startWorker(): Worker {
    const worker = this.#start(this.#newest);
    worker.unref();
    worker.on('message', (answer: Answer) => {
      this.#waiting.get(answer.number)?.(answer);
      this.#waiting.delete(answer.number);
    });
    worker.on('error', (error: unknown) => {
      // What it says is an addition; a thread that dies of a project would die of it again.
      this.#failed = true;
      const reason = error instanceof Error ? error.message : String(error);
      this.#sources.warn(`Type checking is off until the language server is started again: ${reason}`);
      this.#end();
    });
    return worker;
  }

  #end(): void {
    if (this.#idle !== null) clearTimeout(this.#idle);
    void this.#worker?.terminate();
    this.#worker = null;
    for (const resolve of this.#waiting.values()) resolve(null);
    this.#waiting.clear();
  }
}

/** Errors of an older text, at their places in this one: what was changed is between the common beginning and the common end. */
export function moved({ text: old, errors }: { readonly text: string; readonly errors: readonly Span[] }, text: string): readonly Span[] {
  if (old === text) return errors;
  const shorter = Math.min(old.length, text.length);
  let prefix = 0;
  while (prefix < shorter && old[prefix] === text[prefix]) prefix++;
  let suffix = 0;
  while (suffix < shorter - prefix && old[old.length - 1 - suffix] === text[text.length - 1 - suffix]) suffix++;
  const shift = text.length - old.length;
  return errors.flatMap(({ start, end }) => {
    if (end <= prefix) return [{ start, end }];
    return start >= old.length - suffix ? [{ start: start + shift, end: end + shift }] : [];
  });
}
