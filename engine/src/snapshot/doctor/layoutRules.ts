import type { KeyedLayout } from '../keyed/keyedRows.ts';
import { snapshotFacts } from '../snapshotFacts.ts';
import { hasForSt, tablesOf, usesForSt } from '../stateBackend.ts';
import type { OperatorHeaders } from '../snapshotHeaders.ts';
import { namespaceSerializer } from '../stateMetaInfo.ts';
import { argumentOf, type Examination } from './examination.ts';
import type { DoctorFinding } from './finding.ts';
import { declaredStates } from './operatorStates.ts';
import { counted, inOperator, WHOLE } from './place.ts';
import { sizeText } from '../sizeText.ts';
import { shellOption } from './shellWord.ts';

/** Operators with an interval join have a timer service of this name; all others whose keyed state belongs to windows have one as well. */
const JOIN_BUFFERS: readonly string[] = ['LEFT_BUFFER', 'RIGHT_BUFFER'];

/** Count windows, which are global ones, have no timers that they could miss. */
const TIMELESS: readonly string[] = ['voidNamespace', 'globalWindow', 'sqlGlobalWindow', 'sqlCountWindow'];

function nameOf(layout: KeyedLayout, version: number, isForSt: boolean): string {
  if (layout === 'rocksdb') return tablesOf(version, isForSt);
  return layout === 'heap' ? 'HashMap' : layout;
}

/** What the form of the snapshot costs: state that only some backends read, records in flight, timers that were left out. */
export function* layoutFindings(examination: Examination): Generator<DoctorFinding> {
  const { headers } = examination;
  const native = [...new Set(headers.operators.flatMap(({ keyed }) => keyed.map(({ layout }) => layout)))].filter(
    (layout) => layout !== 'canonical',
  );
  if (native.length > 0) {
    const version = headers.metadata.version;
    const isForSt = usesForSt(headers.operators.flatMap(({ keyed }) => keyed.flatMap(({ header }) => header.states)));
    yield {
      ...WHOLE,
      severity: 'info',
      code: 'nativeLayout',
      message: `Keyed state is in a form of its state backend (${native.map((layout) => nameOf(layout, version, isForSt)).join(', ')}): only the same kind of backend restores it.`,
      remedy: `The HashMap and RocksDB backends restore the canonical form${hasForSt(version) ? ', ForSt does not' : ''}:\ntidemark edit SNAPSHOT --out OUT`,
    };
  }
  yield* timersLeftOut(examination);
  yield* inFlight(examination);
  const outside = new Set(
    examination.files.flatMap(({ operatorIds, found, atPath }) => (found === null && atPath === true ? operatorIds : [])),
  );
  const damaged = headers.operators.filter(({ damage, metadata }) => damage !== null && !outside.has(metadata.operatorId));
  const drops = damaged.map((operator) => ` ${shellOption('drop-operator', argumentOf(examination, operator))}`).join('');
  for (const operator of headers.operators) {
    // What is only not read here is not damage.
    if (damaged.includes(operator)) {
      yield {
        ...inOperator(examination, operator),
        severity: 'error',
        code: 'damaged',
        message: `Its state cannot be read: ${operator.damage ?? ''}`,
        remedy: `Restore an older snapshot, or leave out ${damaged.length === 1 ? 'the operator' : 'all that is damaged'}:\ntidemark edit SNAPSHOT --out OUT${drops}`,
      };
    }
    if (operator.unreadable === null) continue;
    yield {
      ...inOperator(examination, operator),
      severity: 'warning',
      code: 'unreadable',
      message: `Some state is readable by the job's own code only: ${operator.unreadable}.`,
      remedy: null,
    };
  }
}

/**
 * With `state.backend.rocksdb.timer-service.factory: HEAP` a native savepoint has no timers, neither among the tables nor as raw keyed state
 * (seen on 2.3.0). An operator of windows or an interval join declares its timers always, even when there are none: where the states are
 * there and no timers are declared, they have been left out. Of other operators nothing tells whether they had any.
 */
function* timersLeftOut(examination: Examination): Generator<DoctorFinding> {
  const { operators } = examination.headers;
  const sure = operators.filter(lacksTimers);
  if (sure.length === 0) return;
  for (const operator of sure) {
    yield {
      ...inOperator(examination, operator),
      severity: 'error',
      code: 'timersLeftOut',
      message:
        'It has windows, or the buffers of a join, and no timers: this savepoint was taken in the native form of RocksDB while timers were on the heap, and Flink leaves them out then. Restored from it, what is open never fires and is never removed.',
      remedy:
        'Take a canonical savepoint (flink savepoint --type canonical) or restore a checkpoint, which both have the timers; or set state.backend.rocksdb.timer-service.factory: ROCKSDB before the next one.',
    };
  }
  const others = operators.filter((operator) => isBareRocksDb(operator) && !sure.includes(operator));
  if (others.length === 0) return;
  yield {
    ...WHOLE,
    severity: 'warning',
    code: 'timersLeftOut',
    message: `Timers that ${counted(others.length, 'other keyed operator')} may have had are missing as well: nothing in the snapshot says whether there were any.`,
    remedy: 'Take a canonical savepoint of the job, if it still runs.',
  };
}

export function lacksTimers(operator: OperatorHeaders): boolean {
  if (!isBareRocksDb(operator)) return false;
  return declaredStates(operator).some(({ name, group, meta }) => {
    const namespace = namespaceSerializer(meta);
    return group === 'keyed' && ((namespace !== null && !TIMELESS.includes(namespace.kind)) || JOIN_BUFFERS.includes(name));
  });
}

/** Tables of RocksDB, with no timers declared in them or beside them. */
function isBareRocksDb({ keyed, metadata }: OperatorHeaders): boolean {
  return (
    keyed.length > 0 &&
    keyed.every(({ layout, header }) => layout === 'rocksdb' && header.states.every(({ kind }) => kind !== 'PRIORITY_QUEUE')) &&
    metadata.subtasks.every(({ rawKeyedState }) => rawKeyedState === null)
  );
}

function* inFlight({ headers: { metadata } }: Examination): Generator<DoctorFinding> {
  if (!snapshotFacts(metadata).hasChannelState) return;
  const channels = metadata.operators.flatMap(({ subtasks }) =>
    subtasks.flatMap(({ inputChannels, resultSubpartitions }) => [...inputChannels, ...resultSubpartitions]),
  );
  const bytes = channels.reduce((sum, { offsets, size, kind }) => (kind === 'channel' && offsets.length === 0 ? sum : sum + size), 0);
  yield {
    ...WHOLE,
    severity: 'warning',
    code: 'inFlight',
    message: `Records in flight are part of it (${counted(channels.length, 'channel')}, ${sizeText(bytes)}): it is an unaligned checkpoint. They only fit the same plan of the same job: between changed operators they cannot be restored.`,
    remedy: 'For a changed job or another version of Flink take a savepoint, which is always aligned.',
  };
}
