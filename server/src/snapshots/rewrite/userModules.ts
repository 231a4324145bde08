import { dumpText, type ConflictingValue, type DumpValue, type RewriteOptions, type SettleConflict } from 'tidemark/snapshot';
import { userFunction, UserModuleError } from '../userFunction.ts';

type KeyHash = NonNullable<RewriteOptions['keyHash']>;

/** A module that the user has written for a rewriting. */
export interface UserModule {
  /** As it was named, and for what: `--key-hash hash.mjs`. */
  readonly named: string;
  /** Absolute. */
  readonly path: string;
}

/** Java's hashCode of keys whose class has code of its own, as a module's default export finds it. @throws UserModuleError */
export async function keyHashOf(module: UserModule): Promise<KeyHash> {
  const hash = await userFunction(module.named, module.path);
  return (key) => {
    let found: unknown;
    try {
      found = hash(key);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new UserModuleError(
        `${module.named} fails for the key ${dumpText(key)}: ${reason}. It returns null for keys that it does not know.`,
      );
    }
    if (found === null || found === undefined) return null;
    if (typeof found === 'number' && (found | 0) === found) return found;
    throw new UserModuleError(`${module.named} gives ${JSON.stringify(found)} for a key, where a whole number of 32 bits is expected.`);
  };
}

/**
 * What decides where sources of a merge differ, as a module's default export. It gets `{ operator, state, key, namespace, sources }`, values as
 * a dump has them in JSON, and returns one of the sources or `{ value }`. @throws UserModuleError
 */
export async function settleOf(module: UserModule): Promise<SettleConflict> {
  const decide = await userFunction(module.named, module.path);
  return ({ operator, state, key, namespace, sources }) => {
    const plain = sources.map((each) => ({ ...each, value: json(each.value) }));
    const answer = decide({ operator, state, key: json(key), namespace: json(namespace), sources: plain });
    const chosen = sources[plain.findIndex((each) => each === answer)];
    return chosen ?? { value: valueOf(answer, `${module.named}, for ${operator}, state ${state}, key ${dumpText(key)}`) };
  };
}

function json(value: DumpValue): unknown {
  return JSON.parse(dumpText(value));
}

function valueOf(answer: unknown, place: string): ConflictingValue['value'] {
  if (typeof answer === 'object' && answer !== null && 'value' in answer && answer.value !== undefined) return answer.value as DumpValue;
  const found = answer === undefined ? 'nothing' : JSON.stringify(answer);
  throw new UserModuleError(`${place}: one of its sources or { value } is expected, found ${found}.`);
}
