/** A member of an archive: a file, by the range of the archive that is its content. */
export interface ArchiveMember {
  readonly offset: number;
  readonly size: number;
  /** In ms since 1970. */
  readonly modified: number;
}

/**
 * The name of a member as it may be in a path. Archives come from anywhere: names that lead out of them are refused.
 * @throws with the name and the archive
 */
export function memberPath(archive: string, name: string): string {
  const parts = name.replaceAll('\\', '/').split('/');
  if (parts[0] === '' || /^[a-z]:/i.test(name) || parts.includes('..') || name.includes('\0'))
    throw new Error(`${archive} has a member named ${JSON.stringify(name)}, which leads out of the archive; it is not opened`);
  return parts.filter((part) => part !== '' && part !== '.').join('/');
}

/**
 * The one snapshot of an archive: the folder of its `_metadata`, or a folder of checkpoints, of which the newest is meant. Empty is the
 * archive's own top. @throws where there is none, or several that are not checkpoints of one root
 */
export function snapshotInside(archive: string, paths: Iterable<string>): string {
  const folders = [...paths].filter((path) => /(^|\/)_metadata$/.test(path)).map((path) => path.slice(0, -'/_metadata'.length));
  const [first, ...more] = folders;
  if (first === undefined) throw new Error(`${archive} has no snapshot inside: none of its members is named _metadata`);
  if (more.length === 0) return first;
  const roots = new Set(folders.map((folder) => /^(.*?)\/?chk-\d+$/.exec(folder)?.[1] ?? null));
  const [root] = roots;
  if (roots.size === 1 && root != null) return root;
  throw new Error(`${archive} has several snapshots: ${folders.join(', ')}. Unpack it, and open one of them`);
}
