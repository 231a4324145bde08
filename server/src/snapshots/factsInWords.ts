import type { DamagedFile } from 'tidemark/restore';
import { snapshotFacts, type SnapshotFacts } from 'tidemark/snapshot';
import type { SnapshotSummary } from '../protocol.ts';

type Metadata = Parameters<typeof snapshotFacts>[0];

/** What a snapshot is, line by line, for the tree. Without checksums there is nothing that could be damaged. */
export function factsInWords(
  summary: SnapshotSummary,
  damaged: readonly DamagedFile[] | null,
  metadata: Metadata,
): [label: string, value: string][] {
  const facts = snapshotFacts(metadata);
  const rows: [string, string | null][] = [
    ['Kind', facts.type ?? facts.kind],
    ['Checkpoint id', String(summary.checkpointId)],
    ['Pipeline', summary.pipeline],
    ['Written', summary.createdAt === null ? null : new Date(summary.createdAt).toISOString()],
    ['Keyed state', facts.formats.length === 0 ? 'none' : facts.formats.join(', ')],
    ['Records in flight', facts.hasChannelState ? 'yes: it is an unaligned checkpoint' : null],
    ['Metadata', `version ${String(summary.version)}, written by Flink ${facts.writtenBy}, restored by ${facts.restoredBy}`],
    ['Files', filesInWords(facts)],
    ['Can be moved', facts.relocatable ? 'yes: all its files are in its folder' : 'no: it names files by absolute paths'],
    ['Checksums', checksumsInWords(damaged)],
    ['Location', summary.location],
  ];
  return rows.filter((row): row is [string, string] => row[1] !== null);
}

function filesInWords({ files }: SnapshotFacts): string {
  if (files.length === 0) return 'none beside _metadata';
  const shared = files.filter((file) => file.shared).length;
  return `${String(files.length)} beside _metadata${shared === 0 ? '' : `, ${String(shared)} of them shared with other checkpoints`}`;
}

function checksumsInWords(damaged: readonly DamagedFile[] | null): string {
  if (damaged === null) return 'none: it has no tidemark.json';
  const [first] = damaged;
  return first === undefined ? 'all hold' : `damaged: ${first.file}: ${first.reason}`;
}
