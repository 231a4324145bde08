import type { SinkConnector } from '../plan/operatorSpec.ts';
import type { OperatorSnapshot, RestoredOperator } from '../state/operatorSnapshot.ts';
import type { ValueCheck } from '../state/valueCheck.ts';
import type { Type } from '../types/type.ts';
import type { ConnectorHost, OpenSink, SinkWriter } from './connector.ts';
import type { Operator, OperatorContext } from './operator.ts';
import { byteArray, fromVersionedBytes, toVersionedBytes } from './versionedBytes.ts';

/** Flink's name for the state of a sink's writer. */
export const SINK_WRITER_STATE = 'writer_raw_states';

/** The end of a chain. State: the transactions that are not committed yet, which a restore commits. */
export class SinkOperator implements Operator {
  readonly #connector: SinkConnector;
  readonly #host: ConnectorHost;
  readonly #type: Type<unknown>;
  /** Of the records that come: a writer would write something else for a wrong one, or fail at its next flush. Null where nothing is written. */
  readonly check: ValueCheck | null;
  #context: OperatorContext | null = null;
  #writer: SinkWriter | null = null;

  /** `type` is that of the stream which the sink ends. */
  constructor(connector: SinkConnector, host: ConnectorHost, type: Type<unknown>, check: ValueCheck | null) {
    this.check = check;
    this.#connector = connector;
    this.#host = host;
    this.#type = type;
  }

  open(context: OperatorContext): void {
    this.#context = context;
  }

  /** Opens the writer: on a fresh start there are no transactions to commit, which is null. */
  restore(restored: RestoredOperator): void {
    const context = this.#context;
    if (context === null) throw new Error('a sink is opened before it is restored');
    const pending = restored.known ? restored.listState(SINK_WRITER_STATE).map(fromVersionedBytes) : null;
    const open = this.#connector.open as OpenSink;
    this.#writer = open(this.#host, { uid: context.uid, subtask: context.subtask, parallelism: context.parallelism }, this.#type, pending);
  }

  /** The connector's writer, for chains that call it without a detour. */
  get writer(): SinkWriter {
    if (this.#writer === null) throw new Error('a sink is restored before it is written to');
    return this.#writer;
  }

  onRecord(value: unknown, timestamp: number): void {
    this.check?.check(value);
    this.writer.write(value, timestamp);
  }

  onWatermark(): void {
    // The stream ends here.
  }

  snapshot(checkpointId: number, snapshot: 'checkpoint' | 'savepoint'): OperatorSnapshot {
    const elements = this.writer.prepareCommit(checkpointId, snapshot).map(toVersionedBytes);
    return {
      keyed: null,
      operatorStates: [{ mode: 'SPLIT_DISTRIBUTE', name: SINK_WRITER_STATE, element: byteArray, elements }],
    };
  }

  onCheckpointComplete(checkpointId: number): void {
    this.writer.commit(checkpointId);
  }

  /** All input has come and no checkpoint will follow. */
  finish(): void {
    this.writer.finish();
  }

  close(): void {
    const writer = this.#writer;
    this.#writer = null;
    writer?.close();
  }
}
