import type { KeyedStateHandle, StreamHandle } from '../metadata/snapshotMetadata.ts';

type IncrementalHandle = Extract<KeyedStateHandle, { kind: 'incremental' }>;

const TABLE_SUFFIX = '.sst';

/**
 * Whether two handles of a backend with tables have the same key groups and exactly the same tables. Flink never writes to a file again
 * that a checkpoint has named, so what is in them is the same. Headers are other files each time, and are for the caller to compare.
 */
export function haveSameTables(before: KeyedStateHandle | null, after: KeyedStateHandle | null): boolean {
  if (before?.kind !== 'incremental' || after?.kind !== 'incremental') return false;
  if (before.firstKeyGroup !== after.firstKeyGroup || before.keyGroupCount !== after.keyGroupCount) return false;
  const one = tablesOf(before);
  const two = tablesOf(after);
  return one !== null && two !== null && one.length > 0 && one.length === two.length && one.every((table, i) => table === two[i]);
}

/** In no particular order of the handles; null where one cannot be told from others by its name. */
function tablesOf({ shared, private: own }: IncrementalHandle): string[] | null {
  const names: string[] = [];
  for (const { name, stream } of [...shared, ...own]) {
    if (!name.endsWith(TABLE_SUFFIX)) continue;
    const file = fileOf(stream);
    if (file === null) return null;
    names.push(file);
  }
  return names.sort();
}

/** Only absolute paths name the same file in two snapshots. */
function fileOf(stream: StreamHandle | null): string | null {
  if (stream?.kind === 'file') return `${stream.path} ${String(stream.size)}`;
  if (stream?.kind === 'segment') return `${stream.path} ${String(stream.start)} ${String(stream.size)}`;
  return null;
}
