import { isEventTime, type KeyedStateStatistics, type KeyedStatistics } from '../analysis/statistics.ts';
import type { OperatorHeaders } from '../snapshotHeaders.ts';
import { instantOfMillis } from '../values/isoTime.ts';
import { argumentOf, eventTimeOf, stateArgumentOf, type Examination } from './examination.ts';
import type { DoctorFinding } from './finding.ts';
import { counted, inOperator } from './place.ts';
import { sizeText } from '../sizeText.ts';
import { shellOption } from './shellWord.ts';

const HUGE_KEY = 16 << 20;
/** A key may have this share of an operator's state; of small state it is of no matter. */
const SHARE_OF_A_KEY = 0.1;
const SMALL = 1 << 20;
const EXPIRED_SHARE = 0.3;

/** What only reading every entry tells. */
export function* statisticsFindings(examination: Examination): Generator<DoctorFinding> {
  for (const operator of examination.headers.operators) {
    const found = examination.statistics?.get(operator.metadata.operatorId);
    if (found === undefined) continue;
    yield* hugeKeys(examination, operator, found);
    for (const state of found.states) {
      yield* expired(examination, operator, state);
      yield* due(examination, operator, state);
    }
    for (const error of found.errors) {
      yield {
        ...inOperator(examination, operator),
        severity: 'error',
        code: 'damaged',
        message: `It is damaged: ${error}.`,
        remedy: null,
      };
    }
  }
}

function* hugeKeys(examination: Examination, operator: OperatorHeaders, found: KeyedStatistics): Generator<DoctorFinding> {
  const total = found.states.reduce((sum, { keyBytes, valueBytes }) => sum + keyBytes + valueBytes, 0);
  for (const { key, bytes, entries, keyGroup } of found.largestKeys) {
    if (bytes < HUGE_KEY && (bytes < SMALL || bytes < total * SHARE_OF_A_KEY)) continue;
    yield {
      ...inOperator(examination, operator),
      severity: 'warning',
      code: 'hugeKey',
      message: `The key ${key.length > 80 ? `${key.slice(0, 79)}…` : key} alone has ${sizeText(bytes)} in ${counted(entries, 'row')} (key group ${String(keyGroup)}), ${((bytes / Math.max(total, 1)) * 100).toFixed(1)} % of the operator's state: one subtask carries it, at any parallelism.`,
      remedy: `Spread it over several keys, keep less of it, or use map state in place of a large value. It is shown by:\ntidemark dump SNAPSHOT ${shellOption('operator', argumentOf(examination, operator))} --key-group ${String(keyGroup)}`,
    };
  }
}

function* expired(examination: Examination, operator: OperatorHeaders, state: KeyedStateStatistics): Generator<DoctorFinding> {
  if (state.expired === null || state.expired === 0 || state.lastAccess === null) return;
  // Elements of lists each have a time of their own.
  const timed = state.lastAccess.counts.reduce((sum, count) => sum + count, state.lastAccess.beyond);
  const share = state.expired / Math.max(timed, 1);
  yield {
    ...inOperator(examination, operator, state.state),
    severity: share >= EXPIRED_SHARE ? 'warning' : 'info',
    code: 'expiredEntries',
    message: `${counted(state.expired, 'entry', 'entries')} of ${timed.toLocaleString('en')} (${(share * 100).toFixed(1)} %) have outlived their time to live and are still stored.`,
    remedy: 'Turn on the clean-up of expired state in the job: cleanupInRocksdbCompactFilter, cleanupIncrementally or cleanupFullSnapshot.',
  };
}

function* due(examination: Examination, operator: OperatorHeaders, state: KeyedStateStatistics): Generator<DoctorFinding> {
  if (state.timers === null || state.timers.due === 0) return;
  const place = stateArgumentOf(examination, operator, state.state);
  const count = `${counted(state.timers.due, 'timer')} of ${state.entries.toLocaleString('en')}`;
  const finding = { ...inOperator(examination, operator, state.state), code: 'timersDue' } as const;
  if (isEventTime(state.state)) {
    const message = `${count} ${dueInEventTime(examination, operator)}`;
    yield { ...finding, severity: 'info', message, remedy: null };
    return;
  }
  yield {
    ...finding,
    severity: 'warning',
    message: `${count} are before ${timeText(examination.asOf)}: they all fire at once when it is restored.`,
    remedy: `Move them to a later time with the option --shift-timers of tidemark edit, or drop all timers of this state:\ntidemark edit SNAPSHOT --out OUT ${shellOption('remove-timers', place)}`,
  };
}

/** Event time is the pipeline's own: timers of 2001 in a pipeline whose time is 2001 are not overdue. */
function dueInEventTime(examination: Examination, operator: OperatorHeaders): string {
  const { time, is } = eventTimeOf(examination, operator.metadata.operatorId);
  const at = timeText(time);
  switch (is) {
    case 'given':
      return `are before ${at}: they fire when the watermark has come that far.`;
    case 'watermark':
      return `are overdue: the watermark was at ${at} when the snapshot was taken. They fire with the first watermark after a restore.`;
    case 'clock':
      return `are before ${at}, ${examination.takenAt === null ? 'the time of the clock' : 'when the snapshot was taken'}. Timers of event time fire by the watermark, which this operator does not keep in a snapshot: whether they are overdue is unknown. --at TIME judges them by a watermark.`;
  }
}

function timeText(millis: number): string {
  return instantOfMillis(BigInt(Math.trunc(millis)), 0);
}
