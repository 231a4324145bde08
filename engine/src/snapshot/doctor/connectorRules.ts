import type { ConnectorView } from '../connectorState/connectorView.ts';
import type { OperatorHeaders } from '../snapshotHeaders.ts';
import type { DumpValue } from '../values/dumpValue.ts';
import { eachSerializer } from './eachSerializer.ts';
import type { Examination } from './examination.ts';
import type { DoctorFinding } from './finding.ts';
import { serializersOf } from './operatorStates.ts';
import { counted, firstOf, inOperator } from './place.ts';

/** What brokers allow at most, unless `transaction.max.timeout.ms` says otherwise, and what Flink's sinks ask for by default. */
const BROKER_TIMEOUT = 15 * 60_000;
const SINK_TIMEOUT = 60 * 60_000;

/** Transactions that were prepared and wait for their commit: a broker that has given them up has dropped their records. */
export function* connectorFindings(examination: Examination): Generator<DoctorFinding> {
  for (const operator of examination.headers.operators) {
    const { ids, state } = preparedTransactions(operator);
    if (ids.length === 0 || state === null) continue;
    const age = examination.takenAt === null ? null : Math.max(0, examination.asOf - examination.takenAt);
    yield {
      ...inOperator(examination, operator, state),
      severity: age === null || age < BROKER_TIMEOUT ? 'info' : age < SINK_TIMEOUT ? 'warning' : 'error',
      code: 'transactionsExpire',
      message: `${counted(ids.length, 'transaction')} of Kafka ${ids.length === 1 ? 'waits' : 'wait'} for the commit that comes with a restore (${firstOf(ids)}). ${ageText(age)}`,
      remedy:
        'Restore before transaction.timeout.ms of the sink and transaction.max.timeout.ms of the broker (15 minutes by default) have passed, and set them longer than an outage may last. What was aborted is written again only from a snapshot before those records.',
    };
  }
}

function ageText(age: number | null): string {
  if (age === null) return 'When the snapshot was taken is not known: brokers abort them after their timeout, and their records are lost.';
  const text = durationText(age);
  if (age < BROKER_TIMEOUT) return `The snapshot is ${text} old; brokers abort them after their timeout, and their records are lost.`;
  if (age < SINK_TIMEOUT)
    return `The snapshot is ${text} old: where brokers or the sink have a timeout of 15 minutes, they have been aborted and their records are lost.`;
  return `The snapshot is ${text} old: unless the timeout is longer than that, brokers have aborted them and their records are lost.`;
}

function durationText(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 120) return counted(minutes, 'minute');
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? counted(hours, 'hour') : counted(Math.floor(hours / 24), 'day');
}

function preparedTransactions({ operatorStates }: OperatorHeaders): { ids: string[]; state: string | null } {
  const ids: string[] = [];
  let state: string | null = null;
  for (const { meta, count, views } of operatorStates) {
    const found = views.flatMap(transactionsOf);
    // The producer of Flink 1 kept its transactions as elements of its own.
    if (isProducerState(meta.serializers.size === 0 ? [] : serializersOf(meta)) && count > 0) found.push(`state ${meta.name}`);
    if (found.length > 0) state ??= meta.name;
    ids.push(...found);
  }
  return { ids: [...new Set(ids)], state };
}

function isProducerState(serializers: ReturnType<typeof serializersOf>): boolean {
  let found = false;
  for (const serializer of serializers) {
    eachSerializer(serializer, (each) => {
      if (each.kind === 'twoPhaseCommitState' && each.transaction.kind === 'kafkaTransaction') found = true;
    });
  }
  return found;
}

/** Ids of transactions, wherever they are in what a connector keeps. */
function transactionsOf({ kind, fields }: ConnectorView): string[] {
  if (kind === 'committables') return idsIn(fields, []);
  return kind === 'kafkaWriter' ? idsIn({ precommitted: fields['precommitted'] ?? null }, []) : [];
}

function idsIn(value: DumpValue | ConnectorView['fields'], found: string[]): string[] {
  if (typeof value !== 'object' || value === null) return found;
  for (const [name, part] of Object.entries(value)) {
    if (name === 'transactionalId' && typeof part === 'string') found.push(part);
    else idsIn(part as DumpValue, found);
  }
  return found;
}
