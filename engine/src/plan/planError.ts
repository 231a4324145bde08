import type { SourcePosition } from './plan.ts';

export type PlanErrorCode =
  | 'uid'
  | 'duplicateUid'
  | 'foreignStream'
  | 'unknownSideOutput'
  | 'sideOutput'
  | 'parallelism'
  | 'maxParallelism'
  | 'options'
  | 'parameter'
  | 'window'
  | 'type'
  | 'key'
  | 'state'
  | 'function'
  | 'connector'
  | 'pipeline';

/** The pipeline cannot be planned. Names operator and place; the message says what to do. */
export class PlanError extends Error {
  override readonly name = 'PlanError';
  readonly code: PlanErrorCode;
  readonly uid: string | null;
  readonly position: SourcePosition | null;

  constructor(code: PlanErrorCode, problem: string, uid: string | null, position: SourcePosition | null) {
    const where = uid === null ? '' : `operator "${uid}": `;
    const place = position === null ? '' : ` (${position.file}:${String(position.line)}:${String(position.column)})`;
    super(where + problem + place);
    this.code = code;
    this.uid = uid;
    this.position = position;
  }
}

/** Something that runs but is hardly meant. */
export interface PlanWarning {
  readonly code: 'noSink' | 'noWatermarks' | 'unusedSideOutput';
  readonly uid: string;
  readonly message: string;
  readonly position: SourcePosition | null;
}
