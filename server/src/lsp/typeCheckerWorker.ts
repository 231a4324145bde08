import { parentPort } from 'node:worker_threads';
import ts from 'typescript';
import type { Span } from './pipelineSyntax.ts';
import { TypeChecker, type TypeCheckerSettings } from './typeChecker.ts';

export interface TypeCheckerData {
  readonly settings: TypeCheckerSettings;
  /** One Int32: the number of the newest question about errors. What is worked on for an older one is given up. */
  readonly newest: SharedArrayBuffer;
}

export type Question = { readonly number: number; readonly texts: ReadonlyMap<string, string> } & (
  | { readonly kind: 'errors'; readonly paths: readonly string[] }
  | { readonly kind: 'recordType'; readonly path: string; readonly offset: number }
);

export interface Answer {
  readonly number: number;
  readonly errors: readonly (readonly [path: string, errors: readonly Span[]])[];
  readonly recordType: string | null;
}

/** The thread's side: answers questions in their order, one answer each. */
export function serveTypeChecker({ settings, newest }: TypeCheckerData): void {
  const newestNumber = new Int32Array(newest);
  let cancellable: number | null = null;
  const checker = new TypeChecker(settings, () => cancellable !== null && Atomics.load(newestNumber, 0) !== cancellable);
  parentPort?.on('message', (question: Question) => {
    cancellable = question.kind === 'errors' ? question.number : null;
    const answer = { number: question.number, errors: [], recordType: null };
    try {
      checker.setOpenTexts(question.texts);
      parentPort?.postMessage({
        ...answer,
        ...(question.kind === 'errors'
          ? { errors: question.paths.map((path) => [path, checker.errors(path)]) }
          : { recordType: checker.recordTypeAt(question.path, question.offset) }),
      });
    } catch (error) {
      if (!(error instanceof ts.OperationCanceledException)) throw error;
      parentPort?.postMessage(answer);
    }
  });
}
