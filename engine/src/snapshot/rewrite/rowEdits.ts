import { compileExpression, type CompiledExpression } from '../analysis/expression.ts';
import { RowProjection } from '../analysis/rowProjection.ts';
import type { KeyedRow } from '../keyed/keyedRows.ts';
import type { KeyedState } from '../keyed/keyedState.ts';
import type { StateMetaInfo } from '../stateMetaInfo.ts';
import { EntryEdits } from './entryEdits.ts';
import { FieldChange } from './fieldEdits.ts';
import { RowHasher, type KeyHash } from './keyGroupOfRow.ts';
import type { KeyedPart } from './keyedRewrite.ts';
import type { Migrating, StateMigration } from './migrating.ts';
import type { KeyedRedacting, PartRedacting } from './redacting.ts';
import { isFieldEdit, refuse, type EntryEdit, type RewritePlan } from './rewritePlan.ts';
import type { StateReport } from './rewriteReport.ts';
import type { RowInHand } from './rowInHand.ts';
import type { StateEdit, TargetOperator } from './targetOperators.ts';

/** What happens to a row; false leaves it out. */
type Step = (row: KeyedRow, hand: RowInHand, report: StateReport) => boolean;

const NO_STEPS: readonly Step[] = [];

/** Everything that a plan does to the rows of one operator. */
export class RowEdits {
  readonly #target: TargetOperator;
  readonly #keys: RewritePlan['keys'];
  readonly #keysExpression: CompiledExpression | null;
  readonly #keyHash: KeyHash | null;
  readonly #steps = new Map<KeyedState, readonly (readonly Step[])[]>();
  /** Entries that are set, by state. */
  readonly #entries = new Map<string, { readonly edits: EntryEdits; readonly keyed: KeyedState; readonly state: number }>();
  readonly #fields = new Map<string, FieldChange>();
  readonly #migrating: Migrating | null;
  /** How the states that are migrated are declared. */
  readonly #migrated = new Map<string, StateMetaInfo>();
  readonly #hasSteps: boolean;
  readonly #redacting: KeyedRedacting | null;
  readonly #redactions = new Map<KeyedState, PartRedacting>();

  /** @throws RewriteRefused where an edit does not fit the states, ExpressionError */
  constructor(
    target: TargetOperator,
    parts: readonly KeyedPart[],
    plan: RewritePlan,
    keyHash: KeyHash | null,
    redacting: KeyedRedacting | null,
    migrating: Migrating | null,
  ) {
    this.#target = target;
    this.#migrating = migrating;
    this.#redacting = redacting;
    this.#keys = plan.keys;
    this.#keyHash = keyHash;
    this.#keysExpression = plan.keys === undefined ? null : keysExpression(plan.keys.where);
    checkStates(target, parts);
    for (const part of parts) {
      if (redacting !== null) this.#redactions.set(part.keyed, redacting.part(part.keyed));
      const steps = part.keyed.states.map((meta, state) => this.#stepsOf(part, meta, state));
      this.#steps.set(part.keyed, steps);
    }
    this.#hasSteps = [...this.#steps.values()].some((states) => states.some((steps) => steps.length > 0));
  }

  /** Rows stay as they are, all of them. */
  get isNone(): boolean {
    return !this.#hasSteps;
  }

  /** Some key groups may get entries that no row had. */
  get adds(): boolean {
    return this.#entries.size > 0;
  }

  /** How a state is declared in what is written. */
  metaOf(state: StateMetaInfo): StateMetaInfo {
    const identity = identityOf(state);
    return this.#fields.get(identity)?.meta ?? this.#migrated.get(identity) ?? state;
  }

  apply(keyed: KeyedState, row: KeyedRow, hand: RowInHand, report: StateReport): boolean {
    if (!this.#hasSteps) return true;
    for (const step of this.#steps.get(keyed)?.[row.state] ?? NO_STEPS) if (!step(row, hand, report)) return false;
    return true;
  }

  /** Keys become others, which belong to other key groups. */
  get movesKeys(): boolean {
    return this.#redacting?.movesKeys === true;
  }

  /** All rows of some key groups come next. */
  begin(): void {
    this.#redacting?.begin();
  }

  /** The rows of one key group of one part come next, or of one of its states. */
  beginKeyGroup(): void {
    this.#redacting?.beginKeyGroup();
  }

  /** Of the key that a row will have. @throws RewriteRefused where only the job's own code knows it */
  hashOf(keyed: KeyedState, row: KeyedRow, hasher: RowHasher): number {
    const hash = hasher.hashOf(row);
    return this.movesKeys ? (this.#redactions.get(keyed)?.hashOf(row, hasher) ?? hash) : hash;
  }

  /** Shows the entries of a key group that are new, until `emit` says false. */
  additionsOf(keyGroup: number, hand: RowInHand, emit: (hand: RowInHand, keyed: KeyedState, state: number) => boolean): boolean {
    for (const { edits, keyed, state } of this.#entries.values()) {
      for (const { key, value } of edits.additionsOf(keyGroup)) {
        hand.setKey(key);
        hand.setValue(value);
        if (!emit(hand, keyed, state)) return false;
      }
    }
    return true;
  }

  #stepsOf(part: KeyedPart, meta: StateMetaInfo, state: number): readonly Step[] {
    const { keyed } = part;
    const steps: Step[] = [];
    if (!this.#target.keeps(meta.name)) return steps;
    const isTimer = meta.kind === 'PRIORITY_QUEUE';
    if (this.#keysExpression !== null) steps.push(matching(keyed, this.#keysExpression, this.#keys?.matching ?? true));
    const own = this.#target.edits.filter((edit) => edit.state === undefined || edit.state === meta.name);
    for (const edit of own) {
      if (edit.edit === 'deleteWhere') steps.push(matching(keyed, compileExpression(edit.where), false));
      if (edit.edit === 'removeTimers' && isTimer) steps.push(() => false);
    }
    const entries = this.#entriesOf(own, part, meta, state);
    if (entries !== null) steps.push((row, hand, report) => entries.apply(keyed, row, hand, report));
    for (const edit of own) if (edit.edit === 'shiftTimers' && isTimer) steps.push(shifting(edit.millis));
    const change = this.#fieldsOf(own, keyed, meta);
    if (change !== null) steps.push((row, hand, report) => change.apply(row, hand, report));
    const migration = this.#migrationOf(own, keyed, meta);
    if (migration !== null)
      steps.push((row, hand, report) => {
        if (row.opaque) refuse(`${this.#target.label}, state ${meta.name}: a value that cannot be read cannot be migrated`);
        migration.apply(row.keyGroup, hand, report);
        return true;
      });
    const redaction = this.#redactions.get(keyed);
    if (redaction !== undefined)
      steps.push((row, hand, report) => {
        redaction.apply(row, hand, report);
        return true;
      });
    return steps;
  }

  #entriesOf(own: readonly StateEdit[], { keyed, maxParallelism }: KeyedPart, meta: StateMetaInfo, state: number): EntryEdits | null {
    const edits = own.filter((edit): edit is EntryEdit => edit.edit === 'set' || edit.edit === 'delete');
    if (edits.length === 0) return null;
    const known = this.#entries.get(identityOf(meta));
    if (known !== undefined) return known.edits;
    if (own.some((edit) => isFieldEdit(edit)))
      refuse(`${this.#target.label}, state ${meta.name}: set entries in one rewriting, and change fields in another`);
    const { label } = this.#target;
    const hasher = new RowHasher(keyed, maxParallelism, label, this.#keyHash);
    const made = new EntryEdits(edits, keyed, state, hasher, this.#target.maxParallelism, label);
    this.#entries.set(identityOf(meta), { edits: made, keyed, state });
    return made;
  }

  #migrationOf(own: readonly StateEdit[], keyed: KeyedState, meta: StateMetaInfo): StateMigration | null {
    const migration = this.#migrating?.keyed(this.#target.operatorId, keyed, meta) ?? null;
    if (migration === null) return null;
    if (own.some((edit) => isFieldEdit(edit) || edit.edit === 'set'))
      refuse(`${this.#target.label}, state ${meta.name}: migrate it in one rewriting, and change its fields or set entries in another`);
    this.#migrated.set(identityOf(meta), migration.meta);
    return migration;
  }

  #fieldsOf(own: readonly StateEdit[], keyed: KeyedState, meta: StateMetaInfo): FieldChange | null {
    const edits = own.filter(isFieldEdit);
    if (edits.length === 0) return null;
    const known = this.#fields.get(identityOf(meta));
    if (known !== undefined) return known;
    const change = new FieldChange(edits, meta, keyed, `${this.#target.label}, state ${meta.name}`);
    this.#fields.set(identityOf(meta), change);
    return change;
  }
}

function identityOf(state: StateMetaInfo): string {
  return `${state.kind === 'PRIORITY_QUEUE' ? 'timers' : 'keyed'} ${state.name}`;
}

/** Edits of states that are not there are mistakes, and so are two states of one name. */
function checkStates({ label, edits, renames, keeps, sources }: TargetOperator, parts: readonly KeyedPart[]): void {
  const ofOperator = sources.flatMap(({ operator }) =>
    operator.metadata.subtasks.flatMap(({ managedOperatorState }) => managedOperatorState?.partitions.map(({ name }) => name) ?? []),
  );
  const names = new Set([...parts.flatMap(({ keyed }) => keyed.states.map(({ name }) => name)), ...ofOperator]);
  for (const state of [...edits.map((edit) => edit.state), ...renames.keys()]) {
    if (state !== undefined && !names.has(state))
      refuse(`${label} has no state ${JSON.stringify(state)}; it has ${[...names].join(', ') || 'none'}`);
  }
  const kept = [...names].filter(keeps).map((name) => renames.get(name) ?? name);
  const twice = kept.find((name, i) => kept.indexOf(name) !== i);
  if (twice !== undefined) refuse(`${label} would have two states with the name ${JSON.stringify(twice)}: drop or rename one of them`);
}

/** Lets pass what the expression says, or what it does not. */
function matching(keyed: KeyedState, expression: CompiledExpression, wanted: boolean): Step {
  const projection = new RowProjection(keyed, 0, expression.paths);
  return (row) => {
    projection.read(row);
    return (expression.evaluate(projection.slots) === true) === wanted;
  };
}

/** @throws RewriteRefused, ExpressionError */
export function keysExpression(where: string): CompiledExpression {
  const expression = compileExpression(where);
  if (expression.paths.some(({ root }) => root !== 'key'))
    refuse(`${where}: only key may be named, so that everything that belongs to a key stays together`);
  return expression;
}

const TIMESTAMP_SIZE = 8;
const SIGN = -(2n ** 63n);
const LONG_MAX = 2n ** 63n - 1n;

/** Timers at the end of time stay there: that is how windows that never end keep theirs. */
function shifting(millis: number): Step {
  const by = BigInt(Math.trunc(millis));
  return (_row, hand, report) => {
    const bytes = hand.key.slice(hand.keyStart, hand.keyEnd);
    const view = new DataView(bytes.buffer, bytes.byteOffset, TIMESTAMP_SIZE);
    const time = view.getBigInt64(0) ^ SIGN;
    if (time === LONG_MAX) return true;
    const shifted = time + by;
    view.setBigInt64(0, (shifted > LONG_MAX ? LONG_MAX : shifted < SIGN ? SIGN : shifted) ^ SIGN);
    hand.setKey(bytes);
    if (by !== 0n) report.changed++;
    return true;
  };
}
