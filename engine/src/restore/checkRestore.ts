import { keyedStateSchemaOf } from '../operators/keyedOperators.ts';
import type { Plan, PlanOperator } from '../plan/plan.ts';
import type { OperatorMetadata } from '../snapshot/metadata/snapshotMetadata.ts';
import type { StateMetaInfo } from '../snapshot/stateMetaInfo.ts';
import type { KeyedStateSchema } from '../state/operatorSnapshot.ts';
import { serializerName } from '../types/dataType.ts';
import { stateTypeName } from './keyedMetaInfo.ts';
import { nearest } from '../plan/nearest.ts';
import { uidOf, type OpenedSnapshot } from './openSnapshot.ts';
import { operatorStateTypeName, operatorStatesOf, type OperatorStateDeclaration } from './operatorStates.ts';
import type { FindingCode, RestoreFinding, RestoreReport } from './restoreReport.ts';
import { matchState, storedTypeName, unchanged } from './stateReader.ts';
import { openKeyedStates, type StoredKeyedState } from './storedKeyedState.ts';
import { openOperatorStates, type StoredOperatorState } from './storedOperatorState.ts';

const ALLOW = '--allow-non-restored-state';

export interface CheckOptions {
  /** State that nothing in the plan takes is dropped with a warning, instead of being an error. */
  readonly allowNonRestoredState: boolean;
}

/** Says what a restore would do, operator by operator and state by state, without doing it. @throws SnapshotDamage */
export function checkRestore(plan: Plan, snapshot: OpenedSnapshot, options: CheckOptions): RestoreReport {
  const check = new RestoreCheck(plan, snapshot, options.allowNonRestoredState);
  check.run();
  return { compatible: check.findings.every((finding) => finding.severity !== 'error'), findings: check.findings };
}

class RestoreCheck {
  readonly findings: RestoreFinding[] = [];
  readonly #plan: Plan;
  readonly #snapshot: OpenedSnapshot;
  readonly #allowed: boolean;

  constructor(plan: Plan, snapshot: OpenedSnapshot, allowed: boolean) {
    this.#plan = plan;
    this.#snapshot = snapshot;
    this.#allowed = allowed;
  }

  run(): void {
    const stored = new Map(this.#snapshot.metadata.operators.map((operator) => [operator.operatorId, operator]));
    for (const operator of this.#plan.operators) {
      const match = stored.get(operator.operatorId);
      if (match !== undefined) this.#operator(operator, match);
      else if (hasState(operator)) this.#add('info', 'new', operator.uid, null, 'is new and starts empty.', null);
    }
    const planned = new Set(this.#plan.operators.map((operator) => operator.operatorId));
    for (const operator of stored.values()) if (!planned.has(operator.operatorId)) this.#unknown(operator, stored);
  }

  #unknown(operator: OperatorMetadata, stored: ReadonlyMap<string, OperatorMetadata>): void {
    const dropped = countAll(this.#snapshot, operator);
    if (dropped === 0) return;
    const uid = uidOf(this.#snapshot, operator);
    // An operator that is in the snapshot, or that keeps no state, is no candidate for a new name.
    const free = this.#plan.operators.filter((each) => !stored.has(each.operatorId) && hasState(each)).map((each) => each.uid);
    const near = uid === null ? null : nearest(uid, free);
    this.#left(
      'unknownOperator',
      uid ?? operator.operatorId,
      null,
      `is not in the pipeline, and the snapshot has ${entries(dropped)} of its state.`,
      near === null
        ? `Give the operator that takes over this uid${uid === null ? '' : ' again'}`
        : `Did you rename it to "${near}"? Rename it back`,
    );
  }

  #operator(planned: PlanOperator, stored: OperatorMetadata): void {
    const parts = openKeyedStates(this.#snapshot, stored);
    const schema = keyedStateSchemaOf(planned.spec);
    if (parts.length > 0 || countAll(this.#snapshot, stored) > 0) this.#kind(planned, stored);
    this.#keyed(planned, stored, parts, schema);
    this.#operatorStates(planned, openOperatorStates(this.#snapshot, stored).flat());
  }

  #kind(planned: PlanOperator, stored: OperatorMetadata): void {
    const written = this.#snapshot.manifest?.operators.find((each) => each.operatorId === stored.operatorId)?.kind;
    const wanted = planned.spec.kind;
    if (written === undefined || written === wanted) return;
    this.#add(
      'warning',
      'kindChanged',
      planned.uid,
      null,
      `was a ${written} operator, and is a ${wanted} operator now.`,
      'An operator of another kind should have a uid of its own.',
      written,
      wanted,
    );
  }

  #keyed(planned: PlanOperator, stored: OperatorMetadata, parts: readonly StoredKeyedState[], schema: KeyedStateSchema | null): void {
    const states = new Map<string, StateMetaInfo>();
    for (const part of parts) for (const state of part.header.states) states.set(state.name, state);
    const wanted = new Map(schema?.states.map((state, index) => [state.name, index]) ?? []);
    const first = parts[0];
    if (first !== undefined && schema !== null) {
      this.#maxParallelism(planned, stored);
      const written = first.header.key.snapshot;
      if (unchanged(schema.keyType, written) === null) {
        const names = [serializerName(written), schema.keyType.name] as const;
        this.#add(
          'error',
          'keyTypeChanged',
          planned.uid,
          null,
          `was keyed by ${names[0]}, and is keyed by ${names[1]} now.`,
          `Key it by ${names[0]} again, or give the operator another uid and allow its old state to be dropped with ${ALLOW}.`,
          ...names,
        );
        return;
      }
    }
    for (const [name, state] of states) {
      const index = wanted.get(name);
      if (index === undefined || schema === null)
        this.#leftState(planned.uid, name, countState(parts, name), storedTypeName(state), wanted.keys(), states);
      else this.#state(planned.uid, state, schema, index);
    }
    for (const state of schema?.states ?? []) {
      if (!states.has(state.name) && state.kind !== 'PRIORITY_QUEUE') this.#newState(planned.uid, state.name, stateTypeName(state));
    }
  }

  #maxParallelism(planned: PlanOperator, stored: OperatorMetadata): void {
    const written = stored.maxParallelism;
    const wanted = this.#plan.options.maxParallelism;
    if (written === wanted && planned.parallelism <= written) return;
    const texts = [String(written), String(wanted)] as const;
    if (planned.parallelism > written) {
      this.#add(
        'error',
        'maxParallelism',
        planned.uid,
        null,
        `runs with parallelism ${String(planned.parallelism)}, and its state is in ${texts[0]} key groups.`,
        `Run it with parallelism ${texts[0]} at most.`,
        ...texts,
      );
    } else {
      this.#add(
        'error',
        'maxParallelism',
        planned.uid,
        null,
        `has a max parallelism of ${texts[1]}, and its state was written with ${texts[0]}.`,
        `Set maxParallelism: ${texts[0]} in the pipeline's options.`,
        ...texts,
      );
    }
  }

  #state(uid: string, stored: StateMetaInfo, schema: KeyedStateSchema, index: number): void {
    const wanted = schema.states[index];
    const name = wanted === undefined ? '' : stateTypeName(wanted);
    const verdict = matchState(stored, schema, index, name, 0);
    if (verdict.kind === 'incompatible') this.#incompatible(uid, stored.name, verdict);
    // Timers have no type that could have changed, and names that users do not know.
    else if (wanted?.kind !== 'PRIORITY_QUEUE') this.#fits(uid, stored.name, storedTypeName(stored), name, verdict.changes);
  }

  /** One that the snapshot lacks is not worth a word: it may have been empty, and was left out. */
  #operatorStates(planned: PlanOperator, stored: readonly StoredOperatorState[]): void {
    const declared = new Map(operatorStatesOf(planned.spec).map((state) => [state.name, state]));
    const seen = new Set<string>();
    for (const state of stored) {
      if (seen.has(state.name)) continue;
      seen.add(state.name);
      const same = stored.filter((each) => each.name === state.name);
      const wanted = declared.get(state.name);
      if (wanted !== undefined) this.#operatorState(planned.uid, state, wanted);
      else
        this.#leftState(
          planned.uid,
          state.name,
          same.reduce((sum, each) => sum + each.count, 0),
          storedOperatorTypeName(state),
          declared.keys(),
          seen,
        );
    }
  }

  #operatorState(uid: string, stored: StoredOperatorState, declared: OperatorStateDeclaration): void {
    const written = storedOperatorTypeName(stored);
    const wanted = operatorStateTypeName(declared);
    if ((stored.mode === 'BROADCAST') !== (declared.mode === 'BROADCAST')) {
      this.#incompatible(uid, stored.name, { reason: `it was ${stored.mode} state, and is ${declared.mode} state now`, written, wanted });
      return;
    }
    const changes: string[] = [];
    const pairs =
      declared.mode === 'BROADCAST'
        ? ([
            [declared.key, stored.key],
            [declared.value, stored.element],
          ] as const)
        : ([[declared.element, stored.element]] as const);
    for (const [type, serializer] of pairs) {
      const resolution = serializer === null ? null : type.resolve(serializer);
      if (resolution?.kind === 'migrated') changes.push(...resolution.changes);
      if (resolution?.kind === 'incompatible') {
        this.#incompatible(uid, stored.name, { reason: resolution.reason, written, wanted });
        return;
      }
    }
    this.#fits(uid, stored.name, written, wanted, changes);
  }

  #fits(uid: string, state: string, written: string, wanted: string, changes: readonly string[]): void {
    if (changes.length === 0) this.#add('info', 'restored', uid, state, `is restored as it is (${wanted}).`, null, written, wanted);
    else this.#add('info', 'migrated', uid, state, `is migrated: ${changes.join('; ')}.`, null, written, wanted);
  }

  #incompatible(uid: string, state: string, verdict: { readonly reason: string; readonly written: string; readonly wanted: string }): void {
    const { reason, written, wanted } = verdict;
    this.#add(
      'error',
      'incompatible',
      uid,
      state,
      `was written as ${written}, and is ${wanted} now (${reason}).`,
      `Go back to the old type, or give the state another name and allow the old one to be dropped with ${ALLOW}.`,
      written,
      wanted,
    );
  }

  #leftState(
    uid: string,
    state: string,
    dropped: number,
    written: string,
    declared: Iterable<string>,
    stored: { has(name: string): boolean },
  ): void {
    if (dropped === 0) return;
    const near = nearest(
      state,
      [...declared].filter((name) => !stored.has(name)),
    );
    this.#left(
      'leftBehind',
      uid,
      state,
      `is not declared any more, and the snapshot has ${entries(dropped)} of it.`,
      near === null ? 'Declare it again' : `Did you rename it to "${near}"? Rename it back`,
      written,
    );
  }

  #left(code: FindingCode, operator: string, state: string | null, message: string, wayBack: string, written: string | null = null): void {
    if (this.#allowed) this.#add('warning', code, operator, state, `${message} They are dropped.`, null, written);
    else this.#add('error', code, operator, state, message, `${wayBack}, or pass ${ALLOW} to drop it.`, written);
  }

  #newState(uid: string, state: string, wanted: string): void {
    this.#add('info', 'new', uid, state, `is new and starts empty (${wanted}).`, null, null, wanted);
  }

  #add(
    severity: RestoreFinding['severity'],
    code: FindingCode,
    operator: string | null,
    state: string | null,
    message: string,
    remedy: string | null,
    written: string | null = null,
    wanted: string | null = null,
  ): void {
    this.findings.push({ severity, code, operator, state, message, remedy, written, wanted });
  }
}

function hasState(operator: PlanOperator): boolean {
  return keyedStateSchemaOf(operator.spec) !== null || operatorStatesOf(operator.spec).length > 0;
}

function entries(count: number): string {
  return count === 1 ? '1 entry' : `${String(count)} entries`;
}

function storedOperatorTypeName({ key, element }: StoredOperatorState): string {
  return key === null ? `list<${serializerName(element)}>` : `map<${serializerName(key)}, ${serializerName(element)}>`;
}

/** Reads all blocks: only asked for where state has no taker. */
function countState(parts: readonly StoredKeyedState[], name: string): number {
  let count = 0;
  for (const part of parts) {
    const id = part.header.states.findIndex((state) => state.name === name);
    part.forEachEntry(part.keyGroups, (state) => {
      if (state === id) count++;
    });
  }
  return count;
}

function countAll(snapshot: OpenedSnapshot, operator: OperatorMetadata): number {
  let count = 0;
  for (const state of openOperatorStates(snapshot, operator).flat()) count += state.count;
  for (const part of openKeyedStates(snapshot, operator)) {
    part.forEachEntry(part.keyGroups, () => {
      count++;
    });
  }
  return count;
}
