import type { SnapshotStorage } from 'tidemark/snapshot';
import { snapshotInside, type ArchiveMember } from './archiveMembers.ts';
import type { RangedFile } from './rangedFile.ts';
import { tarMembers } from './tarMembers.ts';

/** The files inside a tar archive, read by ranges of it. Their paths are those of the archive with their names; `shown` is its name. */
export async function tarStorage(
  archive: RangedFile,
  shown: string,
): Promise<{ readonly storage: SnapshotStorage; readonly location: string }> {
  const members = await tarMembers(shown, archive.size, (offset, length) => archive.slice(offset, length));
  const inside = (path: string): string => path.slice(shown.length + 1);
  const memberOf = (path: string): ArchiveMember => {
    const member = members.get(inside(path));
    if (member === undefined) throw new Error(`${shown} has no member ${inside(path)}`);
    return member;
  };
  const storage: SnapshotStorage = {
    size: (path) => Promise.resolve().then(() => memberOf(path).size),
    exists: (path) => Promise.resolve(path.startsWith(`${shown}/`) && members.has(inside(path))),
    modified: (path) => Promise.resolve().then(() => memberOf(path).modified),
    async slice(path, offset, length) {
      const member = memberOf(path);
      if (offset + length > member.size)
        throw new Error(`${path} has ${String(member.size)} bytes, but bytes up to ${String(offset + length)} are needed: it is cut off`);
      return archive.slice(member.offset + offset, length);
    },
    list(folder) {
      const prefix = folder === shown ? '' : `${inside(folder)}/`;
      const names = new Set<string>();
      for (const path of members.keys()) if (path.startsWith(prefix)) names.add(path.slice(prefix.length).split('/')[0] ?? '');
      return Promise.resolve([...names]);
    },
    close: () => {
      archive.close();
      return Promise.resolve();
    },
  };
  const folder = snapshotInside(shown, members.keys());
  return { storage, location: folder === '' ? shown : `${shown}/${folder}` };
}
