import { keyedStateSize, sizeAtShare, type KeyedStateStatistics, type ScanJob, type SnapshotOperator } from 'tidemark/snapshot';
import type { SnapshotStatistics, StateStatistics, StatisticsProgress } from '../protocol.ts';
import { operatorOf, type OpenedSnapshot } from './openedSnapshot.ts';
import { runScan } from './scan/runScan.ts';

const LARGEST_KEYS = 50;
const ERRORS_MAX = 100;

interface Context {
  readonly signal: AbortSignal;
  readonly report: (progress: StatisticsProgress) => void;
}

/**
 * Reads every entry of an operator's keyed state, or of all operators'. An operator that cannot be read is among the errors, and does not
 * keep the others from being counted. @throws the signal's reason
 */
export async function statisticsOf(
  opened: OpenedSnapshot,
  operatorId: string | null,
  asOf: number,
  { signal, report }: Context,
): Promise<SnapshotStatistics> {
  const from = Date.now();
  const { snapshot } = opened;
  const operators = (operatorId === null ? snapshot.operators : [operatorOf(opened, operatorId)]).filter((each) => keyedBytes(each) > 0);
  const bytesTotal = operators.reduce((sum, operator) => sum + keyedBytes(operator), 0);
  const job: ScanJob = { kind: 'statistics', states: null, asOf, top: LARGEST_KEYS, ttl: null };
  const states: StateStatistics[] = [];
  const errors: SnapshotStatistics['errors'] = [];
  let bytesRead = 0;
  for (const operator of operators) {
    const { operatorId: id } = operator.metadata;
    signal.throwIfAborted();
    try {
      const onProgress = (read: number, total: number): void => {
        // What a scan counts need not be what the handles say.
        if (total > 0) report({ bytesRead: bytesRead + (keyedBytes(operator) * read) / total, bytesTotal, states: [] });
      };
      const result = await runScan(opened.source, operator, job, { signal, onProgress });
      if (result.kind !== 'statistics') continue;
      const found = result.statistics.states.map((state) => stateStatistics(id, state));
      states.push(...found);
      errors.push(...result.statistics.errors.map((message) => ({ operator: id, message })));
      bytesRead += keyedBytes(operator);
      report({ bytesRead, bytesTotal, states: found });
    } catch (error) {
      signal.throwIfAborted();
      errors.push({ operator: id, message: error instanceof Error ? error.message : String(error) });
    }
  }
  return { bytesRead, durationMs: Date.now() - from, states, errors: errors.slice(0, ERRORS_MAX) };
}

function keyedBytes({ subtasks }: SnapshotOperator): number {
  return subtasks.reduce(
    (sum, { metadata }) => sum + keyedStateSize(metadata.managedKeyedState) + keyedStateSize(metadata.rawKeyedState),
    0,
  );
}

function stateStatistics(operator: string, found: KeyedStateStatistics): StateStatistics {
  const { state, group, entries, keys, keyBytes, valueBytes, keyGroups, sizes, largestBytes, largestKeys, timers, lastAccess } = found;
  return {
    operator,
    state,
    group,
    entries,
    keys,
    bytes: keyBytes + valueBytes,
    keyGroups: [...keyGroups],
    sizes: [...sizes],
    medianBytes: sizeAtShare(sizes, 0.5),
    p99Bytes: sizeAtShare(sizes, 0.99),
    largestBytes,
    largestKeys: largestKeys.map(({ key, ...rest }) => ({ ...rest, key: { json: key, cut: false } })),
    timers: timers === null ? null : { ...timers, counts: [...timers.counts] },
    lastAccess: lastAccess === null ? null : { ...lastAccess, counts: [...lastAccess.counts] },
  };
}
