import { dumpText, type ConflictingValue, type DumpValue, type SettleConflict } from 'tidemark/snapshot';
import { UsageError } from './io.ts';
import { userFunction } from './userFunction.ts';

/**
 * What decides where sources of a merge differ, as a module's default export. It gets `{ operator, state, key, namespace, sources }`, values as
 * a dump has them in JSON, and returns one of the sources or `{ value }`. @throws UsageError
 */
export async function settleIn(module: string, cwd: string): Promise<SettleConflict> {
  const decide = await userFunction('--on-conflict', module, cwd);
  return ({ operator, state, key, namespace, sources }) => {
    const plain = sources.map((each) => ({ ...each, value: json(each.value) }));
    const answer = decide({ operator, state, key: json(key), namespace: json(namespace), sources: plain });
    const chosen = sources[plain.findIndex((each) => each === answer)];
    return chosen ?? { value: valueOf(answer, `${module}, for ${operator}, state ${state}, key ${dumpText(key)}`) };
  };
}

function json(value: DumpValue): unknown {
  return JSON.parse(dumpText(value));
}

function valueOf(answer: unknown, place: string): ConflictingValue['value'] {
  if (typeof answer === 'object' && answer !== null && 'value' in answer && answer.value !== undefined) return answer.value as DumpValue;
  const found = answer === undefined ? 'nothing' : JSON.stringify(answer);
  throw new UsageError(`--on-conflict ${place}: one of its sources or { value } is expected, found ${found}.`);
}
