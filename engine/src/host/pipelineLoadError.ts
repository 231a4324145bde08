import type { SourcePosition } from '../plan/plan.ts';
import type { StackFrame } from './sourceMap.ts';

export interface LoadProblem {
  readonly message: string;
  readonly position: SourcePosition | null;
}

/** A pipeline module could not be made into a plan. Positions are in the user's own sources. */
export class PipelineLoadError extends Error {
  override readonly name = 'PipelineLoadError';
  readonly code: 'missing' | 'syntax' | 'version' | 'noDefaultExport' | 'threw' | 'plan';
  /** All of them; the first is the message. */
  readonly problems: readonly LoadProblem[];
  /** Of what the module or its builder threw. */
  readonly frames: readonly StackFrame[];
  /** The operator that the builder complained about. */
  readonly uid: string | null;

  constructor(
    code: PipelineLoadError['code'],
    message: string,
    problems: readonly LoadProblem[] = [],
    frames: readonly StackFrame[] = [],
    uid: string | null = null,
    cause?: unknown,
  ) {
    super(message, { cause });
    this.code = code;
    this.problems = problems.length > 0 ? problems : [{ message, position: frames[0]?.position ?? null }];
    this.frames = frames;
    this.uid = uid;
  }
}
