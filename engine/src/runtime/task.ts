import type { Backlog } from '../operators/connector.ts';
import type { Batch, SourceStatus } from '../operators/connector.ts';
import { MAX_TIMESTAMP } from '../operators/operator.ts';
import { SinkOperator } from '../operators/sinkOperator.ts';
import { SourceOperator } from '../operators/sourceOperator.ts';
import { WatermarksOperator } from '../operators/watermarksOperator.ts';
import type { OperatorSnapshot } from '../state/operatorSnapshot.ts';
import type { ChainNode, Place } from './chainNode.ts';
import type { Channel, ControlElement } from './channel.ts';
import type { Counters, OnBatch } from './plainChain.ts';
import type { UserMetrics } from './userMetrics.ts';

export type Acknowledge = (uid: string, subtask: number, snapshot: OperatorSnapshot | null) => void;

/**
 * One subtask of a chain. Its input is either a source, which it polls, or channels, which it drains: barriers are aligned over them,
 * watermarks combined in the head's valve. Never called again once it has thrown.
 */
export class Task {
  readonly nodes: readonly ChainNode[];
  readonly subtask: number;
  readonly channels: readonly Channel[];
  readonly place: Place;
  readonly counters: Counters;
  readonly metrics: readonly UserMetrics[];
  /** Milliseconds that it has worked since the engine last looked, and the share of time which that was. */
  busyMs = 0;
  busyShare = 0;
  /** Its input has come to its end, and all that follows from it has happened. */
  hasEnded = false;
  /** A source has nothing before this time. */
  wakeAt = 0;
  readonly source: SourceOperator | null;
  readonly #onBatch: OnBatch;
  readonly #acknowledge: Acknowledge;
  readonly #batch: Batch = { values: [], timestamps: [], count: 0 };
  readonly #timed: readonly ChainNode[];
  readonly #watermarkMakers: readonly { readonly node: ChainNode; readonly operator: WatermarksOperator }[];
  #endedChannels = 0;
  #barriers = 0;

  constructor(parts: TaskParts) {
    this.nodes = parts.nodes;
    this.subtask = parts.subtask;
    this.channels = parts.channels;
    this.place = parts.place;
    this.counters = parts.counters;
    this.metrics = parts.metrics;
    this.#onBatch = parts.onBatch;
    this.#acknowledge = parts.acknowledge;
    this.#timed = parts.nodes.filter(({ operator }) => operator.nextProcessingTime !== undefined);
    this.#watermarkMakers = parts.nodes.flatMap((node) =>
      node.operator instanceof WatermarksOperator ? [{ node, operator: node.operator }] : [],
    );
    const [head] = parts.nodes;
    this.source = head?.operator instanceof SourceOperator ? head.operator : null;
  }

  /** Reads up to `limit` records from the source and runs them through the chain. True when there were any, or the source has ended. */
  poll(limit: number): boolean {
    const { source } = this;
    if (source === null || this.hasEnded) return false;
    const batch = this.#batch;
    batch.count = 0;
    this.#enter(0);
    const status: SourceStatus = source.poll(batch, limit);
    if (batch.count > 0) this.#run(0, batch.values, batch.timestamps, 0, batch.count);
    if (status.kind === 'end') this.endSource();
    else this.wakeAt = status.kind === 'waiting' ? status.wakeAt : 0;
    return batch.count > 0 || status.kind === 'end';
  }

  /** Nothing more will be read: the last watermark follows, which fires all timers, then the end. */
  endSource(): void {
    if (this.hasEnded) return;
    this.#enter(0);
    this.nodes[0]?.onWatermark(0, MAX_TIMESTAMP);
    this.#end();
  }

  /** Works off what is in the channels. True when there was anything. */
  drain(): boolean {
    let worked = false;
    for (let again = true; again;) {
      again = false;
      for (let i = 0; i < this.channels.length; i++) {
        const channel = this.channels[i];
        if (channel !== undefined && !channel.isEmpty && !channel.blocked) {
          this.#drainChannel(channel, i);
          again = true;
        }
      }
      worked ||= again;
    }
    return worked;
  }

  #drainChannel(channel: Channel, number: number): void {
    this.#enter(0);
    while (!channel.isEmpty && !channel.blocked) {
      const { from, to } = channel.takeRecords();
      if (to > from) this.#run(channel.input, channel.values, channel.timestamps, from, to);
      const control = channel.takeControl();
      if (control !== null) this.#control(channel, number, control);
    }
    channel.recycle();
  }

  #control(channel: Channel, number: number, element: ControlElement): void {
    const [head] = this.nodes;
    switch (element.kind) {
      case 'watermark':
        head?.onWatermark(number, element.watermark);
        break;
      case 'idle':
        head?.onIdle(number, element.idle);
        break;
      case 'barrier':
        channel.blocked = true;
        this.#barriers++;
        if (this.#barriers === this.channels.length) this.#aligned(element.checkpointId, element.snapshot);
        break;
      case 'end':
        this.#endedChannels++;
        if (this.#endedChannels === this.channels.length) this.#end();
    }
  }

  /** All barriers have come: the state of this moment is the checkpoint's. */
  #aligned(checkpointId: number, snapshot: 'checkpoint' | 'savepoint'): void {
    this.#barriers = 0;
    for (const channel of this.channels) channel.blocked = false;
    this.barrier(checkpointId, snapshot);
  }

  /** Freezes the state of all operators, O(1) each, and passes the barrier on at once. Barriers come after the end as well. */
  barrier(checkpointId: number, snapshot: 'checkpoint' | 'savepoint'): void {
    for (const node of this.nodes) {
      this.#enter(node.index);
      this.#acknowledge(node.plan.uid, this.subtask, node.operator.snapshot?.(checkpointId, snapshot) ?? null);
    }
    this.#send({ kind: 'barrier', checkpointId, snapshot });
  }

  #run(input: number, values: readonly unknown[], timestamps: readonly number[], from: number, to: number): void {
    this.#onBatch(input, values, timestamps, from, to);
    for (const { node, operator } of this.#watermarkMakers) {
      this.#enter(node.index);
      if (!operator.noteRecords(this.counters[2 * node.index] ?? 0)) continue;
      // First that the stream is awake: of one that is idle, watermarks are not looked at.
      node.sendIdle(false);
      operator.emitWatermark();
    }
  }

  /** When the next processing-time timer is due; MAX_TIMESTAMP when there is none. */
  nextProcessingTime(): number {
    let next = MAX_TIMESTAMP;
    if (this.hasEnded) return next;
    for (const { operator } of this.#timed) {
      const time = operator.nextProcessingTime?.() ?? MAX_TIMESTAMP;
      if (time < next) next = time;
    }
    return next;
  }

  /**
   * True when something was due. Each operator is asked once, so that records and barriers get their turn before what is due next.
   * As in Flink, processing-time timers that are left when the input has ended do not fire.
   */
  onProcessingTime(now: number): boolean {
    let fired = false;
    if (this.hasEnded) return fired;
    for (const node of this.#timed) {
      const { operator } = node;
      if ((operator.nextProcessingTime?.() ?? MAX_TIMESTAMP) > now) continue;
      fired = true;
      this.#enter(node.index);
      operator.onProcessingTime?.(now);
      if (operator instanceof WatermarksOperator) node.sendIdle(operator.idle);
    }
    return fired;
  }

  #end(): void {
    this.hasEnded = true;
    for (const node of this.nodes) {
      this.#enter(node.index);
      node.operator.onEndOfInput?.();
    }
    this.#send({ kind: 'end' });
  }

  onCheckpointComplete(checkpointId: number): void {
    for (const node of this.nodes) {
      this.#enter(node.index);
      node.operator.onCheckpointComplete?.(checkpointId);
    }
  }

  onCheckpointAborted(checkpointId: number): void {
    for (const node of this.nodes) {
      this.#enter(node.index);
      node.operator.onCheckpointAborted?.(checkpointId);
    }
  }

  /** The run has come to its end and no checkpoint will follow: sinks commit what is left. */
  finishSinks(): void {
    for (const node of this.nodes) {
      this.#enter(node.index);
      if (node.operator instanceof SinkOperator) node.operator.finish();
    }
  }

  /** Closes every operator, whatever the others throw; hands what they throw to `report`. */
  close(report: (uid: string, error: unknown) => void): void {
    for (const node of this.nodes) {
      try {
        node.operator.close?.();
      } catch (error) {
        report(node.plan.uid, error);
      }
    }
  }

  /** Records in the channels, or what the source has not read yet. */
  get backlog(): Backlog {
    if (this.source !== null && !this.hasEnded) return this.source.backlog();
    return { amount: this.channels.reduce((sum, channel) => sum + channel.backlog, 0), unit: 'records' };
  }

  #enter(index: number): void {
    this.place.at = this.nodes[index]?.plan.index ?? -1;
    this.place.subtask = this.subtask;
  }

  #send(element: ControlElement): void {
    for (const node of this.nodes) for (const exchange of node.exchanges) exchange.control(element);
  }
}

export interface TaskParts {
  readonly nodes: readonly ChainNode[];
  readonly subtask: number;
  readonly channels: readonly Channel[];
  readonly place: Place;
  readonly counters: Counters;
  /** One a node. */
  readonly metrics: readonly UserMetrics[];
  readonly onBatch: OnBatch;
  readonly acknowledge: Acknowledge;
}
