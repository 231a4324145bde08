import { encodeUtf8 } from '../snapshot/bytes/utf8.ts';
import { keyGroupRangeOf } from '../keys/keyGroup.ts';
import type { Plan, PlanOperator } from '../plan/plan.ts';
import type { CompletedSnapshot, PendingSnapshot, SnapshotRequest } from '../runtime/snapshotStore.ts';
import { KeyedStreamWriter, keyedHeader } from '../snapshot/keyed/keyedStream.ts';
import type { KeyedStateHandle, OperatorMetadata, OperatorStateHandle, SubtaskMetadata } from '../snapshot/metadata/snapshotMetadata.ts';
import { writeMetadata, type WritableVersion } from '../snapshot/metadata/writeMetadata.ts';
import { writeOperatorStream, type OperatorStateContent } from '../snapshot/operator/operatorStreamWriter.ts';
import type { FrozenKeyedState, OperatorSnapshot, OperatorStateSnapshot } from '../state/operatorSnapshot.ts';
import { keyedMetaInfos, stateTypeName } from './keyedMetaInfo.ts';
import type { NewSnapshotFolder } from './newSnapshotFolder.ts';
import { MANIFEST_FILE, METADATA_FILE, PART_SUFFIX, writeFile, type SnapshotFiles } from './snapshotFiles.ts';
import { storedTypeName } from './operatorStates.ts';
import { manifestText, type ManifestFile, type ManifestOperator, type ManifestState } from './snapshotManifest.ts';
import { StateStream } from './stateStream.ts';

/** What the writing of a snapshot needs to know beside its state. */
export interface SnapshotWriterOptions {
  readonly files: SnapshotFiles;
  readonly plan: Plan;
  /** The module that the plan comes from, for people; null where there is none. */
  readonly program: string | null;
  /** Wall clock, epoch milliseconds. */
  now(): number;
  /** Milliseconds of any origin, only ever rising: for time budgets. */
  readonly clock: () => number;
  /** Version of `_metadata`. 4 is what every Flink since 1.16 reads; 6 holds names and uids as well. */
  readonly metadataVersion: WritableVersion;
  /** State of a subtask of fewer bytes stays inside `_metadata`. */
  readonly inlineThreshold: number;
}

/** One subtask's state, and how far it has come. */
interface SubtaskPart {
  readonly operator: PlanOperator;
  readonly subtask: number;
  readonly snapshot: OperatorSnapshot;
}

/** Keyed state in the middle of being written. */
interface OpenKeyedStream {
  readonly frozen: FrozenKeyedState;
  readonly stream: StateStream;
  readonly writer: KeyedStreamWriter;
}

/**
 * A snapshot on its way to files. State streams come first, then `tidemark.json`, and last `_metadata` under its own name: before that
 * rename the snapshot does not exist, after it the snapshot is whole.
 */
export class PendingFlinkSnapshot implements PendingSnapshot {
  readonly #options: SnapshotWriterOptions;
  readonly #request: SnapshotRequest;
  readonly #folder: NewSnapshotFolder;
  readonly #onComplete: (completed: CompletedSnapshot) => void;
  readonly #operators = new Map<string, PlanOperator>();
  readonly #waiting: SubtaskPart[] = [];
  readonly #subtasks = new Map<PlanOperator, Map<number, SubtaskMetadata>>();
  readonly #states = new Map<PlanOperator, { key: string | null; states: ManifestState[] }>();
  readonly #written: ManifestFile[] = [];
  #missing = 0;
  #stateBytes = 0;
  #open: OpenKeyedStream | null = null;

  constructor(
    options: SnapshotWriterOptions,
    request: SnapshotRequest,
    folder: NewSnapshotFolder,
    onComplete: (completed: CompletedSnapshot) => void,
  ) {
    this.#options = options;
    this.#request = request;
    this.#folder = folder;
    this.#onComplete = onComplete;
    for (const operator of options.plan.operators) {
      this.#operators.set(operator.uid, operator);
      this.#subtasks.set(operator, new Map());
      this.#missing += operator.parallelism;
    }
  }

  acknowledge(uid: string, subtask: number, snapshot: OperatorSnapshot | null): void {
    const operator = this.#operators.get(uid);
    const subtasks = operator && this.#subtasks.get(operator);
    if (operator === undefined || subtasks === undefined || subtask >= operator.parallelism) {
      throw new RangeError(`the plan has no subtask ${String(subtask)} of operator "${uid}"`);
    }
    if (subtasks.has(subtask)) throw new RangeError(`subtask ${String(subtask)} of operator "${uid}" was acknowledged twice`);
    subtasks.set(subtask, subtaskMetadata(subtask, null, null));
    this.#missing--;
    if (snapshot === null) return;
    this.#describe(operator, snapshot);
    this.#waiting.push({ operator, subtask, snapshot });
  }

  advance(budgetMs: number): CompletedSnapshot | null {
    try {
      const deadline = this.#options.clock() + budgetMs;
      while (this.#waiting.length > 0) {
        const left = deadline - this.#options.clock();
        if (left <= 0) return null;
        this.#writeNext(left);
      }
      return this.#missing > 0 ? null : this.#complete();
    } catch (error) {
      throw new Error(
        `The ${this.#request.kind} cannot be written to ${this.#folder.path}: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      );
    }
  }

  abort(): void {
    for (const { snapshot } of this.#waiting) snapshot.keyed?.release();
    this.#waiting.length = 0;
    try {
      this.#open?.stream.close();
    } finally {
      this.#open = null;
      // What is here is not a snapshot: `_metadata` comes last.
      this.#folder.remove();
    }
  }

  /** Works on the first part that is waiting; takes it off once it is written. */
  #writeNext(budgetMs: number): void {
    const part = this.#waiting[0];
    if (part === undefined) return;
    const { operator, subtask, snapshot } = part;
    let keyed: KeyedStateHandle | null = null;
    if (snapshot.keyed !== null) {
      const open = (this.#open ??= this.#openKeyedStream(operator, subtask, snapshot.keyed));
      const done = open.frozen.advance(
        (keyGroup, block) => {
          open.writer.add(keyGroup, block);
        },
        budgetMs,
        this.#options.clock,
      );
      if (!done) return;
      this.#open = null;
      const firstKeyGroup = open.frozen.keyGroups.start;
      keyed = {
        kind: 'keyGroups',
        form: 'savepoint',
        firstKeyGroup,
        offsets: open.writer.offsets,
        stream: this.#finish(open.stream),
        id: '',
      };
    }
    // State without elements is left out: Flink refuses a job that lacks an operator as soon as there is a stream for it.
    const states = snapshot.operatorStates.filter((state) => (state.mode === 'BROADCAST' ? state.entries : state.elements).length > 0);
    const operatorState = states.length === 0 ? null : this.#writeOperatorStates(operator, subtask, states);
    this.#subtasks.get(operator)?.set(subtask, subtaskMetadata(subtask, keyed, operatorState));
    this.#waiting.shift();
  }

  #openKeyedStream(operator: PlanOperator, subtask: number, frozen: FrozenKeyedState): OpenKeyedStream {
    const range = keyGroupRangeOf(this.#options.plan.options.maxParallelism, operator.parallelism, subtask);
    if (range.start !== frozen.keyGroups.start || range.end !== frozen.keyGroups.end) {
      throw new RangeError(`subtask ${String(subtask)} of operator "${operator.uid}" does not hold the key groups that are its own`);
    }
    const stream = this.#stream(operator, subtask, 'keyed');
    const header = keyedHeader(frozen.schema.keyType.serializer, keyedMetaInfos(frozen.schema));
    const writer = new KeyedStreamWriter(header, frozen.keyGroups, (bytes) => {
      stream.write(bytes);
    });
    return { frozen, stream, writer };
  }

  #writeOperatorStates(operator: PlanOperator, subtask: number, states: readonly OperatorStateSnapshot[]): OperatorStateHandle {
    const { bytes, partitions } = writeOperatorStream(states.map(contentOf));
    const stream = this.#stream(operator, subtask, 'operator');
    stream.write(bytes);
    return { partitions, stream: this.#finish(stream), merged: null };
  }

  #stream(operator: PlanOperator, subtask: number, kind: string): StateStream {
    const { files, inlineThreshold } = this.#options;
    return new StateStream(files, this.#folder, `${operator.operatorId}-${String(subtask)}-${kind}`, inlineThreshold);
  }

  #finish(stream: StateStream): ReturnType<StateStream['finish']>['handle'] {
    const { handle, file } = stream.finish();
    if (file !== null) this.#written.push(file);
    this.#stateBytes += stream.length;
    return handle;
  }

  #describe(operator: PlanOperator, snapshot: OperatorSnapshot): void {
    if (this.#states.has(operator)) return;
    const keyed = snapshot.keyed?.schema.states.map((state) => ({ name: state.name, kind: state.kind, type: stateTypeName(state) })) ?? [];
    const own = snapshot.operatorStates.map((state) => ({
      name: state.name,
      kind: state.mode,
      type: storedTypeName(state),
    }));
    this.#states.set(operator, { key: snapshot.keyed?.schema.keyType.name ?? null, states: [...keyed, ...own] });
  }

  #complete(): CompletedSnapshot {
    const { files, metadataVersion } = this.#options;
    const metadata = writeMetadata({
      version: metadataVersion,
      checkpointId: this.#request.checkpointId,
      masterStates: [],
      operators: this.#options.plan.operators.map((operator) => this.#operatorMetadata(operator)),
      properties: null,
    });
    const hash = files.sha256();
    hash.update(metadata);
    this.#written.push({ path: METADATA_FILE, size: metadata.length, sha256: hash.hex() });
    const part = this.#folder.fileNamed(METADATA_FILE + PART_SUFFIX);
    writeFile(files, part, metadata);
    const createdAt = this.#options.now();
    writeFile(files, this.#folder.fileNamed(MANIFEST_FILE), encodeUtf8(this.#manifestText(createdAt)));
    files.rename(part, this.#folder.fileNamed(METADATA_FILE));
    const completed: CompletedSnapshot = {
      checkpointId: this.#request.checkpointId,
      kind: this.#request.kind,
      path: this.#folder.path,
      stateBytes: this.#stateBytes,
      createdAt,
    };
    this.#onComplete(completed);
    return completed;
  }

  #operatorMetadata(operator: PlanOperator): OperatorMetadata {
    const subtasks = [...(this.#subtasks.get(operator)?.values() ?? [])];
    return {
      operatorId: operator.operatorId,
      name: operator.uid,
      uid: operator.uid,
      parallelism: operator.parallelism,
      maxParallelism: this.#options.plan.options.maxParallelism,
      coordinatorState: null,
      finished: false,
      subtasks: subtasks.sort((a, b) => a.index - b.index),
    };
  }

  #manifestText(createdAt: number): string {
    const { plan, program, files } = this.#options;
    const { kind, trigger, checkpointId } = this.#request;
    return manifestText(
      {
        format: 1,
        pipeline: plan.name,
        program,
        kind,
        checkpointId,
        trigger,
        createdAt,
        stateBytes: this.#stateBytes,
        maxParallelism: plan.options.maxParallelism,
        operators: plan.operators.map((operator) => this.#manifestOperator(operator)),
        files: this.#written,
      },
      files,
    );
  }

  #manifestOperator(operator: PlanOperator): ManifestOperator {
    const described = this.#states.get(operator);
    return {
      uid: operator.uid,
      operatorId: operator.operatorId,
      kind: operator.spec.kind,
      parallelism: operator.parallelism,
      inputs: operator.inputs.map((edge) => this.#options.plan.operators[edge.from]?.uid ?? ''),
      emits: operator.emits?.name ?? null,
      key: described?.key ?? null,
      states: described?.states ?? [],
    };
  }
}

function subtaskMetadata(
  index: number,
  managedKeyedState: KeyedStateHandle | null,
  managedOperatorState: OperatorStateHandle | null,
): SubtaskMetadata {
  return {
    index,
    finished: false,
    managedOperatorState,
    rawOperatorState: null,
    managedKeyedState,
    rawKeyedState: null,
    inputChannels: [],
    resultSubpartitions: [],
  };
}

function contentOf(state: OperatorStateSnapshot): OperatorStateContent {
  if (state.mode === 'BROADCAST') {
    const { name, key, value, entries } = state;
    return {
      mode: state.mode,
      name,
      key: key.serializer,
      value: value.serializer,
      count: entries.length,
      writeEntry: (writer, index) => {
        const entry = entries[index];
        if (entry === undefined) return;
        key.write(writer, entry[0]);
        value.write(writer, entry[1]);
      },
    };
  }
  const { mode, name, element, elements } = state;
  return {
    mode,
    name,
    element: element.serializer,
    count: elements.length,
    writeElement: (writer, index) => {
      element.write(writer, elements[index]);
    },
  };
}
