import type { ControlEvents } from '../control.ts';

export type Output = ControlEvents['output'];

/** What one second may bring. A debug console that gets more than this shows nothing else any more, and its editor stops. */
export const MAX_LINES = 1000;
const WINDOW_MS = 1000;
/** A line as long as this counts as two, and so on. */
const LINE_LENGTH = 1000;

/**
 * Output on its way to the client. What comes in one turn of the event loop from one place in user code goes out as one; what user
 * code prints beyond `MAX_LINES` in a second is left out, and a line says how much that was. Our own words are never left out.
 */
export class OutputFlow {
  readonly #deliver: (output: Output) => void;
  #pending: Output | null = null;
  #turn: NodeJS.Immediate | null = null;
  #room = MAX_LINES;
  #left = 0;
  #window: NodeJS.Timeout | null = null;

  constructor(deliver: (output: Output) => void) {
    this.#deliver = deliver;
  }

  push(output: Output): void {
    const isOfUser = output.category === 'stdout' || output.category === 'stderr';
    const text = isOfUser ? this.#withinBounds(output.text) : output.text;
    if (text === '') return;
    if (this.#pending !== null && isSamePlace(this.#pending, output)) {
      this.#pending = { ...this.#pending, text: this.#pending.text + text };
      return;
    }
    this.flush();
    this.#pending = { ...output, text };
    this.#turn = setImmediate(() => this.flush());
  }

  /** Delivers what is pending now: something else is to come after it. */
  flush(): void {
    if (this.#turn !== null) clearImmediate(this.#turn);
    this.#turn = null;
    const pending = this.#pending;
    this.#pending = null;
    if (pending !== null) this.#deliver(pending);
  }

  /** Delivers all there is, and how much was left out. */
  end(): void {
    if (this.#window !== null) clearTimeout(this.#window);
    this.#window = null;
    this.flush();
    const left = this.#left;
    this.#left = 0;
    this.#room = MAX_LINES;
    if (left === 0) return;
    const lines = left === 1 ? '1 line of output was' : `${String(left)} lines of output were`;
    const text = `${lines} left out: no more than ${String(MAX_LINES)} are shown in a second. Write what you need to a file with a sink.\n`;
    this.#deliver({ category: 'console', text, position: null });
  }

  #withinBounds(text: string): string {
    if (this.#window === null) {
      this.#window = setTimeout(() => this.end(), WINDOW_MS);
      this.#window.unref();
    }
    let taken = 0;
    while (taken < text.length && this.#room > 0) {
      const end = lineEnd(text, taken);
      this.#room -= 1 + Math.floor((end - taken) / LINE_LENGTH);
      taken = end;
    }
    for (let at = taken; at < text.length; at = lineEnd(text, at)) this.#left++;
    return text.slice(0, taken);
  }
}

function lineEnd(text: string, from: number): number {
  const newline = text.indexOf('\n', from);
  return newline < 0 ? text.length : newline + 1;
}

function isSamePlace(a: Output, b: Output): boolean {
  const [p, q] = [a.position, b.position];
  if (a.category !== b.category) return false;
  return p === null || q === null ? p === q : p.path === q.path && p.line === q.line && p.column === q.column;
}
