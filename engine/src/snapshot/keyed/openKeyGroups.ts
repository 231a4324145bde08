import { FormatError } from '../bytes/formatError.ts';
import type { KeyGroupsHandle } from '../metadata/snapshotMetadata.ts';
import type { StateStream } from '../storage/stateStream.ts';
import type { FlinkMajor } from '../values/flinkMajor.ts';
import type { KnownClasses } from '../values/knownClasses.ts';
import { CanonicalRows } from './canonicalRows.ts';
import { HeapRows } from './heapRows.ts';
import type { KeyedRows } from './keyedRows.ts';
import { readKeyedHeader, type KeyedHeader } from './keyedStream.ts';
import { codecOf } from './stateCodec.ts';
import { isHeapLayout, sectionsOf, type StreamSection } from './streamSections.ts';

/** Keyed state that is in one stream with an offset for each key group, in either layout. Reads its header. @throws FormatError */
export async function openKeyGroups(
  stream: StateStream,
  handle: KeyGroupsHandle,
  maxParallelism: number,
  flink: FlinkMajor,
  knownFor: (header: KeyedHeader) => Promise<KnownClasses>,
): Promise<KeyedRows> {
  const sections = sectionsOf(handle, stream.size);
  // One without entries is either not there (canonical), or says so (heap).
  for (const { keyGroup, offset, size } of sections) {
    if (offset > 0 && size <= 0)
      throw new FormatError(
        `key group ${String(keyGroup)} begins at ${String(offset)}, where the stream of ${String(stream.size)} bytes has ended`,
        offset,
      );
  }
  const header = await readHeaderOf(stream, sections);
  const canonical = new CanonicalRows(stream, header, sections, maxParallelism);
  if (!(await isHeapLayout(stream, handle, sections)) || (await isAlsoCanonical(canonical))) return canonical;
  return new HeapRows(stream, header, sections, maxParallelism, codecOf(header, flink, await knownFor(header)));
}

/** Of keyed state that is in one stream. @throws FormatError */
export async function keyGroupsHeader(stream: StateStream, handle: KeyGroupsHandle): Promise<KeyedHeader> {
  return readHeaderOf(stream, sectionsOf(handle, stream.size));
}

async function readHeaderOf(stream: StateStream, sections: readonly StreamSection[]): Promise<KeyedHeader> {
  const end = Math.min(stream.size, ...sections.filter((section) => section.size > 0).map((section) => section.offset));
  return readKeyedHeader(await stream.read(0, end));
}

/** Only where key group 0 is the whole range do both layouts begin alike. What reads as canonical to its end is canonical. */
async function isAlsoCanonical(rows: CanonicalRows): Promise<boolean> {
  if (rows.sections.length !== 1 || rows.sections[0]?.keyGroup !== 0) return false;
  try {
    return await rows.scan(0, () => undefined);
  } catch (error) {
    if (error instanceof FormatError) return false;
    throw error;
  }
}
