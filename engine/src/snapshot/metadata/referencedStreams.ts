import type { ChannelHandle, KeyedStateHandle, OperatorStateHandle, SnapshotMetadata, StreamHandle } from './snapshotMetadata.ts';

/** All streams of state that a snapshot refers to, one by one. */
export function* referencedStreams({ operators }: SnapshotMetadata): Generator<StreamHandle> {
  for (const { coordinatorState, subtasks } of operators) {
    if (coordinatorState !== null) yield* inner(coordinatorState);
    for (const subtask of subtasks) {
      yield* ofOperatorState(subtask.managedOperatorState);
      yield* ofOperatorState(subtask.rawOperatorState);
      yield* ofKeyedState(subtask.managedKeyedState);
      yield* ofKeyedState(subtask.rawKeyedState);
      for (const channel of [...subtask.inputChannels, ...subtask.resultSubpartitions]) yield* ofChannel(channel);
    }
  }
}

function* inner(handle: StreamHandle | null): Generator<StreamHandle> {
  if (handle?.kind === 'keyGroups') yield* inner(handle.stream);
  else if (handle !== null) yield handle;
}

function ofOperatorState(handle: OperatorStateHandle | null): Generator<StreamHandle> {
  return inner(handle?.stream ?? null);
}

function ofChannel(channel: ChannelHandle): Generator<StreamHandle> {
  return inner(channel.stream);
}

function* ofKeyedState(handle: KeyedStateHandle | null): Generator<StreamHandle> {
  switch (handle?.kind) {
    case undefined:
    case 'changelogMemory':
      return;
    case 'keyGroups':
      yield* inner(handle.stream);
      return;
    case 'incremental':
      yield* inner(handle.header);
      for (const { stream } of [...handle.shared, ...handle.private]) yield* inner(stream);
      return;
    case 'changelog':
      for (const part of [...handle.base, ...handle.delta]) yield* ofKeyedState(part);
      return;
    case 'changelogFiles':
      for (const { stream } of handle.streams) yield* inner(stream);
  }
}
