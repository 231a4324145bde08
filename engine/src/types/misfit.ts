/** A value does not fit its type. The message says where in the value: `legs[2].at: timestamp expected, found "x"`. */
export class Misfit extends TypeError {
  override readonly name = 'Misfit';
  readonly problem: string;
  readonly path: string;

  constructor(problem: string, path = '') {
    super(path === '' ? problem : `${path}: ${problem}`);
    this.problem = problem;
    this.path = path;
  }
}

export function misfit(expected: string, found: unknown): never {
  throw new Misfit(`${expected} expected, found ${describe(found)}`);
}

/** The same error, seen from the value around: `step` is a field name or `[index]`. Other errors pass through as they are. */
export function within(step: string, error: unknown): unknown {
  if (!(error instanceof Misfit)) return error;
  return new Misfit(error.problem, joinPath(step, error.path));
}

export function joinPath(outer: string, inner: string): string {
  return inner === '' || inner.startsWith('[') ? outer + inner : `${outer}.${inner}`;
}

/** A short text of a value, for errors. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === 'bigint') return `${String(value)}n`;
  if (value === null || value === undefined || typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return `an array of ${String(value.length)}`;
  if (value instanceof Map) return `a Map of ${String(value.size)}`;
  if (value instanceof Uint8Array) return `${String(value.length)} bytes`;
  if (value instanceof Promise) return 'a Promise (is an async function in the way?)';
  return typeof value === 'function' ? 'a function' : 'an object';
}
