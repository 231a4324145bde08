/**
 * Input that a source cannot read: a file that is not there, or a record in it that does not fit. Reading it again fails again, so a run does not
 * restart because of it.
 */
export class InputError extends Error {
  override readonly name = 'InputError';
  /** As the pipeline names it: absolute, or relative to the pipeline's folder. */
  readonly file: string;
  /** From 1; null where the file itself is the problem. */
  readonly line: number | null;

  constructor(message: string, file: string, line: number | null, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.file = file;
    this.line = line;
  }
}
