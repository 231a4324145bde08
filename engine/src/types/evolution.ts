import { joinPath } from './misfit.ts';

/** Thrown inside `resolve` where a written type cannot become the type at hand; `DataType.resolve` turns it into a verdict. */
export class Incompatible extends Error {
  override readonly name = 'Incompatible';
}

/**
 * One look at how values of an older type become values of a newer one. Knows where in the type it is, and gathers what is found
 * to have changed; no change means that the bytes can be taken as they are.
 */
export class Evolution {
  readonly path: string;
  readonly changes: string[];
  /** Readers under construction, so that recursive records end: by the type at hand, then by the writer's schema. */
  readonly readers: Map<object, Map<object, unknown>>;

  constructor(path: string, changes: string[] = [], readers = new Map<object, Map<object, unknown>>()) {
    this.path = path;
    this.changes = changes;
    this.readers = readers;
  }

  at(step: string): Evolution {
    return new Evolution(joinPath(this.path, step), this.changes, this.readers);
  }

  changed(what: string): void {
    const sentence = `${this.path}: ${what}`;
    if (!this.changes.includes(sentence)) this.changes.push(sentence);
  }

  fail(problem: string): never {
    throw new Incompatible(`${this.path}: ${problem}`);
  }

  cannotBecome(written: string, now: string): never {
    return this.fail(`${written} cannot become ${now}`);
  }
}
