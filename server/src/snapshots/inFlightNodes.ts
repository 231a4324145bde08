import type { ChannelContent, DumpValue, InFlightChannel, SnapshotOperator, SnapshotSubtask } from 'tidemark/snapshot';
import type { SnapshotNode, SnapshotPage } from '../protocol.ts';
import { id, type NodePlace } from './nodePlace.ts';
import { labelText, partsOf } from './valueText.ts';

interface PlacedChannel {
  readonly subtask: SnapshotSubtask;
  /** Of the subtask and of the channel in the lists of the snapshot. */
  readonly indices: { readonly subtask: number; readonly channel: number };
  readonly channel: InFlightChannel;
}

function channelsOf(operator: SnapshotOperator): PlacedChannel[] {
  return operator.subtasks.flatMap((subtask, i) =>
    subtask.inFlight().map((channel, j) => ({ subtask, channel, indices: { subtask: i, channel: j } })),
  );
}

/** What was on its way to an operator and from it; null where nothing was. */
export function inFlightNode(index: number, operator: SnapshotOperator): SnapshotNode | null {
  const channels = channelsOf(operator);
  if (channels.length === 0) return null;
  return {
    id: id({ is: 'inFlight', operator: index }),
    kind: 'fact',
    label: 'In flight',
    description: `${String(channels.length)} channels`,
    tooltip: 'Records that waited in inputs and results when the unaligned checkpoint was taken',
    sizeBytes: channels.reduce((sum, { channel }) => sum + channel.size, 0),
    expandable: true,
  };
}

/** Channels with what they hold: each that is shown is read once. */
export async function channelsPage(
  place: NodePlace & { is: 'inFlight' },
  operator: SnapshotOperator,
  offset: number,
  limit: number,
): Promise<SnapshotPage> {
  const channels = channelsOf(operator);
  const nodes: SnapshotNode[] = [];
  for (const { subtask, channel, indices } of channels.slice(offset, offset + limit)) {
    const content = await subtask.readInFlight(channel);
    nodes.push({
      id: id({ is: 'channel', operator: place.operator, ...indices }),
      kind: 'fact',
      label: channelName(channel),
      description: content === null ? 'empty' : contentInWords(content),
      tooltip: `Subtask ${String(channel.subtask)}`,
      sizeBytes: channel.size,
      expandable: (content?.elements ?? 0) > 0,
    });
  }
  return { nodes, total: channels.length };
}

function channelName({ direction, subtask, first, second }: InFlightChannel): string {
  return direction === 'input'
    ? `Subtask ${String(subtask)}, input ${String(first)}, channel ${String(second)}`
    : `Subtask ${String(subtask)}, result ${String(first)}, subpartition ${String(second)}`;
}

function contentInWords({ elements, buffers, tail, unclear }: ChannelContent): string {
  const cut = tail > 0 ? ', the last one cut off' : '';
  return `${unclear ? 'elements that cannot be told apart' : `${String(elements)} elements${cut}`}, ${String(buffers)} buffers`;
}

export async function elementsPage(
  place: NodePlace & { is: 'channel' },
  operator: SnapshotOperator,
  offset: number,
  limit: number,
): Promise<SnapshotPage> {
  const subtask = operator.subtasks[place.subtask];
  const channel = subtask?.inFlight()[place.channel];
  if (subtask === undefined || channel === undefined) return { nodes: [], total: 0 };
  const found: DumpValue[] = [];
  let seen = 0;
  await subtask.readInFlight(channel, (element) => {
    if (seen++ >= offset) found.push(element);
    return found.length <= limit;
  });
  const nodes = found.slice(0, limit).map((element, i): SnapshotNode => elementNode(place, offset + i, element));
  return { nodes, total: found.length > limit ? null : offset + nodes.length };
}

function elementNode(place: NodePlace & { is: 'channel' }, element: number, value: DumpValue): SnapshotNode {
  return {
    id: id({ ...place, element }),
    kind: 'fact',
    label: labelText(value),
    description: partsOf(value)
      .map(([name]) => name)
      .join(', '),
    tooltip: null,
    sizeBytes: null,
    expandable: false,
  };
}
