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
  /** The bytes end before what is read does, as those of a file that was never finished. */
  readonly cutShort: boolean;

  constructor(problem: string, offset: number, path: readonly string[] = [], cutShort = false) {
    super(`${problem} (at byte ${String(offset)}${path.length === 0 ? '' : ` in ${path.join(' > ')}`})`);
    this.problem = problem;
    this.offset = offset;
    this.path = path;
    this.cutShort = cutShort;
  }

  /** The same error, said to be inside a structure, such as a file or an operator. */
  inside(structure: string): FormatError {
    return new FormatError(this.problem, this.offset, [structure, ...this.path], this.cutShort);
  }
}
