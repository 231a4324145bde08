/**
 * May this task go on? Asked before each record enters an operator, when a run is being debugged (the fused form of chains, which
 * a run without debugger uses, asks only between batches). `enter` may block the thread until the user continues.
 */
export interface Gate {
  enter(visit: Visit): void;
  /** The record has left the operator: everything it caused downstream in this task has happened. */
  leave(visit: Visit): void;
}

/** A record at the door of an operator. Nested: a visit happens inside the visits of the operators upstream in the same task. */
export interface Visit {
  readonly uid: string;
  readonly subtask: number;
  /** 0 or 1. */
  readonly input: number;
  readonly value: unknown;
  readonly timestamp: number;
  readonly watermark: number;
  /** How many records this operator's subtask has seen, this one included. */
  readonly sequence: number;
  /** The keyed state of the record's key; null for operators without. Type: KeyInspection of operators/operator.ts. */
  inspectKey(): import('../operators/operator.ts').KeyInspection | null;
}
