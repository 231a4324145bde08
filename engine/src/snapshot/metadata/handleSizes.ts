import type { ChannelHandle, KeyedStateHandle, NamedStream, OperatorStateHandle, StreamHandle } from './snapshotMetadata.ts';

/** Sizes in bytes, as Flink counts them for its own display of a checkpoint's size. */
export function streamSize(handle: StreamHandle | null): number {
  switch (handle?.kind) {
    case undefined:
    case 'emptySegment':
      return 0;
    case 'inline':
      return handle.data.length;
    case 'keyGroups':
      return streamSize(handle.stream);
    case 'file':
    case 'relativeFile':
    case 'segment':
      return handle.size;
  }
}

export function operatorStateSize(handle: OperatorStateHandle | null): number {
  return streamSize(handle?.stream ?? null);
}

export function keyedStateSize(handle: KeyedStateHandle | null): number {
  switch (handle?.kind) {
    case undefined:
      return 0;
    case 'keyGroups':
      return streamSize(handle.stream);
    case 'incremental':
      return streamSize(handle.header) + namedSize(handle.shared) + namedSize(handle.private);
    case 'changelog':
      return [...handle.base, ...handle.delta].reduce((sum, part) => sum + keyedStateSize(part), 0);
    case 'changelogMemory':
      return handle.changes.reduce((sum, { change }) => sum + change.length, 0);
    case 'changelogFiles':
      return handle.stateSize;
  }
}

function namedSize(streams: readonly NamedStream[]): number {
  return streams.reduce((sum, { stream }) => sum + streamSize(stream), 0);
}

export function channelSize(handle: ChannelHandle): number {
  return handle.size;
}
