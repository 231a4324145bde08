import type { OperatorHeaders, OperatorStatePart, SnapshotHeaders } from '../snapshot/snapshotHeaders.ts';
import type { OperatorMetadata } from '../snapshot/metadata/snapshotMetadata.ts';
import type { OpenedSnapshot } from './openSnapshot.ts';
import type { ManifestOperator } from './snapshotManifest.ts';
import { openKeyedStates } from './storedKeyedState.ts';
import { openOperatorStates } from './storedOperatorState.ts';

/** What a check needs to know of a snapshot, wherever it is and whatever its layout. */
export interface StoredDescription {
  readonly headers: SnapshotHeaders;
  /** As the manifest has them: none for snapshots of Flink. */
  readonly operators: readonly Pick<ManifestOperator, 'operatorId' | 'uid' | 'kind'>[];
  readonly counts: KeyedCounts;
}

/** Entries of keyed state. Counting reads them all, so it is asked for only where state has no taker. */
export interface KeyedCounts {
  /** Of one state; of all that the operator has, where none is named. Null where it has not been counted. */
  of(operatorId: string, state: string | null): number | null;
}

/** Of a snapshot that a run restores: its headers are read, and counts are made when asked for. @throws SnapshotDamage */
export function describeOpened(snapshot: OpenedSnapshot): StoredDescription {
  const operators = new Map(snapshot.metadata.operators.map((operator) => [operator.operatorId, operator]));
  return {
    headers: { metadata: snapshot.metadata, operators: snapshot.metadata.operators.map((operator) => headersOf(snapshot, operator)) },
    operators: snapshot.manifest?.operators ?? [],
    counts: {
      of(operatorId, state) {
        const operator = operators.get(operatorId);
        return operator === undefined ? 0 : countKeyed(snapshot, operator, state);
      },
    },
  };
}

function headersOf(snapshot: OpenedSnapshot, metadata: OperatorMetadata): OperatorHeaders {
  const keyed = openKeyedStates(snapshot, metadata).map(({ header }, subtask) => ({
    subtask,
    layout: 'canonical' as const,
    header,
    sections: [],
  }));
  const operatorStates = openOperatorStates(snapshot, metadata).flatMap((states, subtask) =>
    states.map(({ meta, mode, count }): OperatorStatePart => ({ subtask, meta, mode, count, distinct: null, views: [] })),
  );
  return { metadata, uid: metadata.uid, stateSize: 0, keyed, operatorStates, rawStates: [], unreadable: null, damage: null };
}

function countKeyed(snapshot: OpenedSnapshot, operator: OperatorMetadata, state: string | null): number {
  let count = 0;
  for (const part of openKeyedStates(snapshot, operator)) {
    const wanted = part.header.states.map(({ name }) => state === null || name === state);
    part.forEachEntry(part.keyGroups, (id) => {
      if (wanted[id] === true) count++;
    });
  }
  return count;
}
