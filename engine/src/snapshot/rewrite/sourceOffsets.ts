import { ByteWriter } from '../bytes/byteWriter.ts';
import { sameBytes } from '../bytes/sameBytes.ts';
import { movedLogPosition, withLogPosition } from '../connectorState/cdcState.ts';
import { withSplitPayload } from '../connectorState/connectorElement.ts';
import { whole, type ConnectorView } from '../connectorState/connectorView.ts';
import { describeLegacyKafka, LEGACY_KAFKA_PLACES, LEGACY_KAFKA_STATE, withLastOffset } from '../connectorState/legacyKafkaState.ts';
import { describeSourceSplit, SOURCE_READER_STATE } from '../connectorState/sourceState.ts';
import type { DumpValue } from '../values/dumpValue.ts';
import { longOf } from '../values/valueParts.ts';
import type { StoredSubtask } from './operatorRewrite.ts';
import { refuse } from './rewritePlan.ts';
import type { StateReport } from './rewriteReport.ts';
import type { TargetOperator } from './targetOperators.ts';

type MoveOffset = TargetOperator['offsets'][number];

const PLACES = { latest: -1n, earliest: -2n, committed: -3n } as const;
const LONG_SIZE = 8;

/**
 * Makes sources go on elsewhere: in the splits that their readers keep, the offset of the next record is another. An edit that is about
 * none of the splits is a mistake. @throws RewriteRefused
 */
export function moveOffsets(
  subtasks: readonly StoredSubtask[],
  { offsets, label }: TargetOperator,
  report: StateReport | null,
): readonly StoredSubtask[] {
  if (offsets.length === 0) return subtasks;
  const missed = new Set(offsets);
  const met = new Set<string>();
  const moved = subtasks.map((subtask) => ({
    ...subtask,
    managed: subtask.managed.map((state) => {
      const { name } = state.meta;
      if (name !== SOURCE_READER_STATE && name !== LEGACY_KAFKA_STATE) return state;
      const parts = state.parts.map((part) => {
        const split = name === LEGACY_KAFKA_STATE ? describeLegacyKafka(part) : splitIn(part);
        met.add(split?.text ?? 'a split of a connector that is not known');
        if (split === null) return part;
        let now = part;
        for (const edit of offsets) {
          if (!isMeant(split, edit)) continue;
          now = movedSplit(now, split, edit, label);
          missed.delete(edit);
        }
        if (report !== null && !sameBytes(now, part)) report.changed++;
        return now;
      });
      return { ...state, parts };
    }),
  }));
  for (const { topic, partition } of missed) {
    const name = [topic === undefined ? [] : `topic ${topic}`, partition === undefined ? [] : `partition ${String(partition)}`]
      .flat()
      .join(', ');
    refuse(
      `${label}: no reader has a split ${name === '' ? 'whose offset' : `of ${name} whose offset`} can be moved; there is ${[...met].join('; ') || 'none'}`,
    );
  }
  return moved;
}

/** An element is an array of bytes; null where the split is of a connector that is not known. */
function splitIn(element: Uint8Array): ConnectorView | null {
  const bytes = whole(element, (reader) => reader.bytes32());
  return bytes === null ? null : describeSourceSplit(bytes);
}

/** A generator's numbers have no topic. */
function isMeant({ kind, fields }: ConnectorView, { topic, partition }: MoveOffset): boolean {
  switch (kind) {
    case 'kafkaSplit':
    case 'dynamicKafkaSplit':
      return (topic ?? fields['topic']) === fields['topic'] && (partition ?? fields['partition']) === fields['partition'];
    case 'legacyKafkaOffset':
      return (topic ?? fields['topic']) === fields['topic'] && (partition ?? fields['partition']) === fields['partition'];
    case 'generatorSplit':
    case 'cdcStreamSplit':
      return topic === undefined && partition === undefined;
    default:
      // Positions in files are known to their readers only, and a sequence of Flink does not say where its part begins.
      return false;
  }
}

function movedSplit(element: Uint8Array, { kind, fields }: ConnectorView, { offset }: MoveOffset, label: string): Uint8Array {
  if (kind === 'cdcStreamSplit') return movedLog(element, fields, offset, label);
  const moved = element.slice();
  const view = new DataView(moved.buffer);
  if (kind === 'generatorSplit') {
    view.setBigInt64(moved.length - LONG_SIZE, numberFrom(offset, fields, label));
    return moved;
  }
  if (kind === 'legacyKafkaOffset') return withLastOffset(element, lastOffset(offset, label));
  const place = typeof offset === 'number' ? BigInt(offset) : isPlace(offset) ? PLACES[offset] : null;
  if (place === null || place < PLACES.committed) return refuse(`${label}: ${String(offset)} is not an offset`);
  // Where it stops reading comes last.
  view.setBigInt64(moved.length - 2 * LONG_SIZE, place);
  return moved;
}

function isPlace(offset: MoveOffset['offset']): offset is keyof typeof PLACES {
  return typeof offset === 'string' && Object.hasOwn(PLACES, offset);
}

/** FlinkKafkaConsumer keeps the offset of the last record that it read. */
function lastOffset(offset: MoveOffset['offset'], label: string): bigint {
  if (isPlace(offset)) return LEGACY_KAFKA_PLACES[offset];
  if (typeof offset === 'string' || offset < 0) return refuse(`${label}: ${String(offset)} is not an offset`);
  // Before the first record there is none.
  return offset === 0 ? LEGACY_KAFKA_PLACES.earliest : BigInt(offset) - 1n;
}

function movedLog(element: Uint8Array, { start = null }: ConnectorView['fields'], offset: MoveOffset['offset'], label: string): Uint8Array {
  const position = typeof start === 'object' && start !== null ? (start as Readonly<Record<string, DumpValue>>) : {};
  const to = typeof offset === 'string' && !isPlace(offset) ? movedLogPosition(position, offset) : null;
  if (to === null)
    return refuse(
      `${label}: ${String(offset)} is not a place in its log: FILE:POS is needed, such as mysql-bin.000042:4, or NAME=VALUE of ${Object.keys(position).join(', ')}`,
    );
  const bytes = whole(element, (reader) => reader.bytes32());
  const split = bytes === null ? null : withSplitPayload(bytes, (payload) => withLogPosition(payload, to));
  if (split === null) return refuse(`${label}: its split cannot be written`);
  const writer = new ByteWriter(split.length + 4);
  writer.i32(split.length);
  writer.raw(split);
  return writer.toBytes();
}

/** The first number from `offset` on of a share that has every `step`th. */
function numberFrom(
  offset: MoveOffset['offset'],
  { next = null, step = null }: Readonly<Record<string, DumpValue>>,
  label: string,
): bigint {
  const from = offset === 'earliest' ? 0n : typeof offset === 'string' || offset < 0 ? null : BigInt(offset);
  if (from === null) return refuse(`${label}: numbers are counted from 0, and ${String(offset)} is none of them`);
  const every = longOf(step);
  return from + ((((longOf(next) - from) % every) + every) % every);
}
