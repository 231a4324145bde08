import { ExpressionError } from '../analysis/expressionSyntax.ts';
import { operatorStateSize } from '../metadata/handleSizes.ts';
import type { Snapshot, SnapshotOperator } from '../snapshot.ts';
import { DroppedTopics } from './droppedTopics.ts';
import { ElementEdits } from './elementEdits.ts';
import type { KeyHash } from './keyGroupOfRow.ts';
import type { KeyedPart } from './keyedRewrite.ts';
import { OperatorFieldEdits } from './operatorFieldEdits.ts';
import { readOperatorStates, type StoredSubtask } from './operatorRewrite.ts';
import { RewriteRefused, type RewritePlan, type SnapshotEdit } from './rewritePlan.ts';
import { keysExpression, RowEdits } from './rowEdits.ts';
import { moveOffsets } from './sourceOffsets.ts';
import { resolvePlan, type TargetOperator } from './targetOperators.ts';

/** What is wrong with a plan, and where in it. */
export interface PlanRefusal {
  /** As of JSON: `['edits', 2, 'field']`. Empty where the plan as a whole is refused. */
  readonly path: readonly (string | number)[];
  /** As the rewriting would say it. */
  readonly reason: string;
}

export interface CheckEditsOptions {
  /** Of operators whose metadata has none, by operator id. */
  readonly uids?: ReadonlyMap<string, string>;
  readonly keyHash?: KeyHash;
}

/** More mistakes than these nobody reads at once. */
const REFUSALS_MAX = 50;
/** Operator state is small by nature. Where it is not, edits of its elements are looked at when they are done. */
const OPERATOR_STATE_MAX = 8 << 20;

/** What says which operators and states there are: it is settled first, in the order in which a rewriting heeds it. */
const STRUCTURE: readonly SnapshotEdit['edit'][] = [
  'dropOperator',
  'keep',
  'dropState',
  'maxParallelism',
  'parallelism',
  'renameUid',
  'renameClass',
];

/** What is most likely wrong with an edit, where its reason names nothing of it. */
const PARTS: { readonly [E in SnapshotEdit['edit']]?: string } = {
  renameUid: 'uid',
  renameState: 'to',
  maxParallelism: 'value',
  parallelism: 'value',
  moveOffset: 'offset',
  dropTopic: 'topic',
  renameField: 'field',
  dropField: 'field',
  addField: 'field',
  fillField: 'field',
  promoteField: 'field',
  orderFields: 'fields',
  renameClass: 'from',
  addTtl: 'state',
  dropTtl: 'state',
};

interface PlacedEdit {
  readonly place: number;
  readonly edit: SnapshotEdit;
}

/**
 * What a rewriting would refuse of a plan, edit by edit, as far as metadata, headers and operator state tell: no keyed entry is read. An edit
 * is wrong where the right ones before it leave no room for it. @throws FormatError, UnreadableValue
 */
export async function checkEdits(
  sources: readonly Snapshot[],
  plan: RewritePlan,
  options: CheckEditsOptions = {},
): Promise<readonly PlanRefusal[]> {
  return new EditCheck(sources, plan, options).refusals();
}

class EditCheck {
  readonly #sources: readonly Snapshot[];
  readonly #plan: RewritePlan;
  readonly #options: CheckEditsOptions;
  readonly #refusals: PlanRefusal[] = [];
  readonly #operatorStates = new Map<SnapshotOperator, Promise<readonly StoredSubtask[] | null>>();

  constructor(sources: readonly Snapshot[], { keys, ...plan }: RewritePlan, options: CheckEditsOptions) {
    this.#sources = sources;
    this.#plan = plan;
    this.#options = options;
    if (keys === undefined) return;
    const reason = reasonOf(() => void keysExpression(keys.where));
    if (reason !== null) this.#refusals.push({ path: ['keys', 'where'], reason });
  }

  async refusals(): Promise<readonly PlanRefusal[]> {
    const edits = (this.#plan.edits ?? []).map((edit, place): PlacedEdit => ({ place, edit }));
    const structure = await this.#structure(edits.filter(({ edit }) => STRUCTURE.includes(edit.edit)));
    if (structure === null) return this.#refusals;
    const byName = new Map<string | undefined, PlacedEdit[]>();
    for (const each of edits) {
      if (STRUCTURE.includes(each.edit.edit)) continue;
      const known = byName.get(each.edit.operator);
      if (known === undefined) byName.set(each.edit.operator, [each]);
      else known.push(each);
    }
    const byOperator = new Map<string, PlacedEdit[]>();
    for (const own of byName.values()) {
      const reason = reasonOf(() => {
        const meant = this.#targets([...structure, ...own]).find(
          (target) => target.edits.length + target.offsets.length + target.topics.length + target.renames.size > 0,
        );
        // Of an operator that is left out nothing is changed.
        if (meant !== undefined) byOperator.set(meant.operatorId, [...(byOperator.get(meant.operatorId) ?? []), ...own]);
      });
      if (reason !== null) for (const each of own) this.#refuse(each, reason);
    }
    for (const [id, named] of byOperator) {
      const own = named.toSorted((one, other) => one.place - other.place);
      await this.#accept([], own, async (tried) => {
        const target = this.#targets([...structure, ...tried]).find(({ operatorId }) => operatorId === id);
        if (target !== undefined) await this.#try(target);
      });
    }
    return this.#refusals;
  }

  /** Those that are right; null where the plan is refused whatever its edits are. */
  async #structure(edits: readonly PlacedEdit[]): Promise<readonly PlacedEdit[] | null> {
    const reason = reasonOf(() => void this.#targets(edits));
    if (reason === null) return edits;
    if (reasonOf(() => void this.#targets([])) !== null) {
      this.#refusals.push({ path: [], reason });
      return null;
    }
    let accepted: readonly PlacedEdit[] = [];
    for (const kind of STRUCTURE) {
      const own = edits.filter(({ edit }) => edit.edit === kind);
      accepted = await this.#accept(accepted, own, (tried) => void this.#targets(tried));
    }
    return accepted;
  }

  /** What was accepted before, and of the candidates those that are right. Candidates without mistakes are tried but once, together. */
  async #accept(
    accepted: readonly PlacedEdit[],
    candidates: readonly PlacedEdit[],
    attempt: (tried: readonly PlacedEdit[]) => void | Promise<void>,
  ): Promise<readonly PlacedEdit[]> {
    const [first, ...more] = candidates;
    if (first === undefined || this.#refusals.length >= REFUSALS_MAX) return accepted;
    const tried = [...accepted, ...candidates];
    const reason = await reasonOfLater(() => attempt(tried));
    if (reason === null) return tried;
    if (more.length === 0) {
      this.#refuse(first, reason);
      return accepted;
    }
    const half = candidates.length >> 1;
    return this.#accept(await this.#accept(accepted, candidates.slice(0, half), attempt), candidates.slice(half), attempt);
  }

  #refuse({ place, edit }: PlacedEdit, reason: string): void {
    this.#refusals.push({ path: ['edits', place, partNamed(edit, reason)], reason });
  }

  #targets(edits: readonly PlacedEdit[]): readonly TargetOperator[] {
    const plan = { ...this.#plan, edits: edits.map(({ edit }) => edit) };
    return resolvePlan(this.#sources, plan, this.#options.uids ?? new Map()).operators;
  }

  /** All that a rewriting makes of an operator's edits before it reads a row. */
  async #try(target: TargetOperator): Promise<void> {
    const parts: KeyedPart[] = [];
    for (const { source, operator } of target.sources) {
      const { maxParallelism } = operator.metadata;
      for (const subtask of operator.subtasks)
        for (const keyed of await subtask.keyedStates()) parts.push({ keyed, source, maxParallelism });
    }
    new RowEdits(target, parts, this.#plan, this.#options.keyHash ?? null, null, null);
    const keyed = new Set(parts.flatMap((part) => part.keyed.states.map(({ name }) => name)));
    const elements = new ElementEdits(target, keyed);
    const fields = new OperatorFieldEdits(target, keyed);
    if (target.offsets.length + target.topics.length === 0 && target.edits.every(({ state }) => state === undefined || keyed.has(state)))
      return;
    const written: StoredSubtask[] = [];
    for (const { source, operator } of target.sources) {
      const stored = await this.#operatorStatesOf(operator);
      if (stored === null) return;
      const flink = this.#sources[source]?.flink ?? 1;
      for (const [i, { metadata }] of operator.subtasks.entries())
        written.push(fields.apply(elements.apply(metadata.index, stored[i] ?? NO_STATE, flink, new Map()), flink, new Map()));
    }
    elements.checkMet(target.keeps);
    const dropped = new DroppedTopics(target);
    moveOffsets(dropped.readers(written, null), target, null);
    for (const { operator } of target.sources) dropped.enumerator(await operator.coordinatorState());
    dropped.checkMet();
  }

  /** Null where there is too much of it to be read for a check. */
  #operatorStatesOf(operator: SnapshotOperator): Promise<readonly StoredSubtask[] | null> {
    const known = this.#operatorStates.get(operator) ?? readSmall(operator);
    this.#operatorStates.set(operator, known);
    return known;
  }
}

const NO_STATE: StoredSubtask = { managed: [], raw: [] };

async function readSmall({ subtasks }: SnapshotOperator): Promise<readonly StoredSubtask[] | null> {
  const size = subtasks.reduce((sum, { metadata }) => sum + operatorStateSize(metadata.managedOperatorState), 0);
  return size > OPERATOR_STATE_MAX ? null : Promise.all(subtasks.map((subtask) => readOperatorStates(subtask, () => true)));
}

/** The part of an edit that its reason is about. */
function partNamed(edit: SnapshotEdit, reason: string): string {
  if (edit.edit === 'deleteWhere') return 'where';
  if (edit.edit === 'set' || edit.edit === 'delete') {
    const [, part] = /does not fit its type: (key|namespace|userKey|timestamp|value)\b/.exec(reason) ?? [];
    if (part !== undefined) return part;
    return reason.includes('does not fit its type')
      ? 'value'
      : edit.index !== undefined && reason.includes('no element')
        ? 'index'
        : 'edit';
  }
  if ((edit.edit === 'addField' || edit.edit === 'fillField') && reason.includes('does not fit its type')) return 'value';
  const named = Object.entries(edit).find(
    ([name, value]) => !['edit', 'operator', 'state'].includes(name) && reason.includes(JSON.stringify(value)),
  );
  return named?.[0] ?? PARTS[edit.edit] ?? 'edit';
}

/** Why it is refused; null where it is not. */
function reasonOf(work: () => void): string | null {
  try {
    work();
    return null;
  } catch (error) {
    return refusalOf(error);
  }
}

async function reasonOfLater(work: () => void | Promise<void>): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (error) {
    return refusalOf(error);
  }
}

function refusalOf(error: unknown): string {
  if (error instanceof RewriteRefused || error instanceof ExpressionError) return error.message;
  throw error;
}
