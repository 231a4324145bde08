import { TraceMap, originalPositionFor } from '@jridgewell/trace-mapping';
import { dirname, resolve } from 'node:path';
import type { SourcePosition } from '../plan/plan.ts';

/** One line of a stack: where it is in the user's own source, when it is there. */
export interface StackFrame {
  readonly name: string;
  readonly position: SourcePosition | null;
}

/** From places in a bundle back to the sources it was made of. */
export class BundleSourceMap {
  /** As it is in stack traces. */
  readonly bundle: string;
  readonly #text: string;
  #map: TraceMap | null = null;

  /** `text` is the source map's JSON; decoded at the first question. */
  constructor(bundle: string, text: string) {
    this.bundle = bundle;
    this.#text = text;
  }

  /** Null where the place is not in the bundle, or in code that the bundler put there. Lines and columns from 1. */
  originalPosition(generated: SourcePosition): SourcePosition | null {
    if (generated.file !== this.bundle) return null;
    this.#map ??= new TraceMap(this.#text);
    const { source, line, column } = originalPositionFor(this.#map, { line: generated.line, column: generated.column - 1 });
    if (source === null || source.startsWith('tidemark-engine:')) return null;
    return { file: resolve(dirname(this.bundle), source), line, column: column + 1 };
  }

  /** To make the same in another thread. */
  toData(): { path: string; map: string } {
    return { path: this.bundle, map: this.#text };
  }

  /** The user's frames, innermost first. The engine's own are left out: they tell a user nothing. */
  stack(error: Error): StackFrame[] {
    const own: StackFrame[] = [];
    for (const { name, position } of parseStack(error.stack ?? '')) {
      const original = this.originalPosition(position);
      if (original !== null) own.push({ name, position: original });
    }
    return own;
  }
}

/** V8's `    at name (file:line:column)`, `    at file:line:column`; other lines are left out. */
export function parseStack(stack: string): { name: string; position: SourcePosition }[] {
  const frames: { name: string; position: SourcePosition }[] = [];
  for (const line of stack.split('\n')) {
    const match = /^\s+at (?:(?:async )?(.*?) \()?(?:async )?(.+?):(\d+):(\d+)\)?$/.exec(line);
    if (match === null) continue;
    const [, name, file = '', at, column] = match;
    frames.push({
      name: name ?? '<anonymous>',
      position: { file: file.replace(/^file:\/\//, ''), line: Number(at), column: Number(column) },
    });
  }
  return frames;
}
