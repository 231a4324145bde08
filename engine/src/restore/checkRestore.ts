import { keyedStateSchemaOf } from '../operators/keyedOperators.ts';
import type { Plan, PlanOperator } from '../plan/plan.ts';
import type { OperatorMetadata } from '../snapshot/metadata/snapshotMetadata.ts';
import type { StateMetaInfo } from '../snapshot/stateMetaInfo.ts';
import type { KeyedStateSchema } from '../state/operatorSnapshot.ts';
import { serializerName } from '../types/dataType.ts';
import type { OperatorHeaders, OperatorStatePart } from '../snapshot/snapshotHeaders.ts';
import { keySerializer, valueSerializer } from '../snapshot/stateMetaInfo.ts';
import { keyedMetaInfos, stateTypeName } from './keyedMetaInfo.ts';
import { adoptMaxParallelism } from './adoptMaxParallelism.ts';
import { nearest } from '../plan/nearest.ts';
import type { OpenedSnapshot } from './openSnapshot.ts';
import { operatorMetaInfo, operatorStateTypeName, operatorStatesOf, type OperatorStateDeclaration } from './operatorStates.ts';
import { finding, type FindingCode, type Found, type RestoreFinding, type RestoreReport } from './restoreReport.ts';
import { matchState, storedTypeName, unchanged } from './stateReader.ts';
import { keyedSchemas, operatorSchemas } from './schemaText.ts';
import { smallestChange, type SmallestChange } from './smallestChange.ts';
import { describeOpened, type StoredDescription } from './storedDescription.ts';

const ALLOW = '--allow-non-restored-state';
/** Operators without a taker, for which a former name is looked for. */
const UNKNOWN_MAX = 50;

export interface CheckOptions {
  /** State that nothing in the plan takes is dropped with a warning, instead of being an error. */
  readonly allowNonRestoredState: boolean;
}

/** Says what a restore would do, operator by operator and state by state, without doing it. @throws SnapshotDamage */
export function checkRestore(plan: Plan, snapshot: OpenedSnapshot, options: CheckOptions): RestoreReport {
  return checkStored(plan, describeOpened(snapshot), options);
}

/** The same of any snapshot whose headers have been read. A function of the plan and the description. */
export function checkStored(plan: Plan, stored: StoredDescription, options: CheckOptions): RestoreReport {
  const adopted = adoptMaxParallelism(
    plan,
    stored.headers.operators.map(({ metadata }) => metadata),
  );
  const check = new RestoreCheck(adopted, stored, options.allowNonRestoredState);
  check.run();
  return reportOf(check.findings);
}

export function reportOf(findings: readonly RestoreFinding[]): RestoreReport {
  return { compatible: findings.every((finding) => finding.severity !== 'error'), findings };
}

/** What an operator may be called now: by its states where one operator alone has them, else by its name. */
function renamed(uid: string, { keyed }: OperatorHeaders, free: readonly PlanOperator[]): string | null {
  // Whether there are timers says little.
  const namesOf = (states: readonly { readonly kind: string; readonly name: string }[]): string[] =>
    states.flatMap(({ kind, name }) => (kind === 'PRIORITY_QUEUE' ? [] : [name]));
  const names = new Set(keyed.flatMap(({ header }) => namesOf(header.states)));
  const alike = free.filter(({ spec }) => {
    const declared = namesOf(keyedStateSchemaOf(spec)?.states ?? []);
    return names.size > 0 && declared.length === names.size && declared.every((name) => names.has(name));
  });
  const [only] = alike;
  if (alike.length === 1 && only !== undefined) return only.uid;
  return nearest(
    uid,
    free.map((each) => each.uid),
  );
}

class RestoreCheck {
  readonly findings: RestoreFinding[] = [];
  readonly #plan: Plan;
  readonly #stored: StoredDescription;
  readonly #allowed: boolean;
  /** What the manifest says of an operator, by its id. */
  readonly #said: ReadonlyMap<string, StoredDescription['operators'][number]>;

  constructor(plan: Plan, stored: StoredDescription, allowed: boolean) {
    this.#plan = plan;
    this.#stored = stored;
    this.#allowed = allowed;
    this.#said = new Map(stored.operators.map((operator) => [operator.operatorId, operator]));
  }

  run(): void {
    const stored = new Map(this.#stored.headers.operators.map((operator) => [operator.metadata.operatorId, operator]));
    for (const operator of this.#plan.operators) {
      const match = stored.get(operator.operatorId);
      if (match !== undefined) this.#operator(operator, match);
      else if (hasState(operator)) this.#add('info', 'new', operator.uid, null, 'is new and starts empty.', null);
    }
    const planned = new Set(this.#plan.operators.map((operator) => operator.operatorId));
    const unknown = [...stored.values()].filter(({ metadata }) => !planned.has(metadata.operatorId));
    // An operator that is in the snapshot, or that keeps no state, is not a candidate for a new name; where all names are new, the nearest says nothing.
    const free = unknown.length > UNKNOWN_MAX ? [] : this.#plan.operators.filter((each) => !stored.has(each.operatorId) && hasState(each));
    for (const operator of unknown) this.#unknown(operator, free);
  }

  #unknown(operator: OperatorHeaders, free: readonly PlanOperator[]): void {
    const { operatorId } = operator.metadata;
    if (operator.damage !== null) this.#damaged(this.#uidOf(operator) ?? operatorId, operator.damage);
    const dropped = this.#countAll(operator);
    if (dropped === 0) return;
    const uid = this.#uidOf(operator);
    const near = uid === null ? null : renamed(uid, operator, free);
    this.#left(
      'unknownOperator',
      uid ?? operatorId,
      null,
      `is not in the pipeline, and the snapshot has ${entries(dropped)} of its state.`,
      near === null
        ? `Give the operator that takes over this uid${uid === null ? '' : ' again'}`
        : `Did you rename it to "${near}"? Rename it back`,
      { edit: near === null || uid === null ? null : { kind: 'uid', from: near, to: uid } },
    );
  }

  /** An operator's uid, where it is known: Flink 1 stores ids only. */
  #uidOf({ metadata, uid }: OperatorHeaders): string | null {
    return uid ?? this.#said.get(metadata.operatorId)?.uid ?? null;
  }

  /** Null where it has not been counted. */
  #countAll({ metadata, keyed, operatorStates }: OperatorHeaders): number | null {
    const inKeyed = keyed.length === 0 ? 0 : this.#stored.counts.of(metadata.operatorId, null);
    return inKeyed === null ? null : operatorStates.reduce((sum, { count }) => sum + count, inKeyed);
  }

  #damaged(operator: string, damage: string): void {
    this.#add('error', 'damaged', operator, null, `cannot be read: ${damage}`, 'Restore an older snapshot.');
  }

  #operator(planned: PlanOperator, stored: OperatorHeaders): void {
    if (stored.damage !== null) {
      this.#damaged(planned.uid, stored.damage);
      return;
    }
    const schema = keyedStateSchemaOf(planned.spec);
    if (stored.keyed.length > 0 || this.#countAll(stored) !== 0) this.#kind(planned, stored);
    this.#keyed(planned, stored, schema);
    this.#operatorStates(planned, stored.operatorStates);
  }

  #kind(planned: PlanOperator, { metadata }: OperatorHeaders): void {
    const written = this.#said.get(metadata.operatorId)?.kind;
    const wanted = planned.spec.kind;
    if (written === undefined || written === wanted) return;
    this.#add(
      'warning',
      'kindChanged',
      planned.uid,
      null,
      `was a ${written} operator, and is a ${wanted} operator now.`,
      'An operator of another kind should have a uid of its own.',
      { written, wanted },
    );
  }

  #keyed(planned: PlanOperator, { metadata, keyed }: OperatorHeaders, schema: KeyedStateSchema | null): void {
    const states = new Map<string, StateMetaInfo>();
    for (const part of keyed) for (const state of part.header.states) states.set(state.name, state);
    const wanted = new Map(schema?.states.map((state, index) => [state.name, index]) ?? []);
    const first = keyed[0];
    if (first !== undefined && schema !== null) {
      this.#maxParallelism(planned, metadata);
      const written = first.header.key.snapshot;
      if (unchanged(schema.keyType, written) === null) {
        const names = { written: serializerName(written), wanted: schema.keyType.name };
        this.#add(
          'error',
          'keyTypeChanged',
          planned.uid,
          null,
          `was keyed by ${names.written}, and is keyed by ${names.wanted} now.`,
          `Key it by ${names.written} again, or give the operator another uid and allow its old state to be dropped with ${ALLOW}.`,
          names,
        );
        return;
      }
    }
    for (const [name, state] of states) {
      const index = wanted.get(name);
      if (index === undefined || schema === null) {
        const count = this.#stored.counts.of(metadata.operatorId, name);
        this.#leftState(planned.uid, name, count, storedTypeName(state), wanted.keys(), states);
      } else this.#state(planned.uid, state, schema, index);
    }
    for (const state of schema?.states ?? []) {
      if (!states.has(state.name) && state.kind !== 'PRIORITY_QUEUE') this.#newState(planned.uid, state.name, stateTypeName(state));
    }
  }

  #maxParallelism(planned: PlanOperator, stored: OperatorMetadata): void {
    const written = stored.maxParallelism;
    const wanted = this.#plan.options.maxParallelism;
    if (written === wanted && planned.parallelism <= written) return;
    const texts = { written: String(written), wanted: String(wanted) };
    if (planned.parallelism > written) {
      this.#add(
        'error',
        'maxParallelism',
        planned.uid,
        null,
        `runs with parallelism ${String(planned.parallelism)}, and its state is in ${texts.written} key groups.`,
        `Run it with parallelism ${texts.written} at most.`,
        texts,
      );
    } else {
      this.#add(
        'error',
        'maxParallelism',
        planned.uid,
        null,
        `has a max parallelism of ${texts.wanted}, and its state was written with ${texts.written}.`,
        `Set maxParallelism: ${texts.written} in the pipeline's options.`,
        texts,
      );
    }
  }

  #state(uid: string, stored: StateMetaInfo, schema: KeyedStateSchema, index: number): void {
    const wanted = schema.states[index];
    const name = wanted === undefined ? '' : stateTypeName(wanted);
    const verdict = matchState(stored, schema, index, name, 0);
    // Timers have no type that could have changed, and names that users do not know.
    const isTimers = wanted?.kind === 'PRIORITY_QUEUE';
    if (verdict.kind !== 'incompatible' && (isTimers || verdict.changes.length === 0)) {
      if (!isTimers) this.#fits(uid, stored.name, { written: storedTypeName(stored), wanted: name, changes: [] });
      return;
    }
    const meta = keyedMetaInfos({ ...schema, states: wanted === undefined ? [] : [wanted] })[0];
    const schemas = meta === undefined ? null : keyedSchemas(schema.keyType.serializer, stored, meta);
    if (verdict.kind === 'incompatible')
      this.#incompatible(uid, stored.name, { ...verdict, schemas, fix: meta === undefined ? null : smallestChange(stored, meta) });
    else this.#fits(uid, stored.name, { written: storedTypeName(stored), wanted: name, changes: verdict.changes, schemas });
  }

  /** One that the snapshot lacks is not worth a word: it may have been empty, and was left out. */
  #operatorStates(planned: PlanOperator, stored: readonly OperatorStatePart[]): void {
    const declared = new Map(operatorStatesOf(planned.spec).map((state) => [state.name, state]));
    const seen = new Set<string>();
    for (const state of stored) {
      const { name } = state.meta;
      if (seen.has(name)) continue;
      seen.add(name);
      const same = stored.filter((each) => each.meta.name === name);
      const wanted = declared.get(name);
      if (wanted !== undefined) this.#operatorState(planned.uid, state, wanted);
      else {
        const count = same.reduce((sum, each) => sum + each.count, 0);
        this.#leftState(planned.uid, name, count, storedOperatorTypeName(state), declared.keys(), seen);
      }
    }
  }

  #operatorState(uid: string, stored: OperatorStatePart, declared: OperatorStateDeclaration): void {
    const { name } = stored.meta;
    const types = { written: storedOperatorTypeName(stored), wanted: operatorStateTypeName(declared) };
    const meta = operatorMetaInfo(declared);
    const schemas = operatorSchemas(stored.meta, meta);
    if ((stored.mode === 'BROADCAST') !== (declared.mode === 'BROADCAST')) {
      const reason = `it was ${stored.mode} state, and is ${declared.mode} state now`;
      this.#incompatible(uid, name, { ...types, reason, schemas, fix: null });
      return;
    }
    const changes: string[] = [];
    const element = valueSerializer(stored.meta);
    const pairs =
      declared.mode === 'BROADCAST'
        ? ([
            [declared.key, keySerializer(stored.meta)],
            [declared.value, element],
          ] as const)
        : ([[declared.element, element]] as const);
    for (const [type, serializer] of pairs) {
      const resolution = serializer === null ? null : type.resolve(serializer);
      if (resolution?.kind === 'migrated') changes.push(...resolution.changes);
      if (resolution?.kind === 'incompatible') {
        this.#incompatible(uid, name, { ...types, reason: resolution.reason, schemas, fix: smallestChange(stored.meta, meta) });
        return;
      }
    }
    this.#fits(uid, name, { ...types, changes, schemas });
  }

  #fits(uid: string, state: string, found: Found & { readonly changes: readonly string[] }): void {
    const { changes, wanted } = found;
    if (changes.length === 0) this.#add('info', 'restored', uid, state, `is restored as it is (${wanted ?? ''}).`, null, found);
    else this.#add('info', 'migrated', uid, state, `is migrated: ${changes.join('; ')}.`, null, found);
  }

  #incompatible(uid: string, state: string, found: Found & { readonly reason: string; readonly fix: SmallestChange | null }): void {
    const { reason, written = null, wanted = null, fix, schemas = null } = found;
    const edit = fix?.edit?.kind === 'type' ? { ...fix.edit, operator: uid, state } : (fix?.edit ?? null);
    this.#add(
      'error',
      'incompatible',
      uid,
      state,
      `was written as ${String(written)}, and is ${String(wanted)} now (${reason}).`,
      `${fix?.text ?? 'Go back to the old type'}, or give the state another name and allow the old one to be dropped with ${ALLOW}.`,
      { written, wanted, schemas, edit },
    );
  }

  #leftState(
    uid: string,
    state: string,
    dropped: number | null,
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
      { written, edit: near === null ? null : { kind: 'state', operator: uid, from: near, to: state } },
    );
  }

  #left(code: FindingCode, operator: string, state: string | null, message: string, wayBack: string, found: Found = {}): void {
    if (this.#allowed) this.#add('warning', code, operator, state, `${message} They are dropped.`, null, { ...found, edit: null });
    else this.#add('error', code, operator, state, message, `${wayBack}, or pass ${ALLOW} to drop it.`, found);
  }

  #newState(uid: string, state: string, wanted: string): void {
    this.#add('info', 'new', uid, state, `is new and starts empty (${wanted}).`, null, { wanted });
  }

  #add(...parts: Parameters<typeof finding>): void {
    this.findings.push(finding(...parts));
  }
}

function hasState(operator: PlanOperator): boolean {
  return keyedStateSchemaOf(operator.spec) !== null || operatorStatesOf(operator.spec).length > 0;
}

function entries(count: number | null): string {
  if (count === null) return 'entries';
  return count === 1 ? '1 entry' : `${String(count)} entries`;
}

function storedOperatorTypeName({ meta }: OperatorStatePart): string {
  const key = keySerializer(meta);
  const element = valueSerializer(meta);
  const name = element === null ? 'unknown' : serializerName(element);
  return key === null ? `list<${name}>` : `map<${serializerName(key)}, ${name}>`;
}
