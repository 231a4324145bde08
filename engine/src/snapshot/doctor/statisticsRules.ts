import type { KeyedStateStatistics, KeyedStatistics } from '../analysis/statistics.ts';
import type { OperatorHeaders } from '../snapshotHeaders.ts';
import { instantOfMillis } from '../values/isoTime.ts';
import { argumentOf, type Examination } from './examination.ts';
import type { DoctorFinding } from './finding.ts';
import { counted, inOperator } from './place.ts';
import { sizeText } from '../sizeText.ts';

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
      remedy: `Spread it over several keys, keep less of it, or use map state in place of a large value. tidemark dump SNAPSHOT --operator ${argumentOf(examination, operator)} --key-group ${String(keyGroup)} shows it.`,
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
  const processing = state.state.startsWith('_timer_state/processing_');
  // Event time is not the clock's: timers of 2001 in a pipeline whose time is 2001 are not overdue.
  if (!processing && !examination.asOfGiven) return;
  const place = `${argumentOf(examination, operator)}/${state.state}`;
  const count = `${counted(state.timers.due, 'timer')} of ${state.entries.toLocaleString('en')}`;
  const at = instantOfMillis(BigInt(Math.trunc(examination.asOf)), 0);
  yield {
    ...inOperator(examination, operator, state.state),
    severity: processing ? 'warning' : 'info',
    code: 'timersDue',
    message: processing
      ? `${count} lie before ${at}: they all fire at once when it is restored.`
      : `${count} lie before ${at}: they fire when the watermark has come that far.`,
    remedy: processing
      ? `tidemark edit SNAPSHOT --out OUT --shift-timers ${place}:DURATION moves them, --remove-timers ${place} drops them.`
      : null,
  };
}
