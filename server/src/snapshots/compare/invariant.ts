import { resolve } from 'node:path';
import { holds, needsBefore, parseExpectation } from 'tidemark/snapshot';
import { MODULE, userFunction } from '../userFunction.ts';
import type { AggregateValue, SnapshotSide } from './snapshotSide.ts';

/** What came of it, and the words to say it with. */
export interface Verdict {
  readonly text: string;
  readonly holds: boolean;
  /** `6000 before, 5990 after`, or what a module said. */
  readonly detail: string;
}

/** Something that must hold between two snapshots, or of the newer one. */
export interface Invariant {
  readonly text: string;
  verdict(before: SnapshotSide, after: SnapshotSide): Promise<Verdict>;
}

/** An expression, as `parseExpectation` takes it, or the path of a module. @throws ExpressionError, UserModuleError */
export function invariant(text: string, folder: string): Promise<Invariant> {
  return MODULE.test(text) ? moduleInvariant(text, folder) : Promise.resolve(expressionInvariant(text));
}

function expressionInvariant(text: string): Invariant {
  const expectation = parseExpectation(text);
  return {
    text,
    async verdict(before, after) {
      const old = needsBefore(expectation) ? await before.aggregate(expectation.aggregate, expectation) : null;
      const young = await after.aggregate(expectation.aggregate, expectation);
      const detail = needsBefore(expectation) ? `${valueText(old)} before, ${valueText(young)} after` : valueText(young);
      return { text, holds: holds(expectation, old, young), detail };
    },
  };
}

function valueText(value: AggregateValue): string {
  return value === null ? 'nothing' : String(value);
}

/** The default export gets both sides. It fails by false, by a text that says why, or by an error. */
async function moduleInvariant(text: string, folder: string): Promise<Invariant> {
  const check = await userFunction(`--expect ${text}`, resolve(folder, text));
  return {
    text,
    async verdict(before, after) {
      try {
        const answer = await check({ before, after });
        if (typeof answer === 'string') return { text, holds: answer === '', detail: answer };
        return { text, holds: answer !== false, detail: answer === false ? 'it says false' : '' };
      } catch (error) {
        if (error instanceof Error && error.name === 'Interrupted') throw error;
        return { text, holds: false, detail: error instanceof Error ? error.message : String(error) };
      }
    },
  };
}
