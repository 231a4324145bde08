import { keyGroupRangeOf } from '../keys/keyGroup.ts';
import type { Plan, PlanOperator } from '../plan/plan.ts';
import type { RestoredState } from '../runtime/snapshotStore.ts';
import type { ByteReader } from '../snapshot/bytes/byteReader.ts';
import type { OperatorMetadata } from '../snapshot/metadata/snapshotMetadata.ts';
import type { SerializerSnapshot } from '../snapshot/serializers/serializerSnapshot.ts';
import type { KeyedStateImporter, KeyedStateSchema, KeyGroupRange, RestoredOperator } from '../state/operatorSnapshot.ts';
import type { Type } from '../types/type.ts';
import { adoptMaxParallelism } from './adoptMaxParallelism.ts';
import { checkRestore } from './checkRestore.ts';
import { stateTypeName } from './keyedMetaInfo.ts';
import { SnapshotDamage } from '../runtime/snapshotDamage.ts';
import { openSnapshot, type OpenedSnapshot } from './openSnapshot.ts';
import { operatorStatesOf } from './operatorStates.ts';
import { dealOut } from './redistribution.ts';
import { RestoreRefused, type RestoreReport } from './restoreReport.ts';
import type { SnapshotFiles } from './snapshotFiles.ts';
import { matchState, unchanged, type StateReader } from './stateReader.ts';
import { openKeyedStates, type StoredKeyedState } from './storedKeyedState.ts';
import { openOperatorStates, type StoredOperatorState } from './storedOperatorState.ts';

export interface RestoreOptions {
  readonly files: SnapshotFiles;
  /** The snapshot's folder. */
  readonly location: string;
  readonly plan: Plan;
  readonly allowNonRestoredState: boolean;
  /** Wall clock, epoch milliseconds: a time to live that is new begins now. */
  now(): number;
}

/**
 * Opens, verifies and checks a snapshot, and makes it ready to be handed to the subtasks of a run. Nothing has been done to anything when it throws.
 * @throws SnapshotDamage, RestoreRefused
 */
export function restoreSnapshot(options: RestoreOptions): {
  readonly state: RestoredState;
  readonly report: RestoreReport;
  /** The plan to run: with the snapshot's max parallelism, where the pipeline sets none. */
  readonly plan: Plan;
} {
  const snapshot = openSnapshot(options.files, options.location);
  const plan = adoptMaxParallelism(options.plan, snapshot.metadata.operators);
  const report = checkRestore(plan, snapshot, options);
  if (!report.compatible) throw new RestoreRefused(snapshot.folder, report);
  return { state: new SnapshotState(plan, snapshot, options.now()), report, plan };
}

/** What has been read of an operator's metadata, once for all of its subtasks. */
interface StoredOperator {
  readonly maxParallelism: number;
  readonly keyed: readonly StoredKeyedState[];
  /** By the old subtask. */
  readonly operatorStates: readonly (readonly StoredOperatorState[])[];
}

class SnapshotState implements RestoredState {
  readonly checkpointId: number;
  readonly path: string;
  readonly #snapshot: OpenedSnapshot;
  readonly #now: number;
  readonly #planned: ReadonlyMap<string, PlanOperator>;
  readonly #stored: ReadonlyMap<string, OperatorMetadata>;
  readonly #opened = new Map<string, StoredOperator>();

  constructor(plan: Plan, snapshot: OpenedSnapshot, now: number) {
    this.checkpointId = snapshot.metadata.checkpointId;
    this.path = snapshot.folder;
    this.#snapshot = snapshot;
    this.#now = now;
    this.#planned = new Map(plan.operators.map((operator) => [operator.uid, operator]));
    this.#stored = new Map(snapshot.metadata.operators.map((operator) => [operator.operatorId, operator]));
  }

  operator(uid: string, subtask: number, parallelism: number, schema: KeyedStateSchema | null): RestoredOperator {
    const planned = this.#planned.get(uid);
    if (planned === undefined) throw new RangeError(`the plan has no operator "${uid}"`);
    const metadata = this.#stored.get(planned.operatorId);
    if (metadata === undefined) return NOTHING;
    return new RestoredSubtask(this.#snapshot, planned, this.#open(metadata), { subtask, parallelism, schema, now: this.#now });
  }

  #open(metadata: OperatorMetadata): StoredOperator {
    const known = this.#opened.get(metadata.operatorId);
    if (known !== undefined) return known;
    const opened = {
      maxParallelism: metadata.maxParallelism,
      keyed: openKeyedStates(this.#snapshot, metadata),
      operatorStates: openOperatorStates(this.#snapshot, metadata),
    };
    this.#opened.set(metadata.operatorId, opened);
    return opened;
  }
}

/** Of an operator that the snapshot does not know. */
const NOTHING: RestoredOperator = {
  known: false,
  readKeyed() {
    // There is nothing to read.
  },
  listState: () => [],
  broadcastState: () => [],
};

interface Share {
  readonly subtask: number;
  readonly parallelism: number;
  readonly schema: KeyedStateSchema | null;
  readonly now: number;
}

class RestoredSubtask implements RestoredOperator {
  readonly known = true;
  readonly #snapshot: OpenedSnapshot;
  readonly #planned: PlanOperator;
  readonly #stored: StoredOperator;
  readonly #share: Share;

  constructor(snapshot: OpenedSnapshot, planned: PlanOperator, stored: StoredOperator, share: Share) {
    this.#snapshot = snapshot;
    this.#planned = planned;
    this.#stored = stored;
    this.#share = share;
  }

  readKeyed(into: KeyedStateImporter): void {
    const { schema, parallelism, subtask, now } = this.#share;
    if (schema === null) return;
    const range = keyGroupRangeOf(this.#stored.maxParallelism, parallelism, subtask);
    for (const part of this.#stored.keyed) {
      if (part.keyGroups.end >= range.start && part.keyGroups.start <= range.end) this.#readPart(part, range, schema, now, into);
    }
  }

  #readPart(part: StoredKeyedState, range: KeyGroupRange, schema: KeyedStateSchema, now: number, into: KeyedStateImporter): void {
    const readKey = unchanged(schema.keyType, part.header.key.snapshot);
    if (readKey === null) throw this.#misfit('its keys are of another type');
    const indices = new Map(schema.states.map((state, index) => [state.name, index]));
    const readers = part.header.states.map((state): StateReader | null => {
      const index = indices.get(state.name);
      const wanted = index === undefined ? undefined : schema.states[index];
      if (index === undefined || wanted === undefined) return null;
      const verdict = matchState(state, schema, index, stateTypeName(wanted), now);
      if (verdict.kind === 'incompatible') throw this.#misfit(`state "${state.name}": ${verdict.reason}`);
      return verdict.reader;
    });
    part.forEachEntry(range, (state, keyGroup, key, value) => {
      const reader = readers[state];
      if (reader === null || reader === undefined) return;
      reader.read(into, keyGroup, reader.isTimer ? null : readKey(key), key, value);
    });
  }

  listState(name: string): readonly unknown[] {
    const declared = operatorStatesOf(this.#planned.spec).find((state) => state.name === name);
    if (declared === undefined || declared.mode === 'BROADCAST')
      throw new RangeError(`operator "${this.#planned.uid}" has no list state "${name}"`);
    const bySubtask = this.#stored.operatorStates.map((states) => this.#elements(states, name, declared.element));
    const isUnion = this.#stored.operatorStates.some((states) => states.some((state) => state.name === name && state.mode === 'UNION'));
    return isUnion ? bySubtask.flat() : dealOut(bySubtask, this.#share.parallelism, this.#share.subtask);
  }

  #elements(states: readonly StoredOperatorState[], name: string, type: Type<unknown>): unknown[] {
    const elements: unknown[] = [];
    for (const state of states) {
      if (state.name !== name) continue;
      const read = this.#reader(type, state.element, name);
      state.forEach((reader) => elements.push(read(reader)));
    }
    return elements;
  }

  /** Every old subtask has a copy of it all: each new one takes one of them. */
  broadcastState(name: string): readonly (readonly [unknown, unknown])[] {
    const declared = operatorStatesOf(this.#planned.spec).find((state) => state.name === name);
    if (declared?.mode !== 'BROADCAST') throw new RangeError(`operator "${this.#planned.uid}" has no broadcast state "${name}"`);
    const copies = this.#stored.operatorStates.flatMap((states) => states.filter((state) => state.name === name));
    const copy = copies[this.#share.subtask % Math.max(copies.length, 1)];
    if (copy?.key == null) return [];
    const readKey = this.#reader(declared.key, copy.key, name);
    const readValue = this.#reader(declared.value, copy.element, name);
    const entries: (readonly [unknown, unknown])[] = [];
    copy.forEach((reader) => {
      const key = readKey(reader);
      entries.push([key, readValue(reader)]);
    });
    return entries;
  }

  #reader(type: Type<unknown>, written: SerializerSnapshot, state: string): (reader: ByteReader) => unknown {
    const resolution = type.resolve(written);
    if (resolution.kind === 'incompatible') throw this.#misfit(`state "${state}": ${resolution.reason}`);
    return (reader) => resolution.read(reader);
  }

  /** Only where subtasks differ from each other, for the check has looked at the operator before. */
  #misfit(reason: string): SnapshotDamage {
    return new SnapshotDamage(this.#snapshot.folder, '_metadata', `operator "${this.#planned.uid}": ${reason}`);
  }
}
