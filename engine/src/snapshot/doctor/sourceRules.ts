import type { ConnectorView } from '../connectorState/connectorView.ts';
import { longOf } from '../values/valueParts.ts';
import { SOURCE_READER_STATE } from '../connectorState/sourceState.ts';
import { argumentOf, type Examination, type PartitionOffsets } from './examination.ts';
import type { DoctorFinding } from './finding.ts';
import { countText } from '../sizeText.ts';
import { counted, firstOf, inOperator } from './place.ts';

/** Where a source of Kafka goes on, in a partition of a topic. */
interface Position {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

interface Problem {
  readonly code: 'topicGone' | 'offsetsGone' | 'offsetsAhead';
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
    const byTopic = new Map<string, Problem[]>();
    for (const position of positionsOf(operator)) {
      const problem = problemOf(position, topics.get(position.topic));
      if (problem !== null)
        byTopic.set(`${problem.code} ${position.topic}`, [...(byTopic.get(`${problem.code} ${position.topic}`) ?? []), problem]);
    }
    for (const [key, problems] of byTopic) {
      const code = problems[0]?.code ?? 'topicGone';
      const topic = key.slice(code.length + 1);
      yield {
        ...inOperator(examination, operator),
        severity: 'error',
        code,
        message: messageOf(code, topic, problems),
        remedy: remedyOf(code, argumentOf(examination, operator), topic),
      };
    }
  }
}

function messageOf(code: Problem['code'], topic: string, problems: readonly Problem[]): string {
  const places = firstOf(problems.map(({ text }) => text));
  const partitions = counted(problems.length, 'partition');
  switch (code) {
    case 'topicGone':
      return topicMissing(topic, problems) ?? `goes on reading ${partitions} of topic ${topic} that the cluster does not have (${places}).`;
    case 'offsetsGone': {
      const records = problems.reduce((sum, each) => sum + each.records, 0n);
      return `goes on before the first record of ${partitions} of topic ${topic}: ${countText(records)} records are gone (${places}).`;
    }
    case 'offsetsAhead':
      return `goes on behind the last record of ${partitions} of topic ${topic}, which was made anew or lost records (${places}).`;
  }
}

function topicMissing(topic: string, problems: readonly Problem[]): string | null {
  return problems.every(({ text }) => text === '') ? `goes on reading topic ${topic}, which the cluster does not have.` : null;
}

function remedyOf(code: Problem['code'], operator: string, topic: string): string {
  const edit = 'tidemark edit SNAPSHOT --out OUT';
  switch (code) {
    case 'topicGone':
      return `Bring the topic back, or let the source begin afresh: ${edit} --drop-state ${operator}/${SOURCE_READER_STATE}.`;
    case 'offsetsGone':
      return `Restore a younger snapshot, or say where reading goes on, so that no policy of the consumer decides: ${edit} --move-offset ${operator}:${topic}=earliest.`;
    case 'offsetsAhead':
      return `Say where reading goes on, or the source waits, or skips what is new: ${edit} --move-offset ${operator}:${topic}=latest.`;
  }
}

/** Offsets below 0 are names of places, which are always there. `end` is the offset of the next record. */
function problemOf({ topic, partition, offset }: Position, known: ReadonlyMap<number, PartitionOffsets> | undefined): Problem | null {
  if (known === undefined) return { code: 'topicGone', text: '', records: 0n };
  const there = known.get(partition);
  const name = `${topic}-${String(partition)}`;
  if (there === undefined) return { code: 'topicGone', text: name, records: 0n };
  const at = countText(offset);
  if (offset < 0n) return null;
  if (offset < there.first)
    return { code: 'offsetsGone', text: `${name} at ${at}, which begins at ${countText(there.first)}`, records: there.first - offset };
  if (offset > there.end) return { code: 'offsetsAhead', text: `${name} at ${at}, which ends at ${countText(there.end)}`, records: 0n };
  return null;
}

function positionsOf({ operatorStates }: Examination['headers']['operators'][number]): Position[] {
  return operatorStates.flatMap(({ views }) => views.flatMap((view) => positionOf(view) ?? []));
}

function positionOf({ kind, fields }: ConnectorView): Position | null {
  const { topic, partition, startingOffset = null } = fields;
  if (kind !== 'kafkaSplit' || typeof topic !== 'string' || typeof partition !== 'number') return null;
  return { topic, partition, offset: longOf(startingOffset) };
}
