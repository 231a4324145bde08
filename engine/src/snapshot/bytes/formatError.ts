/**
 * A snapshot's bytes are not what the format says. Carries the place, so that a user can be told where to look:
 * the offset in bytes from the start of the stream being read, and the path of structures that led there.
 */
export class FormatError extends Error {
  override readonly name = 'FormatError';
  readonly offset: number;
  readonly path: readonly string[];

  constructor(problem: string, offset: number, path: readonly string[] = []) {
    super(`${problem} (at byte ${String(offset)}${path.length === 0 ? '' : ` in ${path.join(' > ')}`})`);
    this.offset = offset;
    this.path = path;
  }
}
