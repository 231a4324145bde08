import { ConvertedParts } from '../operator/convertedParts.ts';
import type { StoredSubtask } from '../rewrite/operatorRewrite.ts';
import { refuse } from '../rewrite/rewritePlan.ts';
import { dumpText } from '../values/dumpValue.ts';
import type { FlinkMajor } from '../values/flinkMajor.ts';
import { UnfitValue } from '../values/unfitValue.ts';
import { UnreadableValue } from '../values/unreadableValue.ts';
import type { Change } from './formRedaction.ts';

type StoredState = StoredSubtask['managed'][number];

/** Of broadcast state the keys too. */
export interface OperatorStateChange {
  readonly key: Change | null;
  readonly value: Change;
}

/** The parts of an operator's state in other words. @throws RewriteRefused */
export function redactedState(state: StoredState, { key, value }: OperatorStateChange, flink: FlinkMajor, place: string): StoredState {
  const { meta } = state;
  try {
    const converted = new ConvertedParts(state, meta, flink);
    const parts = state.parts.map((part) => {
      const keys = new Set<string>();
      return converted.convert(
        part,
        (was) => {
          const now = key === null ? was : key.convert(was);
          const text = dumpText(now);
          if (keys.has(text))
            refuse(`${place}: two of its keys both become ${text} by what the rules say, and would be one; hash them, with all digits`);
          keys.add(text);
          return now;
        },
        (was) => value.convert(was),
      );
    });
    return { ...state, parts };
  } catch (error) {
    if (error instanceof UnfitValue || error instanceof UnreadableValue)
      return refuse(`${place}: a value cannot be redacted: ${error.message}; drop the state`);
    throw error;
  }
}
