import { operatorIdOf } from '../../keys/operatorId.ts';
import type { StoredSubtask } from '../rewrite/operatorRewrite.ts';
import type { Count, KeyedRedacting, Redacting } from '../rewrite/redacting.ts';
import { refuse, type SnapshotEdit } from '../rewrite/rewritePlan.ts';
import type { Snapshot } from '../snapshot.ts';
import type { FlinkMajor } from '../values/flinkMajor.ts';
import { FormRedaction, type Absence, type Change, type FieldRedaction } from './formRedaction.ts';
import type { Form } from '../forms/form.ts';
import { identityOf, KeyedRedaction, type StateChange } from './keyedRedaction.ts';
import type { SaltedHash } from './leafTreatments.ts';
import { redactedState, type OperatorStateChange } from './operatorStateRedaction.ts';
import { JOB, redactableOperators, type RedactableOperator, type RedactableState } from './redactableStates.ts';
import type { RedactionRule, RedactionRules } from './redactionRules.ts';

export interface RedactionOptions {
  /** Of operators whose metadata has none, by operator id. */
  readonly uids?: ReadonlyMap<string, string>;
  readonly salted: SaltedHash;
}

/** What happens to a state, and to the parts of its entries. */
export interface RedactedState {
  readonly name: string;
  readonly group: RedactableState['group'];
  /** `kept` goes as it is, byte for byte, and its values are not counted one by one. */
  readonly outcome: 'kept' | 'redacted' | 'dropped';
  readonly fields: readonly FieldRedaction[];
}

export interface RedactedOperator {
  readonly operatorId: string;
  readonly label: string;
  readonly dropped: boolean;
  /** Of its keys. */
  readonly keys: readonly FieldRedaction[];
  readonly keysRedacted: boolean;
  readonly states: readonly RedactedState[];
}

/** So many reasons are told at once. */
const REASONS_MAX = 40;

/**
 * Finds out what the rules do with everything that a snapshot has, before anything is written.
 * @throws RewriteRefused with all that is in the way: what no rule may do, what nobody can read and no rule decides, rules that nothing fits
 */
export async function prepareRedaction(snapshot: Snapshot, rules: RedactionRules, options: RedactionOptions): Promise<Redaction> {
  const redaction = new Redaction(rules, options.salted);
  for (const operator of await redactableOperators(snapshot, options.uids ?? new Map())) redaction.add(operator);
  redaction.finish();
  return redaction;
}

/** What rules do with one snapshot. It is used up by one rewriting: `edits` belong into its plan, itself into its options. */
export class Redaction implements Redacting {
  readonly counts: Count[] = [];
  readonly edits: SnapshotEdit[] = [];
  readonly operators: RedactedOperator[] = [];
  readonly #rules: RedactionRules;
  readonly #salted: SaltedHash;
  readonly #problems: string[] = [];
  readonly #used = new Set<number>();
  readonly #keyed = new Map<string, KeyedRedaction>();
  /** By operator id and name. */
  readonly #operatorStates = new Map<string, OperatorStateChange & { readonly place: string }>();
  /** Operator ids with the names of what is left out, of what no edit of a plan names. */
  readonly #without = new Set<string>();
  #isReady = false;

  constructor(rules: RedactionRules, salted: SaltedHash) {
    this.#rules = rules;
    this.#salted = salted;
  }

  add(operator: RedactableOperator): void {
    const { operatorId, label } = operator;
    const changes = new Map<string, StateChange>();
    const states = operator.states.map((state) => this.#state(operator, state, changes));
    const dropped = states.length > 0 && states.every(({ outcome }) => outcome === 'dropped');
    if (dropped && operatorId !== JOB) this.edits.push({ edit: 'dropOperator', operator: operatorId });
    const hasKeys = states.some(({ group, outcome }) => outcome !== 'dropped' && (group === 'keyed' || group === 'timers'));
    let keys: readonly FieldRedaction[] = [];
    let keysRedacted = false;
    if (operator.key !== null && hasKeys) {
      const redaction = this.#formRedaction(operator, null, `${label}, its keys`);
      const key = redaction.compile(operator.key, ['key'], { never: 'entries have no place without their key' });
      keys = redaction.fields;
      keysRedacted = key.touches;
      if (key.touches || changes.size > 0) this.#keyed.set(operatorId, new KeyedRedaction(label, key, changes));
    }
    this.operators.push({ operatorId, label, dropped, keys, keysRedacted, states });
  }

  /** @throws RewriteRefused */
  finish(): void {
    for (const { number, optional, state } of this.#rules.rules) {
      if (optional || this.#used.has(number)) continue;
      const hint = state === null ? '' : '; keys belong to all states of an operator, so rules for them name none';
      this.#problems.push(
        `rule ${String(number)} fits nothing in the snapshot, or rules before it leave it nothing: mend it, or say "optional": true${hint}`,
      );
    }
    const problems = [...new Set(this.#problems)];
    this.#isReady = true;
    if (problems.length === 0) return;
    const more = problems.length - REASONS_MAX;
    refuse([...problems.slice(0, REASONS_MAX), ...(more > 0 ? [`and ${String(more)} more`] : [])].join('\n'));
  }

  keyed(operatorId: string): KeyedRedacting | null {
    return this.#keyed.get(operatorId) ?? null;
  }

  operatorState(operatorId: string, subtask: StoredSubtask, flink: FlinkMajor): StoredSubtask {
    const managed = subtask.managed.map((state) => {
      const change = this.#operatorStates.get(`${operatorId} ${state.meta.name}`);
      return change === undefined ? state : redactedState(state, change, flink, change.place);
    });
    return { ...subtask, managed };
  }

  keepsCoordinator(operatorId: string): boolean {
    return !this.#without.has(`${operatorId} coordinator`);
  }

  keepsRawKeyed(operatorId: string): boolean {
    return !this.#without.has(`${operatorId} raw keyed`);
  }

  keepsMasterState(name: string): boolean {
    return !this.#without.has(`${JOB} ${name}`);
  }

  #state(operator: RedactableOperator, state: RedactableState, keyedChanges: Map<string, StateChange>): RedactedState {
    const { name, group, forms, meta } = state;
    const place = `${operator.label}, ${group === 'timers' ? 'timers' : 'state'} ${name}`;
    const before = this.#problems.length;
    const redaction = this.#formRedaction(operator, state, place);
    const change = (root: 'key' | 'namespace' | 'value', absence: Absence): Change | null => {
      const form: Form | undefined = forms.get(root);
      return form === undefined ? null : redaction.compile(form, [root], absence);
    };
    // Timers have no values: where they are dropped, their namespaces are.
    const value = group === 'timers' ? change('namespace', 'gone') : change('value', 'gone');
    const isNamed = redaction.fields.some(({ rule }) => rule !== null);
    if (value !== null && (value.gone || (this.#rules.default.action === 'drop' && !isNamed && isDroppedUnnamed(group)))) {
      this.#problems.length = before;
      this.#drop(operator.operatorId, state);
      return { name, group, outcome: 'dropped', fields: redaction.fields.filter(({ action }) => action === 'drop') };
    }
    const never = { never: 'entries have no place without it' };
    const key = change('key', never);
    const namespace = group === 'timers' ? value : change('namespace', never);
    const touches = [key, namespace, value].some((each) => each?.touches === true);
    if (touches && meta !== null && (group === 'keyed' || group === 'timers'))
      keyedChanges.set(identityOf(meta), {
        namespace: namespace?.touches === true ? namespace : null,
        value: group === 'timers' ? null : value,
      });
    if (touches && value !== null && (group === 'list' || group === 'broadcast'))
      this.#operatorStates.set(`${operator.operatorId} ${name}`, { key, value, place });
    return { name, group, outcome: touches ? 'redacted' : 'kept', fields: redaction.fields };
  }

  #drop(operatorId: string, { name, group }: RedactableState): void {
    if (group === 'coordinator' || group === 'raw keyed') this.#without.add(`${operatorId} ${group}`);
    else if (operatorId === JOB) this.#without.add(`${JOB} ${name}`);
    else this.edits.push({ edit: 'dropState', operator: operatorId, state: name });
  }

  /** Keys belong to an operator as a whole: rules for them name no state. */
  #formRedaction(operator: RedactableOperator, state: RedactableState | null, place: string): FormRedaction {
    const rules = this.#rules.rules.filter((rule) => isFor(rule, operator, state));
    const { counts } = this;
    const refused = (problem: string): void => {
      if (this.#isReady) refuse(problem);
      this.#problems.push(problem);
    };
    return new FormRedaction(this.#rules, { rules, place, salted: this.#salted, refused, used: this.#used, counts });
  }
}

/** Timers have nothing but their keys. */
function isDroppedUnnamed(group: RedactableState['group']): boolean {
  return group !== 'timers';
}

const ID_PART_MIN = 4;

function isFor(rule: RedactionRule, { names, operatorId }: RedactableOperator, state: RedactableState | null): boolean {
  const { operator } = rule;
  const isId =
    operator !== null && ((operator.length >= ID_PART_MIN && operatorId.startsWith(operator)) || operatorIdOf(operator) === operatorId);
  if (operator !== null && !isId && !names.some((name) => isCalled(name, operator))) return false;
  if (rule.state === null) return state !== null || rule.field !== null || rule.type !== null || rule.treatment.action !== 'drop';
  return state !== null && isCalled(state.name, rule.state);
}

/** Stars stand for anything. */
function isCalled(name: string, pattern: string): boolean {
  if (!pattern.includes('*')) return name === pattern;
  const expression = pattern
    .split('*')
    .map((piece) => piece.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'))
    .join('.*');
  return new RegExp(`^${expression}$`, 's').test(name);
}
