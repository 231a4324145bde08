import { parentPort } from 'node:worker_threads';
import type { TypeProblem } from '../protocol.ts';
import type { Span } from './pipelineSyntax.ts';
import { TypeChecker, type TypeCheckerSettings } from './typeChecker.ts';

export interface TypeCheckerData {
  readonly settings: TypeCheckerSettings;
  /** One Int32: the number of the newest question about errors. Those that are older and still wait get an empty answer. */
  readonly newest: SharedArrayBuffer;
}

export type Question = { readonly number: number; readonly texts: ReadonlyMap<string, string> } & (
  | { readonly kind: 'errors'; readonly paths: readonly string[] }
  | { readonly kind: 'errorsWithImports'; readonly path: string }
  | { readonly kind: 'recordType'; readonly path: string; readonly offset: number }
);

export interface Answer {
  readonly number: number;
  readonly errors: readonly (readonly [path: string, errors: readonly Span[]])[];
  readonly recordType: string | null;
  readonly withImports?: readonly TypeProblem[];
}

/**
 * The thread's side: answers questions in their order, one answer each. Between two files it looks whether anybody still waits; within
 * a file TypeScript is not interrupted: its next answer would begin at nothing, and types were seen to be `any` after it.
 */
export function serveTypeChecker({ settings, newest }: TypeCheckerData): void {
  const newestNumber = new Int32Array(newest);
  const checker = new TypeChecker(settings);
  const answer = (question: Question): Omit<Answer, 'number'> => {
    checker.setOpenTexts(question.texts);
    if (question.kind === 'recordType') return { errors: [], recordType: checker.recordTypeAt(question.path, question.offset) };
    if (question.kind === 'errorsWithImports') {
      return { errors: [], recordType: null, withImports: checker.errorsWithImports(question.path) };
    }
    const isNewest = (): boolean => Atomics.load(newestNumber, 0) === question.number;
    return { errors: question.paths.flatMap((path) => (isNewest() ? [[path, checker.errors(path)] as const] : [])), recordType: null };
  };
  parentPort?.on('message', (question: Question) => {
    parentPort?.postMessage({ number: question.number, ...answer(question) } satisfies Answer);
  });
}
