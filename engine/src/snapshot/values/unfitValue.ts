import { dumpText, type DumpValue } from './dumpValue.ts';

/** A value cannot be written as the type that it should have. Says where in the value, and what is expected there. */
export class UnfitValue extends Error {
  override readonly name = 'UnfitValue';
  readonly problem: string;
  /** Fields and positions, from the outside in. */
  readonly path: readonly string[];
  /** No value of its type can be written, not even the one that is stored. */
  readonly isUnwritable: boolean;

  constructor(problem: string, path: readonly string[] = [], isUnwritable = false) {
    super(path.length === 0 ? problem : `${path.join('.')}: ${problem}`);
    this.problem = problem;
    this.path = path;
    this.isUnwritable = isUnwritable;
  }
}

export function unfit(expected: string, found: DumpValue): never {
  const text = dumpText(found);
  throw new UnfitValue(`${expected} is expected, found ${text.length > 100 ? `${text.slice(0, 100)}...` : text}`);
}

export function unwritable(problem: string): never {
  throw new UnfitValue(problem, [], true);
}

/** Runs `write` for a part of a value; its errors name the part. */
export function inPart<T>(part: string | number, write: () => T): T {
  try {
    return write();
  } catch (error) {
    if (error instanceof UnfitValue) throw new UnfitValue(error.problem, [String(part), ...error.path], error.isUnwritable);
    throw error;
  }
}
