import type { KeyGroupsHandle } from '../metadata/snapshotMetadata.ts';
import type { StateStream } from '../storage/stateStream.ts';
import type { KeyGroupSection } from './keyedRows.ts';

/** Where a key group is in its stream. */
export interface StreamSection extends KeyGroupSection {
  readonly offset: number;
  readonly size: number;
}

/** A key group reaches to where the next one begins, whatever their order in the stream. An offset of 0, or below, is that of an empty one. */
export function sectionsOf(handle: KeyGroupsHandle, streamSize: number): StreamSection[] {
  const starts = [...new Set(handle.offsets.filter((offset) => offset > 0))].sort((a, b) => a - b);
  const ends = new Map(starts.map((start, i) => [start, starts[i + 1] ?? streamSize]));
  return handle.offsets.map((offset, i) => {
    const end = ends.get(offset);
    return { keyGroup: handle.firstKeyGroup + i, offset, size: end === undefined ? 0 : end - offset };
  });
}

/**
 * Nothing in a checkpoint says which layout its keyed state has; savepoints are canonical. The heap layout has every key group, even
 * empty ones, and each begins with its number. The first and the last one tell: a canonical block begins with a state id and a length,
 * which together are a key group's number only where both are 0.
 */
export async function isHeapLayout(stream: StateStream, handle: KeyGroupsHandle, sections: readonly StreamSection[]): Promise<boolean> {
  if (handle.form === 'savepoint' || sections.some((section) => section.size < 4)) return false;
  for (const section of [sections[0], sections.at(-1)]) {
    if (section === undefined) return false;
    const found = (await stream.read(section.offset, 4)).i32();
    if (found !== section.keyGroup) return false;
  }
  return true;
}
