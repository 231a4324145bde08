/** From an error in a pipeline to what clients are told: the message, and the places that lead to its cause. */
import { resolve } from 'node:path';
import type { BundleSourceMap } from 'tidemark/host';
import type { Plan } from 'tidemark/plan';
import { inputPlaceOf } from 'tidemark/runtime';
import type { Failure } from '../control.ts';
import { toPosition } from './toControl.ts';

export interface FailureContext {
  readonly plan: Plan;
  readonly sourceMap: BundleSourceMap;
  /** Where relative paths of the pipeline begin. */
  readonly folder: string;
}

interface FailurePlace {
  readonly uid: string | null;
  readonly subtask: number | null;
  readonly restartsInMs: number | null;
}

/**
 * Places, the most telling first: the line of the input, the user's own frames, and where there is none of them, the declaration of the operator.
 */
export function toFailure(error: Error, { uid, subtask, restartsInMs }: FailurePlace, context: FailureContext): Failure {
  const input = inputPlaceOf(error);
  const stack: Failure['stack'] = [];
  if (input !== null && input.line !== null) {
    stack.push({ name: 'input', position: { path: resolve(context.folder, input.file), line: input.line, column: 1 } });
  }
  for (const { name, position } of context.sourceMap.stack(error)) stack.push({ name, position: toPosition(position) });
  const declared = context.plan.operators.find((operator) => operator.uid === uid)?.position ?? null;
  const hasOwnFrame = stack.length > (input?.line == null ? 0 : 1);
  if (!hasOwnFrame && declared !== null) stack.push({ name: `operator "${String(uid)}"`, position: toPosition(declared) });
  const failure: Failure = { uid, subtask, message: messageOf(error), stack, restartsInMs };
  // By name: a pipeline may carry a copy of the engine's modules of its own.
  return error.name === 'ResultsExist' ? { ...failure, code: 'resultsExist' } : failure;
}

/** Names of error classes that say nothing to a user are left out. */
export function messageOf({ name, message }: Error): string {
  return ['Error', 'InputError', 'ResultsExist'].includes(name) ? message : `${name}: ${message}`;
}
