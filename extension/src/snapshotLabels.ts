import type { SnapshotListItem } from '../../server/src/protocol.ts';
import { ago, bytes } from './figures.ts';

/** Beside the title of a snapshot in lists: what tells it from the others first. */
export function snapshotDescription({ createdAt, sizeBytes, origin }: SnapshotListItem): string {
  return `${ago(createdAt, Date.now())} · ${bytes(sizeBytes)} · ${origin}`;
}

/** The id of a codicon. */
export function snapshotIcon({ kind }: SnapshotListItem): string {
  return kind === 'savepoint' ? 'save' : 'history';
}
