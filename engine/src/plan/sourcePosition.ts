import type { SourcePosition } from './plan.ts';

const FRAME = /^\s*at (?:.*\()?(.+):(\d+):(\d+)\)?$/;

/** The place `depth` frames below the one that made the stack; null where the stack does not say. Files are as the stack has them. */
export function positionInStack(stack: string, depth: number): SourcePosition | null {
  const frames = stack.split('\n').filter((line) => /^\s*at /.test(line));
  const match = FRAME.exec(frames[depth] ?? '');
  if (match === null) return null;
  const [, file = '', line = '', column = ''] = match;
  return { file: file.replace(/^async /, ''), line: Number(line), column: Number(column) };
}

/** Where the function that calls this one was called: a builder's method asks where the user's call is. */
export function callerPosition(): SourcePosition | null {
  return positionInStack(new Error().stack ?? '', 2);
}
