/**
 * A snapshot's bytes are not what the format says. Carries the place, so that a user can be told where to look:
 * the offset in bytes from the start of the stream being read, and the path of structures that led there.
 */
export class FormatError extends Error {
  override readonly name = 'FormatError';
  /** The message without the place. */
  readonly problem: string;
  readonly offset: number;
  readonly path: readonly string[];

  constructor(problem: string, offset: number, path: readonly string[] = []) {
    super(`${problem} (at byte ${String(offset)}${path.length === 0 ? '' : ` in ${path.join(' > ')}`})`);
    this.problem = problem;
    this.offset = offset;
    this.path = path;
  }

  /** The same error, said to be inside a structure, such as a file or an operator. */
  inside(structure: string): FormatError {
    return new FormatError(this.problem, this.offset, [structure, ...this.path]);
  }
}
