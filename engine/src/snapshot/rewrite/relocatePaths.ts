import type { KeyedStateHandle, NamedStream, StreamHandle, SubtaskMetadata } from '../metadata/snapshotMetadata.ts';
import type { Snapshot } from '../snapshot.ts';
import { writeMetadata, type WritableVersion } from '../metadata/writeMetadata.ts';
import { snapshotFacts } from '../snapshotFacts.ts';
import { plainPath } from '../storage/locateFile.ts';
import type { PathMapping } from '../storage/snapshotStorage.ts';
import { refuse } from './rewritePlan.ts';

/**
 * `_metadata` that names the same files by other absolute paths: those that begin with `from` begin with `to` instead. `file:/path`,
 * `file:///path` and `/path` are the same; what was a local file is written with `file:`, so that no default of a cluster decides. Files that
 * are named relative to the snapshot's folder are named by where they are, because what is written is elsewhere. Nothing else changes.
 * `moved` counts the paths that became others. @throws RewriteRefused
 */
export function relocatePaths({ metadata, folder }: Snapshot, mappings: readonly PathMapping[]): { bytes: Uint8Array; moved: number } {
  const { version } = metadata;
  if (version < 4)
    return refuse(`metadata of version ${String(version)} is of a Flink before 1.16: write the snapshot again with tidemark edit instead`);
  let moved = 0;
  const path = (text: string): string => {
    const plain = plainPath(text);
    for (const { from, to } of mappings) {
      const begin = withoutSlash(plainPath(from));
      if (plain !== begin && !plain.startsWith(`${begin}/`)) continue;
      moved++;
      return withScheme(withoutSlash(plainPath(to)) + plain.slice(begin.length));
    }
    return text;
  };
  const relocation = new Relocation(path, /^[a-z][a-z0-9+.-]+:/i.test(folder) ? folder : `file:${folder}`);
  const operators = metadata.operators.map((operator) => ({
    ...operator,
    coordinatorState: relocation.stream(operator.coordinatorState),
    subtasks: operator.subtasks.map((subtask) => relocation.subtask(subtask)),
  }));
  return { bytes: writeMetadata({ ...metadata, version: version as WritableVersion, operators }), moved };
}

function withoutSlash(path: string): string {
  return path.replace(/(?<=.)\/+$/, '');
}

/** A local path gets its scheme. */
function withScheme(path: string): string {
  if (/^[a-z][a-z0-9+.-]+:/i.test(path)) return path;
  return /^[a-z]:/i.test(path) ? `file:/${path.replaceAll('\\', '/')}` : `file:${path}`;
}

/**
 * Folders that absolute paths of a snapshot begin with, and how many files each has; those with the most files come first. Of a job's
 * checkpoints it is the folder of the job.
 */
export function storedFolders({ metadata }: Snapshot): { readonly folder: string; readonly files: number }[] {
  const counts = new Map<string, number>();
  for (const { path, absolute } of snapshotFacts(metadata).files) {
    if (!absolute) continue;
    const folder = path.replace(/\/(?:(?:shared|taskowned|chk-\d+)\/)?[^/]*$/, '');
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return [...counts].map(([folder, files]) => ({ folder, files })).sort((a, b) => b.files - a.files);
}

class Relocation {
  readonly #path: (text: string) => string;
  readonly #folder: string;

  constructor(path: (text: string) => string, folder: string) {
    this.#path = path;
    this.#folder = folder;
  }

  subtask(subtask: SubtaskMetadata): SubtaskMetadata {
    const operatorState = (handle: SubtaskMetadata['managedOperatorState']): SubtaskMetadata['managedOperatorState'] =>
      handle && {
        ...handle,
        stream: this.stream(handle.stream),
        merged: handle.merged && {
          ...handle.merged,
          taskOwnedFolder: this.#path(handle.merged.taskOwnedFolder),
          sharedFolder: this.#path(handle.merged.sharedFolder),
        },
      };
    return {
      ...subtask,
      managedOperatorState: operatorState(subtask.managedOperatorState),
      rawOperatorState: operatorState(subtask.rawOperatorState),
      managedKeyedState: this.#keyed(subtask.managedKeyedState),
      rawKeyedState: this.#keyed(subtask.rawKeyedState),
      inputChannels: subtask.inputChannels.map((channel) => ({ ...channel, stream: this.stream(channel.stream) })),
      resultSubpartitions: subtask.resultSubpartitions.map((channel) => ({ ...channel, stream: this.stream(channel.stream) })),
    };
  }

  stream(handle: StreamHandle | null): StreamHandle | null {
    switch (handle?.kind) {
      case 'file':
      case 'segment':
        return { ...handle, path: this.#path(handle.path) };
      case 'keyGroups':
        return { ...handle, stream: this.stream(handle.stream) };
      case 'relativeFile':
        return { kind: 'file', path: this.#path(`${this.#folder}/${handle.path}`), size: handle.size };
      default:
        return handle;
    }
  }

  #keyed(handle: KeyedStateHandle | null): KeyedStateHandle | null {
    switch (handle?.kind) {
      case 'keyGroups':
        return { ...handle, stream: this.stream(handle.stream) };
      case 'incremental':
        return { ...handle, header: this.stream(handle.header), shared: this.#named(handle.shared), private: this.#named(handle.private) };
      case 'changelog':
        return { ...handle, base: this.#parts(handle.base), delta: this.#parts(handle.delta) };
      case 'changelogFiles':
        return { ...handle, streams: handle.streams.map(({ offset, stream }) => ({ offset, stream: this.stream(stream) })) };
      default:
        return handle;
    }
  }

  #parts(handles: readonly KeyedStateHandle[]): KeyedStateHandle[] {
    return handles.flatMap((handle) => this.#keyed(handle) ?? []);
  }

  #named(streams: readonly NamedStream[]): NamedStream[] {
    return streams.map(({ name, stream }) => ({ name, stream: this.stream(stream) }));
  }
}
