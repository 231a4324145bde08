import type { Plan, PlanOperator } from '../plan/plan.ts';
import { keyedStateSchemaOf } from '../operators/keyedOperators.ts';
import { ByteReader } from '../snapshot/bytes/byteReader.ts';
import { ByteWriter } from '../snapshot/bytes/byteWriter.ts';
import { sameBytes } from '../snapshot/bytes/sameBytes.ts';
import type { KeyedState } from '../snapshot/keyed/keyedState.ts';
import type { Migrating, StateMigration } from '../snapshot/rewrite/migrating.ts';
import type { StoredSubtask } from '../snapshot/rewrite/operatorRewrite.ts';
import { refuse } from '../snapshot/rewrite/rewritePlan.ts';
import type { StateReport } from '../snapshot/rewrite/rewriteReport.ts';
import type { RowInHand } from '../snapshot/rewrite/rowInHand.ts';
import { keySerializer, sameState, valueSerializer, type StateMetaInfo } from '../snapshot/stateMetaInfo.ts';
import type { KeyedStateImporter, KeyedStateSchema, StateValueType } from '../state/operatorSnapshot.ts';
import type { Type } from '../types/type.ts';
import { keyedMetaInfos, stateTypeName } from './keyedMetaInfo.ts';
import { operatorMetaInfo, operatorStatesOf, storedTypeName, type OperatorStateDeclaration } from './operatorStates.ts';
import { matchState, unchanged, type StateReader } from './stateReader.ts';

type StoredState = StoredSubtask['managed'][number];

/**
 * Gives the states of a snapshot the types that a plan has: values are read as a restore reads them, and written with the schema of the plan,
 * so that code that restores them next, such as Flink, has nothing to migrate. Operators and states that the plan does not have stay as they are.
 */
export class PlanMigration implements Migrating {
  readonly #operators: ReadonlyMap<string, PlanOperator>;
  readonly #now: number;

  /** A time to live that is new begins at `now`, in epoch milliseconds. */
  constructor(plan: Plan, now: number) {
    this.#operators = new Map(plan.operators.map((operator) => [operator.operatorId, operator]));
    this.#now = now;
  }

  keyed(operatorId: string, keyed: KeyedState, state: StateMetaInfo): StateMigration | null {
    const planned = this.#operators.get(operatorId);
    const schema = planned === undefined ? null : keyedStateSchemaOf(planned.spec);
    const index = schema?.states.findIndex(({ name }) => name === state.name) ?? -1;
    const wanted = schema?.states[index];
    if (planned === undefined || schema === null || wanted === undefined) return null;
    const place = `${planned.uid}, state ${state.name}`;
    const readKey = unchanged(schema.keyType, keyed.rows.header.key.snapshot);
    if (readKey === null) return refuse(`${planned.uid}: its keys are of another type than in the pipeline`);
    const verdict = matchState(state, schema, index, stateTypeName(wanted), this.#now);
    if (verdict.kind === 'incompatible')
      return refuse(`${place}: it was written as ${verdict.written}, and is ${verdict.wanted} now (${verdict.reason})`);
    const meta = keyedMetaInfos(schema)[index];
    if (meta === undefined || wanted.kind === 'PRIORITY_QUEUE' || sameState(state, meta)) return null;
    return new KeyedMigration(meta, schema, wanted, readKey, verdict.reader);
  }

  operatorState(operatorId: string, subtask: StoredSubtask): StoredSubtask {
    const planned = this.#operators.get(operatorId);
    if (planned === undefined) return subtask;
    const declared = new Map(operatorStatesOf(planned.spec).map((state) => [state.name, state]));
    return {
      ...subtask,
      managed: subtask.managed.map((stored) => {
        const wanted = declared.get(stored.meta.name);
        return wanted === undefined ? stored : migratedOperatorState(planned.uid, stored, wanted);
      }),
    };
  }

  typeName(operatorId: string, state: string): string | null {
    const planned = this.#operators.get(operatorId);
    if (planned === undefined) return null;
    const keyed = keyedStateSchemaOf(planned.spec)?.states.find(({ name }) => name === state);
    if (keyed !== undefined) return stateTypeName(keyed);
    const own = operatorStatesOf(planned.spec).find(({ name }) => name === state);
    return own === undefined ? null : storedTypeName(own);
  }
}

/** Of one state, row by row. What the reader reads, it writes with the types of the plan. */
class KeyedMigration implements StateMigration, KeyedStateImporter {
  readonly meta: StateMetaInfo;
  readonly #schema: KeyedStateSchema;
  readonly #namespace: Type<unknown>;
  readonly #value: StateValueType;
  readonly #readKey: (reader: ByteReader) => unknown;
  readonly #reader: StateReader;
  readonly #key = new ByteWriter(64);
  readonly #bytes = new ByteWriter(256);

  constructor(
    meta: StateMetaInfo,
    schema: KeyedStateSchema,
    { namespace, value }: { readonly namespace: Type<unknown>; readonly value: StateValueType },
    readKey: (reader: ByteReader) => unknown,
    reader: StateReader,
  ) {
    this.meta = meta;
    this.#schema = schema;
    this.#namespace = namespace;
    this.#value = value;
    this.#readKey = readKey;
    this.#reader = reader;
  }

  apply(keyGroup: number, hand: RowInHand, report: StateReport): void {
    const key = new ByteReader(hand.key, hand.keyStart, hand.keyEnd);
    const value = new ByteReader(hand.value, hand.valueStart, hand.valueEnd);
    this.#bytes.reset();
    this.#reader.read(this, keyGroup, this.#readKey(key), key, value);
    const [oldKey, oldValue] = [hand.key.subarray(hand.keyStart, hand.keyEnd), hand.value.subarray(hand.valueStart, hand.valueEnd)];
    // Only the user key of a map may have another type.
    const newKey = this.#value.shape === 'map' ? this.#key.view() : oldKey;
    if (sameBytes(newKey, oldKey) && sameBytes(this.#bytes.view(), oldValue)) return;
    report.changed++;
    hand.setKey(newKey);
    hand.setValue(this.#bytes.view());
  }

  single(_state: number, _keyGroup: number, _key: unknown, _namespace: unknown, value: unknown, lastAccess: number): void {
    if (this.#value.shape === 'single') this.#timed(this.#value.type, value, lastAccess);
  }

  list(_state: number, _keyGroup: number, _key: unknown, _namespace: unknown, elements: unknown[], lastAccess: number[]): void {
    if (this.#value.shape !== 'list') return;
    for (const [i, element] of elements.entries()) {
      if (i > 0) this.#bytes.u8(SEPARATOR);
      this.#timed(this.#value.element, element, lastAccess[i] ?? 0);
    }
  }

  mapEntry(
    _state: number,
    _keyGroup: number,
    key: unknown,
    namespace: unknown,
    userKey: unknown,
    value: unknown,
    lastAccess: number,
  ): void {
    if (this.#value.shape !== 'map') return;
    this.#key.reset();
    this.#schema.keyType.write(this.#key, key);
    this.#namespace.write(this.#key, namespace);
    this.#value.key.write(this.#key, userKey);
    this.#bytes.bool(value === null);
    if (value !== null) this.#timed(this.#value.value, value, lastAccess);
  }

  timer(): void {
    throw new RangeError('timers are not migrated');
  }

  #timed(type: Type<unknown>, value: unknown, lastAccess: number): void {
    if (this.#value.ttl) this.#bytes.i64FromNumber(lastAccess);
    type.write(this.#bytes, value);
  }
}

/** Between the elements of a list. */
const SEPARATOR = 0x2c;

function migratedOperatorState(uid: string, stored: StoredState, wanted: OperatorStateDeclaration): StoredState {
  const meta = operatorMetaInfo(wanted);
  if (sameState(stored.meta, meta)) return stored;
  const element = resolvedRead(
    uid,
    stored.meta.name,
    wanted.mode === 'BROADCAST' ? wanted.value : wanted.element,
    valueSerializer(stored.meta),
  );
  if (wanted.mode !== 'BROADCAST')
    return {
      ...stored,
      meta,
      parts: stored.parts.map((part) => written((writer) => wanted.element.write(writer, element(new ByteReader(part))))),
    };
  const key = resolvedRead(uid, stored.meta.name, wanted.key, keySerializer(stored.meta));
  const parts = stored.parts.map((part) => {
    const reader = new ByteReader(part);
    const count = reader.count(0);
    return written((writer) => {
      writer.i32(count);
      for (let i = 0; i < count; i++) {
        wanted.key.write(writer, key(reader));
        wanted.value.write(writer, element(reader));
      }
    });
  });
  return { ...stored, meta, parts };
}

function written(write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter(256);
  write(writer);
  return writer.toBytes();
}

function resolvedRead(
  uid: string,
  state: string,
  type: Type<unknown>,
  stored: ReturnType<typeof valueSerializer>,
): (reader: ByteReader) => unknown {
  const resolution = stored === null ? null : type.resolve(stored);
  if (resolution === null || resolution.kind === 'incompatible')
    return refuse(`${uid}, state ${state}: it does not become ${type.name}${resolution === null ? '' : ` (${resolution.reason})`}`);
  return (reader) => resolution.read(reader);
}
