import type { SourceConnector } from '../plan/operatorSpec.ts';
import type { OperatorSnapshot, RestoredOperator } from '../state/operatorSnapshot.ts';
import type { Backlog, Batch, ConnectorHost, OpenSource, SourceReader, SourceStatus } from './connector.ts';
import type { Operator, OperatorContext, Output } from './operator.ts';
import { byteArray, fromVersionedBytes, toVersionedBytes } from './versionedBytes.ts';

/** Flink's name for the splits of a source operator. */
export const SOURCE_READER_STATE = 'SourceReaderState';

/**
 * The head of a chain that reads from outside. Its task polls it; it is never handed a record.
 * State: the splits of its reader, as Flink's SourceOperator keeps them.
 */
export class SourceOperator implements Operator {
  readonly #connector: SourceConnector;
  readonly #host: ConnectorHost;
  #output: Output | null = null;
  #context: OperatorContext | null = null;
  #reader: SourceReader | null = null;

  constructor(connector: SourceConnector, host: ConnectorHost) {
    this.#connector = connector;
    this.#host = host;
  }

  open(context: OperatorContext): void {
    this.#context = context;
    this.#output = context.output;
  }

  /** Opens the reader: on a fresh start its splits are null. */
  restore(restored: RestoredOperator): void {
    const context = this.#context;
    if (context === null) throw new Error('a source is opened before it is restored');
    const splits = restored.known ? restored.listState(SOURCE_READER_STATE).map(fromVersionedBytes) : null;
    const open = this.#connector.open as OpenSource;
    this.#reader = open(this.#host, { uid: context.uid, subtask: context.subtask, parallelism: context.parallelism }, splits);
  }

  poll(batch: Batch, limit: number): SourceStatus {
    if (this.#reader === null) throw new Error('a source is restored before it is polled');
    return this.#reader.poll(batch, limit);
  }

  backlog(): Backlog {
    return this.#reader?.backlog?.() ?? { amount: 0, unit: 'records' };
  }

  onRecord(): void {
    throw new Error('a source has no input');
  }

  onWatermark(watermark: number): void {
    this.#output?.watermark(watermark);
  }

  snapshot(): OperatorSnapshot {
    const elements = (this.#reader?.snapshot() ?? []).map(toVersionedBytes);
    return {
      keyed: null,
      operatorStates: [{ mode: 'SPLIT_DISTRIBUTE', name: SOURCE_READER_STATE, element: byteArray, elements }],
    };
  }

  onCheckpointComplete(checkpointId: number): void {
    this.#reader?.onCheckpointComplete?.(checkpointId);
  }

  close(): void {
    const reader = this.#reader;
    this.#reader = null;
    reader?.close();
  }
}
