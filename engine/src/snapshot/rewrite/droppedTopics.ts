import { ByteReader } from '../bytes/byteReader.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';
import { whole, type ConnectorView } from '../connectorState/connectorView.ts';
import { kafkaEnumeratorWithout, type Partition } from '../connectorState/kafkaState.ts';
import { describeLegacyKafka, LEGACY_KAFKA_STATE } from '../connectorState/legacyKafkaState.ts';
import { describeCoordinator, describeSourceSplit, SOURCE_READER_STATE } from '../connectorState/sourceState.ts';
import type { StoredSubtask } from './operatorRewrite.ts';
import { refuse } from './rewritePlan.ts';
import type { StateReport } from './rewriteReport.ts';
import type { TargetOperator } from './targetOperators.ts';

type DropTopic = TargetOperator['topics'][number];

/**
 * Takes topics, or partitions of them, out of a Kafka source: out of the splits of its readers, and out of what its enumerator has assigned.
 * In one of them alone a partition would be read on, or would belong to nobody. An edit that is about no partition is a mistake.
 */
export class DroppedTopics {
  readonly #target: TargetOperator;
  readonly #missed: Set<DropTopic>;

  constructor(target: TargetOperator) {
    this.#target = target;
    this.#missed = new Set(target.topics);
  }

  /** Without their splits. */
  readers(subtasks: readonly StoredSubtask[], report: StateReport | null): readonly StoredSubtask[] {
    if (this.#target.topics.length === 0) return subtasks;
    return subtasks.map((subtask) => ({
      ...subtask,
      managed: subtask.managed.map((state) => {
        const { name } = state.meta;
        if (name !== SOURCE_READER_STATE && name !== LEGACY_KAFKA_STATE) return state;
        const parts = state.parts.filter(
          (part) => !this.#isDropped(partitionOf(name === LEGACY_KAFKA_STATE ? describeLegacyKafka(part) : splitIn(part))),
        );
        if (report !== null) report.written -= state.parts.length - parts.length;
        return { ...state, parts };
      }),
    }));
  }

  /** `state` is what the source's coordinator has; null where it has nothing. @throws RewriteRefused */
  enumerator(state: Uint8Array | null): Uint8Array | null {
    if (state === null || this.#target.topics.length === 0) return state;
    if (describeCoordinator(state)?.kind !== 'kafkaEnumerator')
      return refuse(
        `${this.#target.label}: its coordinator does not have the state of a Kafka source's enumerator, so that a topic cannot be taken out of it`,
      );
    const reader = new ByteReader(state);
    const [coordinator, version] = [reader.i32(), reader.i32()];
    const writer = new ByteWriter();
    writer.i32(coordinator);
    writer.i32(version);
    writer.bytes32(kafkaEnumeratorWithout(reader.bytes32(), version, (partition) => this.#isDropped(partition)));
    return writer.toBytes();
  }

  /** @throws RewriteRefused */
  checkMet(): void {
    for (const { topic, partition } of this.#missed)
      refuse(
        `${this.#target.label}: neither a reader nor the enumerator has topic ${topic}${partition === undefined ? '' : `, partition ${String(partition)}`}`,
      );
  }

  #isDropped(found: Partition | null): boolean {
    if (found === null) return false;
    const edits = this.#target.topics.filter(
      ({ topic, partition }) => topic === found.topic && (partition === undefined || partition === found.partition),
    );
    for (const edit of edits) this.#missed.delete(edit);
    return edits.length > 0;
  }
}

function splitIn(element: Uint8Array): ConnectorView | null {
  const bytes = whole(element, (reader) => reader.bytes32());
  return bytes === null ? null : describeSourceSplit(bytes);
}

/** Null where it is not of a Kafka source. */
function partitionOf(view: ConnectorView | null): Partition | null {
  if (view?.kind !== 'kafkaSplit' && view?.kind !== 'legacyKafkaOffset') return null;
  const { topic, partition } = view.fields;
  return typeof topic === 'string' && typeof partition === 'number' ? { topic, partition } : null;
}
