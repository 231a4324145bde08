import { expect, test } from 'vitest';
import { takenTitle } from '../../extension/src/snapshotLabels.ts';
import { snapshotTitle } from '../../server/src/snapshots/snapshotNames.ts';

test.each(['2026-12-01T12:04:59', '2026-12-01T00:05:00'])(
  'the notification calls a savepoint of %s as the Savepoints view does',
  (time) => {
    const createdAt = new Date(time).getTime();
    const location = '/p/.tidemark/clicks/savepoint-0c9d4b-7f3a21aa0b1c';
    const listed = snapshotTitle({ location, kind: 'savepoint', checkpointId: 7, createdAt }, createdAt);
    expect(takenTitle({ createdAt, kind: 'savepoint', id: 7 })).toBe(listed);
  },
);
