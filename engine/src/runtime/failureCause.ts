import type { InputError } from '../operators/inputError.ts';

/** An operator could not be opened or restored, so the run has not started. The message is that of the cause. */
export class StartFailure extends Error {
  override readonly name = 'StartFailure';
  override readonly cause: Error;
  readonly uid: string | null;

  constructor(uid: string | null, cause: Error) {
    super(cause.message);
    this.cause = cause;
    this.uid = uid;
  }
}

/** The place in the input that an error is about; null where it is about none. */
export function inputPlaceOf(error: Error): { readonly file: string; readonly line: number | null } | null {
  for (const each of causes(error)) if (isInputError(each)) return each;
  return null;
}

/** The same input fails in the same way again, so restarting would only hide the error for a while. */
export function isDeterministic(error: Error): boolean {
  for (const each of causes(error)) if (each.name === 'Misfit' || isInputError(each)) return true;
  return false;
}

/** By name rather than by class: a pipeline may carry a copy of the engine's modules of its own. */
function isInputError(error: Error): error is InputError {
  return error.name === 'InputError' && 'file' in error && 'line' in error;
}

function* causes(error: Error): Generator<Error> {
  let depth = 0;
  for (let at: unknown = error; at instanceof Error && depth < 10; at = at.cause, depth++) yield at;
}
