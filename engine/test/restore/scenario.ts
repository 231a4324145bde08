import { operatorIdOf } from '../../src/keys/operatorId.ts';
import { keyGroupOfHash, subtaskOfKeyGroup } from '../../src/keys/keyGroup.ts';
import { createKeyedOperator, keyedStateSchemaOf } from '../../src/operators/keyedOperators.ts';
import type { Operator, OperatorContext } from '../../src/operators/operator.ts';
import { byteArray } from '../../src/operators/versionedBytes.ts';
import type { OperatorSpec } from '../../src/plan/operatorSpec.ts';
import type { Plan, PlanOperator } from '../../src/plan/plan.ts';
import { createSnapshotStore, openSnapshot, restoreSnapshot, type SnapshotStoreOptions } from '../../src/restore/index.ts';
import { openKeyedStates } from '../../src/restore/storedKeyedState.ts';
import { openOperatorStates } from '../../src/restore/storedOperatorState.ts';
import type { CompletedSnapshot, PendingSnapshot, RestoredState, SnapshotRequest } from '../../src/runtime/snapshotStore.ts';
import type { OperatorSnapshot } from '../../src/state/operatorSnapshot.ts';
import type { KeyType } from '../../src/types/type.ts';
import type { MemoryFiles } from './memoryFiles.ts';

export function planOf(
  specs: Readonly<Record<string, OperatorSpec>>,
  options: { parallelism?: number; maxParallelism?: number } = {},
): Plan {
  const parallelism = options.parallelism ?? 1;
  const operators = Object.entries(specs).map(([uid, spec], index): PlanOperator => ({
    index,
    uid,
    operatorId: operatorIdOf(uid),
    spec,
    inputs: [],
    emits: null,
    sideOutputs: new Map(),
    parallelism,
    position: null,
  }));
  return {
    name: 'scenario',
    options: {
      checkpointInterval: 0,
      retainedCheckpoints: 2,
      copyRecords: false,
      restart: { kind: 'none' },
      parallelism,
      maxParallelism: options.maxParallelism ?? 128,
    },
    operators,
    parameters: [],
  };
}

/** The keyed operators of a plan, driven by hand: no runtime, no connectors. Sources keep the splits given. */
export class Scenario {
  readonly plan: Plan;
  readonly #operators = new Map<string, Operator[]>();
  readonly splits = new Map<string, readonly (readonly Uint8Array[])[]>();
  now = 1_800_000_000_000;

  constructor(plan: Plan, restored: RestoredState | null = null) {
    this.plan = plan;
    for (const operator of plan.operators) {
      const subtasks: Operator[] = [];
      for (let subtask = 0; subtask < operator.parallelism; subtask++) {
        const keyed = createKeyedOperator(operator.spec);
        if (keyed === null) continue;
        keyed.open(this.#context(operator, subtask));
        if (restored !== null)
          keyed.restore?.(restored.operator(operator.uid, subtask, operator.parallelism, keyedStateSchemaOf(operator.spec)));
        subtasks.push(keyed);
      }
      this.#operators.set(operator.uid, subtasks);
      if (operator.spec.kind === 'source' && restored !== null) {
        const read = (_: unknown, subtask: number): Uint8Array[] =>
          restored.operator(operator.uid, subtask, operator.parallelism, null).listState('SourceReaderState') as Uint8Array[];
        this.splits.set(operator.uid, Array.from({ length: operator.parallelism }, read));
      }
    }
  }

  #context(operator: PlanOperator, subtask: number): OperatorContext {
    return {
      uid: operator.uid,
      subtask,
      parallelism: operator.parallelism,
      maxParallelism: this.plan.options.maxParallelism,
      output: { record: () => undefined, watermark: () => undefined },
      sideOutputs: new Map(),
      now: () => this.now,
      random: () => 0.5,
      counter: () => ({ inc: () => undefined, value: 0 }),
      gauge: () => undefined,
      freezeStateValues: false,
    };
  }

  /** Hands a record to the subtask that has its key. */
  send(uid: string, record: unknown): void {
    const operator = this.plan.operators.find((each) => each.uid === uid);
    if (operator === undefined || !('keyType' in operator.spec) || !('key' in operator.spec)) throw new Error(`no keyed operator ${uid}`);
    const keyType: KeyType<unknown> = operator.spec.keyType;
    const keyGroup = keyGroupOfHash(keyType.hash(operator.spec.key(record)), this.plan.options.maxParallelism);
    const subtask = subtaskOfKeyGroup(keyGroup, this.plan.options.maxParallelism, operator.parallelism);
    this.#operators.get(uid)?.[subtask]?.onRecord(record, 0);
  }

  broadcast(uid: string, record: unknown): void {
    for (const operator of this.#operators.get(uid) ?? []) operator.onRecord2?.(record, 0);
  }

  acknowledgeAll(pending: PendingSnapshot, checkpointId: number): void {
    for (const operator of this.plan.operators) {
      for (let subtask = 0; subtask < operator.parallelism; subtask++) {
        pending.acknowledge(operator.uid, subtask, this.#snapshotOf(operator, subtask, checkpointId));
      }
    }
  }

  #snapshotOf(operator: PlanOperator, subtask: number, checkpointId: number): OperatorSnapshot | null {
    if (operator.spec.kind === 'source') {
      const elements = this.splits.get(operator.uid)?.[subtask] ?? [];
      return { keyed: null, operatorStates: [{ mode: 'SPLIT_DISTRIBUTE', name: 'SourceReaderState', element: byteArray, elements }] };
    }
    return this.#operators.get(operator.uid)?.[subtask]?.snapshot?.(checkpointId, 'checkpoint') ?? null;
  }

  take(files: MemoryFiles, request: Partial<SnapshotRequest> = {}, options: Partial<SnapshotStoreOptions> = {}): CompletedSnapshot {
    const store = createSnapshotStore({ ...storeOptions(files, this.plan), ...options });
    const whole: SnapshotRequest = { checkpointId: 1, kind: 'savepoint', trigger: 'command', target: null, ...request };
    const pending = store.begin(whole);
    this.acknowledgeAll(pending, whole.checkpointId);
    return finish(pending);
  }
}

export function finish(pending: PendingSnapshot, budgetMs = 1): CompletedSnapshot {
  for (let slices = 0; slices < 100_000; slices++) {
    const completed = pending.advance(budgetMs);
    if (completed !== null) return completed;
  }
  throw new Error('the snapshot is never complete');
}

/** A clock that goes on by a tenth of a millisecond each time it is asked. */
export function storeOptions(files: MemoryFiles, plan: Plan): SnapshotStoreOptions {
  let clock = 0;
  return {
    files,
    plan,
    program: '/project/scenario.pipeline.ts',
    now: () => 1_700_000_000_000,
    clock: () => (clock += 0.1),
    savepoints: '/project/savepoints',
    checkpoints: '/project/checkpoints',
    random: () => 0.25,
    claimed: null,
    inlineThreshold: 256,
  };
}

export function restored(files: MemoryFiles, location: string, plan: Plan, allowNonRestoredState = false): RestoredState {
  return restoreSnapshot({ files, location, plan, allowNonRestoredState, now: () => 1_800_000_000_000 }).state;
}

/** Everything in a snapshot as text, sorted, the one that of the subtasks wrote it. Keyed entries and elements by their bytes. */
export function entriesOf(files: MemoryFiles, location: string): string[] {
  const snapshot = openSnapshot(files, location);
  const lines: string[] = [];
  for (const operator of snapshot.metadata.operators) {
    for (const part of openKeyedStates(snapshot, operator)) {
      part.forEachEntry(part.keyGroups, (state, keyGroup, key, value) => {
        lines.push(
          `${operator.operatorId} ${part.header.states[state]?.name ?? ''} ${String(keyGroup)} ${hex(key.slice(key.remaining))} ${hex(value.slice(value.remaining))}`,
        );
      });
    }
    for (const state of openOperatorStates(snapshot, operator).flat()) {
      if (state.mode === 'BROADCAST') continue;
      state.forEach((reader) => lines.push(`${operator.operatorId} ${state.name} ${hex(reader.bytes32())}`));
    }
  }
  return lines.sort();
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
