import { operatorIdOf } from '../../keys/operatorId.ts';
import { MAX_MAX_PARALLELISM } from '../../keys/keyGroup.ts';
import { operatorsNamed } from '../operatorsNamed.ts';
import type { Snapshot, SnapshotOperator } from '../snapshot.ts';
import { ClassRenames } from './classRenames.ts';
import { FIELD_EDITS, refuse, type EntryEdit, type FieldEdit, type RewritePlan, type SnapshotEdit } from './rewritePlan.ts';

/** An operator of one of the sources. */
export interface SourceOperator {
  /** Which of the sources. */
  readonly source: number;
  readonly operator: SnapshotOperator;
}

/** What edits a state's rows have to go through. */
export type StateEdit = Extract<SnapshotEdit, { edit: 'deleteWhere' | 'removeTimers' | 'shiftTimers' }> | EntryEdit | FieldEdit;

/** An operator of the new snapshot, and what it is made of. */
export interface TargetOperator {
  /** As people know it in the sources. */
  readonly label: string;
  readonly operatorId: string;
  readonly uid: string | null;
  readonly name: string | null;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly sources: readonly SourceOperator[];
  /** Whether a state is written, by its name. */
  readonly keeps: (state: string) => boolean;
  /** What has no name is written as well. */
  readonly keepsUnnamed: boolean;
  /** New names of states, by their names in the sources. */
  readonly renames: ReadonlyMap<string, string>;
  readonly edits: readonly StateEdit[];
  readonly classes: ClassRenames;
  readonly offsets: readonly Extract<SnapshotEdit, { edit: 'moveOffset' }>[];
  readonly topics: readonly Extract<SnapshotEdit, { edit: 'dropTopic' }>[];
}

export interface ResolvedPlan {
  readonly operators: readonly TargetOperator[];
  /** Labels of operators that are left out. */
  readonly dropped: readonly { readonly operatorId: string; readonly label: string }[];
  /** What the plan does not do although one could expect it, in words. */
  readonly notes: readonly string[];
}

type Uids = ReadonlyMap<string, string>;

/** Who is meant by what in a plan. @throws RewriteRefused where something named is not there, or does not fit together */
export function resolvePlan(sources: readonly Snapshot[], plan: RewritePlan, uids: Uids): ResolvedPlan {
  const byId = new Map<string, SourceOperator[]>();
  for (const [source, { operators }] of sources.entries()) {
    for (const operator of operators) {
      const { operatorId } = operator.metadata;
      byId.set(operatorId, [...(byId.get(operatorId) ?? []), { source, operator }]);
    }
  }
  const known = [...byId.values()];
  const editsOf = editsByOperator(plan.edits ?? [], (name) => idMeant(name, known, uids), [...byId.keys()]);
  const kept = plan.edits?.some(({ edit }) => edit === 'keep') === true;
  const operators: TargetOperator[] = [];
  const dropped: { operatorId: string; label: string }[] = [];
  for (const [operatorId, parts] of byId) {
    const own = editsOf.get(operatorId) ?? [];
    const label = labelOf(parts, uids);
    if (own.some(({ edit }) => edit === 'dropOperator') || (kept && !own.some(({ edit }) => edit === 'keep'))) {
      dropped.push({ operatorId, label });
      continue;
    }
    operators.push(targetOperator(operatorId, label, parts, own, uids));
  }
  const taken = new Map<string, string>();
  for (const { operatorId, label } of operators) {
    const other = taken.get(operatorId);
    if (other !== undefined) refuse(`${label} and ${other} would have the same operator id ${operatorId}: rename or drop one of them`);
    taken.set(operatorId, label);
  }
  return { operators, dropped, notes: notParallel(operators, plan.edits ?? []) };
}

/**
 * Flink gives operators that it never runs in parallel (windowAll, global aggregates of SQL) the max parallelism 1, whatever the job says, and
 * refuses another one.
 */
const NOT_PARALLEL = 1;

/** Which operators an edit of all leaves as they are. @throws RewriteRefused where it leaves all */
function notParallel(operators: readonly TargetOperator[], edits: readonly SnapshotEdit[]): string[] {
  const forAll = edits.find(
    (edit) => (edit.edit === 'maxParallelism' || edit.edit === 'parallelism') && edit.operator === undefined && edit.value !== NOT_PARALLEL,
  );
  if (forAll === undefined) return [];
  const left = operators.filter(({ maxParallelism }) => maxParallelism === NOT_PARALLEL);
  if (left.length > 0 && left.length === operators.length)
    refuse(
      'every operator has max parallelism 1, which Flink gives operators that it never runs in parallel: name the operator to change it',
    );
  return left.map(({ label }) => `${label} stays at max parallelism 1: Flink never runs it in parallel, and refuses another one`);
}

/** In the order of the plan. There may be hundreds of thousands of them, so each name is looked up once. */
function editsByOperator(
  edits: readonly SnapshotEdit[],
  idOf: (name: string) => string,
  ids: readonly string[],
): Map<string, SnapshotEdit[]> {
  const known = new Map<string, string>();
  const byId = new Map(ids.map((id): [string, SnapshotEdit[]] => [id, []]));
  for (const edit of edits) {
    if (edit.operator === undefined) {
      for (const own of byId.values()) own.push(edit);
      continue;
    }
    const id = known.get(edit.operator) ?? idOf(edit.operator);
    known.set(edit.operator, id);
    byId.get(id)?.push(edit);
  }
  return byId;
}

const OPERATOR_ID = /^[0-9a-f]{32}$/;

function targetOperator(
  operatorId: string,
  label: string,
  parts: readonly SourceOperator[],
  edits: readonly SnapshotEdit[],
  uids: Uids,
): TargetOperator {
  const first = parts[0]?.operator.metadata ?? refuse(`${label} is in no source`);
  const last = <E extends SnapshotEdit['edit']>(name: E): Extract<SnapshotEdit, { edit: E }> | undefined =>
    edits.filter((edit): edit is Extract<SnapshotEdit, { edit: E }> => edit.edit === name).at(-1);
  const uid = last('renameUid')?.uid;
  const isId = uid !== undefined && OPERATOR_ID.test(uid);
  if (uid === '') refuse(`${label}: an empty uid is none`);
  const scaled = (name: 'parallelism' | 'maxParallelism'): number | undefined =>
    edits
      .flatMap((edit) => (edit.edit === 'parallelism' || edit.edit === 'maxParallelism' ? [edit] : []))
      .filter(({ edit, operator }) => edit === name && (operator !== undefined || first.maxParallelism !== NOT_PARALLEL))
      .at(-1)?.value;
  const parallelism = scaled('parallelism') ?? first.parallelism;
  const maxParallelism = scaled('maxParallelism') ?? first.maxParallelism;
  checkParallelism(label, parallelism, maxParallelism);
  for (const { operator } of parts) {
    if (operator.metadata.maxParallelism !== maxParallelism && scaled('maxParallelism') === undefined)
      refuse(
        `${label} has max parallelism ${String(first.maxParallelism)} in one source and ${String(operator.metadata.maxParallelism)} in another: say which it shall have`,
      );
  }
  return {
    label,
    operatorId: uid === undefined ? operatorId : isId ? uid : operatorIdOf(uid),
    uid:
      uid === undefined
        ? (uids.get(operatorId) ?? parts.map(({ operator }) => operator.uid).find((each) => each !== null) ?? null)
        : isId
          ? null
          : uid,
    name: first.name,
    parallelism,
    maxParallelism,
    sources: parts,
    keeps: keeperOf(edits),
    keepsUnnamed: !edits.some((edit) => edit.edit === 'keep' && edit.state !== undefined),
    renames: new Map(edits.flatMap((edit) => (edit.edit === 'renameState' ? [[edit.state, edit.to]] : []))),
    edits: edits.filter((edit): edit is StateEdit => STATE_EDITS.has(edit.edit)),
    classes: new ClassRenames(edits.filter((edit) => edit.edit === 'renameClass')),
    offsets: edits.filter((edit) => edit.edit === 'moveOffset'),
    topics: edits.filter((edit) => edit.edit === 'dropTopic'),
  };
}

const STATE_EDITS: ReadonlySet<SnapshotEdit['edit']> = new Set([
  'deleteWhere',
  'removeTimers',
  'shiftTimers',
  'set',
  'delete',
  ...FIELD_EDITS,
]);

function keeperOf(edits: readonly SnapshotEdit[]): (state: string) => boolean {
  const dropped = new Set(edits.flatMap((edit) => (edit.edit === 'dropState' ? [edit.state] : [])));
  const keeps = edits.flatMap((edit) => (edit.edit === 'keep' ? [edit.state] : []));
  const only = keeps.length > 0 && !keeps.includes(undefined) ? new Set(keeps) : null;
  return (state) => !dropped.has(state) && (only === null || only.has(state));
}

function checkParallelism(label: string, parallelism: number, maxParallelism: number): void {
  const fits = (value: number): boolean => Number.isInteger(value) && value >= 1 && value <= MAX_MAX_PARALLELISM;
  // An operator that has finished may have none.
  if (!fits(maxParallelism) || (parallelism !== 0 && !fits(parallelism)))
    refuse(`${label}: parallelism and max parallelism go from 1 to ${String(MAX_MAX_PARALLELISM)}`);
  if (parallelism > maxParallelism)
    refuse(`${label} has parallelism ${String(parallelism)}, which max parallelism ${String(maxParallelism)} does not allow`);
}

function labelOf(parts: readonly SourceOperator[], uids: Uids): string {
  const operator = parts[0]?.operator;
  return operator === undefined ? '?' : (uids.get(operator.metadata.operatorId) ?? operator.label);
}

/** The operator's id. @throws RewriteRefused */
function idMeant(name: string, known: readonly (readonly SourceOperator[])[], uids: Uids): string {
  const named = operatorsNamed(known.flat(), name, ({ operator: { names } }) => ({ ...names, uid: uids.get(names.id) ?? names.uid }));
  const [id, ...others] = new Set(named.map(({ operator }) => operator.metadata.operatorId));
  if (id === undefined)
    return refuse(`there is no operator ${JSON.stringify(name)}; there are ${known.map((parts) => labelOf(parts, uids)).join(', ')}`);
  if (others.length > 0) refuse(`${JSON.stringify(name)} may be any of the operators ${[id, ...others].join(', ')}: use an id`);
  return id;
}
