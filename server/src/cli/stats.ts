import { describeStates, type KeyedStatistics, type ScanJob, type SnapshotOperator, type StateDescription } from 'tidemark/snapshot';
import { takenAt, type OpenedSnapshot } from '../snapshots/openedSnapshot.ts';
import { runScan } from '../snapshots/scan/runScan.ts';
import { EXIT, timeText, UsageError, type CliIo } from './io.ts';
import { untilInterrupted } from './interrupt.ts';
import { openedForReading, READING_OPTIONS } from './openedForReading.ts';
import { ReadProgress } from './readProgress.ts';
import { checkState, chosenOperators, wholeNumber } from './selection.ts';
import { positionsOf } from './positions.ts';
import { statisticsText } from './statisticsText.ts';
import { durationOption, timeOption } from './timeOptions.ts';
import { parsed, type CommandSyntax } from './syntax.ts';

const TOP = 10;
const TOP_MAX = 1000;

/** What was found out about one operator. */
export interface OperatorStatistics extends KeyedStatistics {
  readonly operator: string;
  /** Uid, name or id. */
  readonly label: string;
  readonly maxParallelism: number;
  /** Of operator state, which has no keys. */
  readonly operatorStates: readonly Pick<StateDescription, 'name' | 'group' | 'kind' | 'type' | 'count'>[];
  /** Where its sources and sinks go on; none where one state is asked for. */
  readonly positions: readonly string[];
}

export const statsSyntax = {
  name: 'stats',
  operands: 'SNAPSHOT',
  about: 'Reads all keyed state and tells sizes, skew, the largest keys, timers and TTL.',
  options: {
    operator: { value: 'O', about: 'Only this operator, by uid, name or id.' },
    state: { value: 'S', about: 'Only the state of this name.' },
    top: { value: 'N', about: 'How many of the largest keys are shown. Default: 10.' },
    at: { value: 'TIME', about: 'The time for which timers and TTL are judged. Default: when the snapshot was taken.' },
    ttl: { value: 'DURATION', about: 'The time to live of states that have one, such as 7d: counts what has expired.' },
    ...READING_OPTIONS,
    json: { about: 'Prints JSON.' },
  },
} as const satisfies CommandSyntax;

/** `tidemark stats SNAPSHOT`: reads all keyed state once and tells sizes, skew, the largest keys, timers and TTL. */
export async function stats(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parsed(statsSyntax, args);
  const [location, ...more] = positionals;
  if (location === undefined || more.length > 0) throw new UsageError('stats needs a snapshot.');
  const top = wholeNumber('--top', values.top) ?? TOP;
  if (top > TOP_MAX) throw new UsageError(`--top ${String(top)}: at most ${String(TOP_MAX)} are shown.`);
  const ttl = values.ttl === undefined ? null : durationOption('--ttl', values.ttl);
  return openedForReading(location, values, io, async (opened) => {
    const operators = chosenOperators(opened, values.operator) ?? opened.snapshot.operators;
    await checkState(operators, values.state);
    const asOf = values.at === undefined ? ((await takenAt(opened)) ?? Date.now()) : timeOption('--at', values.at);
    const states = values.state === undefined ? null : [values.state];
    const job: ScanJob = { kind: 'statistics', states, asOf, top, ttl };
    const found = await untilInterrupted(async (signal) => scanAll(opened, operators, job, signal, io));
    io.out(
      values.json
        ? `${JSON.stringify({ location: opened.snapshot.folder, asOf, operators: found }, null, 2)}\n`
        : `${opened.snapshot.folder}\n${found.map((each) => `\n${statisticsText(each, { asOf: `${timeText(asOf)} UTC`, ttl })}`).join('')}`,
    );
    return found.some(({ errors }) => errors.length > 0) ? EXIT.notRestored : EXIT.ok;
  });
}

async function scanAll(
  opened: OpenedSnapshot,
  operators: readonly SnapshotOperator[],
  job: ScanJob & { kind: 'statistics' },
  signal: AbortSignal,
  io: CliIo,
): Promise<OperatorStatistics[]> {
  const progress = new ReadProgress(io, 'read');
  const found: OperatorStatistics[] = [];
  try {
    for (const operator of operators) {
      const onProgress = progress.show.bind(progress);
      const result = await runScan(opened.source, operator, job, { signal, onProgress });
      const { states, unreadable } = await describeStates(operator);
      if (result.kind !== 'statistics') continue;
      found.push({
        operator: operator.metadata.operatorId,
        label: operator.label,
        maxParallelism: operator.metadata.maxParallelism,
        ...result.statistics,
        errors: [...(unreadable === null ? [] : [unreadable]), ...result.statistics.errors],
        positions: job.states === null ? await positionsOf(operator) : [],
        operatorStates: states
          .filter(({ group, name }) => group !== 'keyed' && group !== 'timers' && (job.states?.includes(name) ?? true))
          .map(({ name, group, kind, type, count }) => ({ name, group, kind, type, count })),
      });
    }
  } finally {
    progress.end();
  }
  return found;
}
