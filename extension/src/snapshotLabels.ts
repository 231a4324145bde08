import type { SnapshotInfo } from '../../server/src/control.ts';
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

/** A snapshot that was taken just now, in the words that the Savepoints view will have for it: `12:04 savepoint 7`. */
export function takenTitle({ createdAt, kind, id }: Pick<SnapshotInfo, 'createdAt' | 'kind' | 'id'>): string {
  const at = new Date(createdAt);
  const time = [at.getHours(), at.getMinutes()].map((part) => String(part).padStart(2, '0')).join(':');
  return `${time} ${kind} ${String(id)}`;
}
