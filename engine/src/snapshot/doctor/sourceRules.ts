import type { ConnectorView } from '../connectorState/connectorView.ts';
import { longOf } from '../values/valueParts.ts';
import { uidOf, type Examination, type PartitionOffsets } from './examination.ts';
import type { DoctorFinding } from './finding.ts';
import { countText } from '../sizeText.ts';
import { VIEWS_MAX } from '../snapshotHeaders.ts';
import { counted, firstOf, inOperator } from './place.ts';
import { shellOption } from './shellWord.ts';

/** Where a source of Kafka goes on, in a partition of a topic. */
interface Position {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

type ProblemCode = 'topicGone' | 'offsetsGone' | 'offsetsAhead';

interface Problem {
  readonly code: ProblemCode;
  readonly topic: string;
  readonly partition: number;
  readonly text: string;
  /** Records that are gone. */
  readonly records: bigint;
}

/** The topics that the sources of a snapshot read. Those of other clusters than one are not asked for. */
export function topicsRead({ operators }: Examination['headers']): string[] {
  return [...new Set(operators.flatMap((operator) => positionsOf(operator).map(({ topic }) => topic)))];
}

/** Sources that would go on where their topics have nothing, or not yet. */
export function* sourceFindings(examination: Examination): Generator<DoctorFinding> {
  const { topics } = examination;
  if (topics === null) return;
  for (const operator of examination.headers.operators) {
    const positions = positionsOf(operator);
    const unseen = operator.operatorStates.reduce((sum, { count, views }) => sum + (views.length < VIEWS_MAX ? 0 : count - VIEWS_MAX), 0);
    if (positions.length > 0 && unseen > 0)
      yield {
        ...inOperator(examination, operator),
        severity: 'warning',
        code: 'topicsUnknown',
        message: `has ${counted(unseen, 'split')} more than are looked at: of each subtask, the first ${countText(VIEWS_MAX)}.`,
        remedy: null,
      };
    const all = positions.flatMap((position) => problemOf(position, topics.get(position.topic)) ?? []);
    for (const topic of new Set(all.map((problem) => problem.topic))) {
      for (const code of CODES) {
        const problems = all.filter((problem) => problem.topic === topic && problem.code === code);
        if (problems.length === 0) continue;
        const message =
          code === 'topicGone' && !topics.has(topic)
            ? `goes on reading topic ${topic}, which the cluster does not have.`
            : messageOf(code, topic, problems);
        const remedy = remedyOf(code, uidOf(examination, operator) ?? operator.metadata.operatorId, problems, !topics.has(topic));
        yield { ...inOperator(examination, operator), severity: 'error', code, message, remedy };
      }
    }
  }
}

const CODES: readonly ProblemCode[] = ['topicGone', 'offsetsGone', 'offsetsAhead'];

function messageOf(code: ProblemCode, topic: string, problems: readonly Problem[]): string {
  const places = firstOf(problems.map(({ text }) => text));
  const partitions = counted(problems.length, 'partition');
  switch (code) {
    case 'topicGone':
      return `goes on reading ${partitions} of topic ${topic} that the cluster does not have (${places}).`;
    case 'offsetsGone': {
      const records = problems.reduce((sum, each) => sum + each.records, 0n);
      return `goes on before the first record of ${partitions} of topic ${topic}: ${countText(records)} records are gone (${places}).`;
    }
    case 'offsetsAhead':
      return `goes on behind the last record of ${partitions} of topic ${topic}, which was made again or lost records (${places}).`;
  }
}

/** Partitions that are as they should be are not moved. Each is named: a command that left some out would mend only a part. */
function remedyOf(code: ProblemCode, operator: string, problems: readonly Problem[], isWhole: boolean): string {
  const edit = '\ntidemark edit SNAPSHOT --out OUT';
  const [topic = ''] = problems.map((problem) => problem.topic);
  const each = (option: string, suffix = ''): string =>
    problems.map(({ partition }) => ` ${shellOption(option, `${operator}:${topic}/${String(partition)}${suffix}`)}`).join('');
  switch (code) {
    case 'topicGone': {
      const dropped = isWhole ? ` ${shellOption('drop-topic', `${operator}:${topic}`)}` : each('drop-topic');
      return `Bring it back, or let the source forget it; its other partitions stay where they are:${edit}${dropped}`;
    }
    case 'offsetsGone':
      return `Restore a younger snapshot, or say where reading goes on, so that no policy of the consumer decides:${edit}${each('move-offset', '=earliest')}`;
    case 'offsetsAhead':
      return `Say where reading goes on, so that no policy of the consumer decides; where the last records were lost, latest instead of earliest:${edit}${each('move-offset', '=earliest')}`;
  }
}

/** Offsets below 0 are names of places, which are always there. `end` is the offset of the next record. */
function problemOf({ topic, partition, offset }: Position, known: ReadonlyMap<number, PartitionOffsets> | undefined): Problem | null {
  const name = `${topic}-${String(partition)}`;
  const place = { topic, partition };
  const there = known?.get(partition);
  if (there === undefined) return { ...place, code: 'topicGone', text: name, records: 0n };
  const at = countText(offset);
  if (offset < 0n) return null;
  if (offset < there.first)
    return {
      ...place,
      code: 'offsetsGone',
      text: `${name} at ${at}, which begins at ${countText(there.first)}`,
      records: there.first - offset,
    };
  if (offset > there.end)
    return { ...place, code: 'offsetsAhead', text: `${name} at ${at}, which ends at ${countText(there.end)}`, records: 0n };
  return null;
}

function positionsOf({ operatorStates }: Examination['headers']['operators'][number]): Position[] {
  return operatorStates.flatMap(({ views }) => views.flatMap((view) => positionOf(view) ?? []));
}

function positionOf({ kind, fields }: ConnectorView): Position | null {
  const { topic, partition, startingOffset = null, lastOffset = null } = fields;
  if (kind === 'legacyKafkaOffset' && typeof topic === 'string' && typeof partition === 'number') {
    const last = longOf(lastOffset);
    return { topic, partition, offset: last < 0n ? last : last + 1n };
  }
  if (kind !== 'kafkaSplit' || typeof topic !== 'string' || typeof partition !== 'number') return null;
  return { topic, partition, offset: longOf(startingOffset) };
}
