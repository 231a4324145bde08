import { describeStates, operatorsNamed, type SnapshotOperator } from 'tidemark/snapshot';
import type { OpenedSnapshot } from '../snapshots/openedSnapshot.ts';
import { UsageError } from './io.ts';

/** Finds operators and states in what people type. Names may have the characters that separate them, so what is there decides. */
export class EditPlaces {
  readonly #opened: OpenedSnapshot;

  constructor(opened: OpenedSnapshot) {
    this.#opened = opened;
  }

  /** `O/S`, or `O` alone. @throws UsageError */
  operatorAndState(option: string, text: string): { operator: string; state?: string } {
    const whole = this.#operator(text);
    if (whole !== null) return { operator: whole.metadata.operatorId };
    for (let at = text.indexOf('/'); at >= 0; at = text.indexOf('/', at + 1)) {
      const operator = this.#operator(text.slice(0, at));
      if (operator !== null) return { operator: operator.metadata.operatorId, state: text.slice(at + 1) };
    }
    const labels = this.#opened.snapshot.operators.map(({ label }) => label);
    throw new UsageError(`${option} ${text}: there is no such operator. Known: ${labels.join(', ')}.`);
  }

  /** `O/S`. @throws UsageError */
  state(option: string, text: string): { operator: string; state: string } {
    const { operator, state } = this.operatorAndState(option, text);
    if (state === undefined) throw new UsageError(`${option} ${text}: OPERATOR/STATE is needed.`);
    return { operator, state };
  }

  /** `O/S:REST`. @throws UsageError */
  async stateAndRest(option: string, text: string): Promise<{ operator: string; state: string; rest: string }> {
    const { operator, state: tail } = this.state(option, text);
    const found = this.#opened.snapshot.operators.find(({ metadata }) => metadata.operatorId === operator);
    const names = found === undefined ? [] : (await describeStates(found)).states.map(({ name }) => name);
    const [state] = names.filter((name) => tail.startsWith(`${name}:`)).sort((a, b) => b.length - a.length);
    if (state === undefined) throw new UsageError(`${option} ${text}: OPERATOR/STATE:... is needed. States: ${names.join(', ')}.`);
    return { operator, state, rest: tail.slice(state.length + 1) };
  }

  /** Null where it is none, or may be several. */
  #operator(name: string): SnapshotOperator | null {
    const { operators } = this.#opened.snapshot;
    const chosen = operatorsNamed(operators, name, ({ names }) => names);
    return chosen.length === 1 ? (chosen[0] ?? null) : null;
  }
}
