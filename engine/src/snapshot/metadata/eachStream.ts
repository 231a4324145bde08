import type { KeyedStateHandle, SnapshotMetadata, StreamHandle, SubtaskMetadata } from './snapshotMetadata.ts';

/** Every stream that the metadata names, in the order of the file. */
export function* eachStream(metadata: SnapshotMetadata): Generator<StreamHandle> {
  for (const operator of metadata.operators) {
    yield* present(operator.coordinatorState);
    for (const subtask of operator.subtasks) yield* ofSubtask(subtask);
  }
}

function* ofSubtask(subtask: SubtaskMetadata): Generator<StreamHandle> {
  yield* present(subtask.managedOperatorState?.stream);
  yield* present(subtask.rawOperatorState?.stream);
  yield* ofKeyed(subtask.managedKeyedState);
  yield* ofKeyed(subtask.rawKeyedState);
  for (const channel of [...subtask.inputChannels, ...subtask.resultSubpartitions]) yield* present(channel.stream);
}

function* ofKeyed(handle: KeyedStateHandle | null): Generator<StreamHandle> {
  switch (handle?.kind) {
    case undefined:
    case 'changelogMemory':
      return;
    case 'keyGroups':
      yield* present(handle.stream);
      return;
    case 'incremental':
      yield* present(handle.header);
      for (const { stream } of [...handle.shared, ...handle.private]) yield* present(stream);
      return;
    case 'changelog':
      for (const part of [...handle.base, ...handle.delta]) yield* ofKeyed(part);
      return;
    case 'changelogFiles':
      for (const { stream } of handle.streams) yield* present(stream);
  }
}

/** Of handles that wrap another, the innermost. */
function* present(handle: StreamHandle | null | undefined): Generator<StreamHandle> {
  if (handle == null) return;
  if (handle.kind === 'keyGroups') yield* present(handle.stream);
  else yield handle;
}
