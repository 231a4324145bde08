import { ByteWriter } from '../snapshot/bytes/byteWriter.ts';
import { dataTypeOf } from '../types/dataType.ts';
import { describe } from '../types/misfit.ts';
import type { Type } from '../types/type.ts';

const scratch = new ByteWriter(256);

/**
 * Refuses values that are not of their type, where they are stored or leave the pipeline: at the next checkpoint nobody would know which
 * record brought them. It costs a few comparisons; only for a wrong value the type's writer is asked what is wrong.
 */
export class ValueCheck {
  /** For generated code, which asks in place and then calls `refuse`. */
  readonly fits: (value: unknown) => boolean;
  readonly #what: string;
  readonly #type: Type<unknown>;
  readonly hasFixedParts: boolean;
  readonly #takesWholeNumbers: boolean;

  /** `what` is the subject of the error's sentence, such as `operator "count", state "total": the value`. */
  constructor(what: string, type: Type<unknown>) {
    const { fits, hasFixedParts } = dataTypeOf(type);
    this.fits = fits;
    this.#what = what;
    this.#type = type;
    this.hasFixedParts = hasFixedParts;
    this.#takesWholeNumbers = fits(Number.MAX_SAFE_INTEGER);
  }

  /** @throws TypeError that says where in the value it does not fit. */
  check(value: unknown): void {
    if (!this.fits(value)) this.refuse(value);
  }

  /**
   * For a value that takes the place of `kept`, which was checked when it was stored. Where it is the same object, and of any number of
   * parts, it is not checked again: a list that grows in place would cost more with each element. A snapshot still finds what is wrong in it.
   */
  checkNext(value: unknown, kept: unknown): void {
    // Counts and sums are what aggregates keep most: for them, without the call of a function that is another one for each type.
    if (this.#takesWholeNumbers && Number.isSafeInteger(value)) return;
    if ((value !== kept || this.hasFixedParts) && !this.fits(value)) this.refuse(value);
  }

  /** Only for values that do not fit. */
  refuse(value: unknown): never {
    const cause = this.#problemOf(value);
    throw new TypeError(`${this.#what} is not of type ${this.#type.name}: ${cause.message}`, { cause });
  }

  #problemOf(value: unknown): Error {
    scratch.reset();
    try {
      this.#type.write(scratch, value);
    } catch (error) {
      return error instanceof Error ? error : new TypeError(String(error));
    }
    return new TypeError(`found ${describe(value)}`);
  }
}

/** For the keys of an operator's input. */
export function keyCheckOf(uid: string, type: Type<unknown>): ValueCheck {
  return new ValueCheck(`operator "${uid}": the result of the key selector`, type);
}
