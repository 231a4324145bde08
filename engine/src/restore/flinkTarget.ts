import { keyedStateSchemaOf } from '../operators/keyedOperators.ts';
import type { Plan, PlanOperator } from '../plan/plan.ts';
import { lacksTimers } from '../snapshot/doctor/layoutRules.ts';
import { describeSerializer } from '../snapshot/serializers/describeSerializer.ts';
import type { SerializerSnapshot } from '../snapshot/serializers/serializerSnapshot.ts';
import { serializerText } from '../snapshot/serializers/serializerText.ts';
import type { OperatorHeaders, SnapshotHeaders } from '../snapshot/snapshotHeaders.ts';
import { keySerializer, valueSerializer, type StateMetaInfo } from '../snapshot/stateMetaInfo.ts';
import { avroJson, namedTypes } from './avroJson.ts';
import { keyedMetaInfos } from './keyedMetaInfo.ts';
import { operatorMetaInfo, operatorStatesOf } from './operatorStates.ts';
import { positionalEvolution, type PositionalVerdict } from './positionalEvolution.ts';
import { finding, type RestoreFinding } from './restoreReport.ts';

export type FlinkTarget = '1.20' | '2.3';

const FIRST_VERSION_OF_FLINK_2 = 5;
/** Flink's `KeyGroupRangeAssignment`. */
const DEFAULT_MAX_PARALLELISM = 128;
const MIGRATE =
  'Let no migration be left to Flink: tidemark edit SNAPSHOT --out OUT --migrate-to PIPELINE writes a savepoint that has the new schema.';

type Verdict = PositionalVerdict;

/**
 * What a Flink job with the plan's operators and types does with the snapshot, where that is something else than this engine does. What
 * that does is in `own`, for its types say which fields were renamed.
 */
export function* flinkFindings(
  plan: Plan,
  { metadata, operators }: SnapshotHeaders,
  target: FlinkTarget,
  own: readonly RestoreFinding[],
): Generator<RestoreFinding> {
  if (target === '1.20' && metadata.version >= FIRST_VERSION_OF_FLINK_2) {
    yield finding(
      'error',
      'flinkRefuses',
      null,
      null,
      `Flink 1.20 does not read metadata of version ${String(metadata.version)}.`,
      'tidemark edit SNAPSHOT --out OUT --metadata-version 4 writes one that it reads.',
    );
  }
  const stored = new Map(operators.map((operator) => [operator.metadata.operatorId, operator]));
  yield* maxParallelism(plan, stored);
  const migrations = new Map(own.map(({ operator, state, changes }) => [`${String(operator)} ${String(state)}`, changes]));
  for (const planned of plan.operators) {
    const match = stored.get(planned.operatorId);
    if (match === undefined) continue;
    if (lacksTimers(match)) {
      yield finding(
        'error',
        'flinkTimers',
        planned.uid,
        null,
        'has windows without their timers, which Flink left out of this native savepoint: what is open never fires.',
        'Take a canonical savepoint, or restore a checkpoint.',
      );
    }
    for (const { written, wanted, isOperatorState } of pairsOf(planned, match)) {
      const changes = migrations.get(`${planned.uid} ${written.name}`) ?? [];
      const verdict = withoutKnownRenames(verdictOfState(written, wanted, target), changes);
      if (verdict.kind !== 'works') yield ofVerdict(planned.uid, written.name, verdict, isOperatorState, target);
    }
  }
}

/** What is set in no job is taken from the snapshot; what is set must be the same. */
function* maxParallelism(plan: Plan, stored: ReadonlyMap<string, OperatorHeaders>): Generator<RestoreFinding> {
  for (const planned of plan.operators) {
    const operator = stored.get(planned.operatorId);
    if (operator === undefined || operator.keyed.length === 0) continue;
    const { maxParallelism: written } = operator.metadata;
    if (written === defaultMaxParallelism(planned.parallelism)) continue;
    yield finding(
      'warning',
      'flinkMaxParallelism',
      planned.uid,
      null,
      `has ${String(written)} key groups: a job that sets no max parallelism takes that over, one that sets another is refused, and started afresh the two would differ.`,
      `Set it in the job: env.setMaxParallelism(${String(written)}).`,
    );
  }
}

function defaultMaxParallelism(parallelism: number): number {
  const half = parallelism + (parallelism >> 1);
  return Math.min(Math.max(2 ** Math.ceil(Math.log2(Math.max(half, 1))), DEFAULT_MAX_PARALLELISM), 32768);
}

interface Pair {
  readonly written: StateMetaInfo;
  readonly wanted: StateMetaInfo;
  readonly isOperatorState: boolean;
}

function pairsOf({ spec }: PlanOperator, { keyed, operatorStates }: OperatorHeaders): Pair[] {
  const schema = keyedStateSchemaOf(spec);
  const wantedKeyed = new Map((schema === null ? [] : keyedMetaInfos(schema)).map((meta) => [meta.name, meta]));
  const wantedOperator = new Map(operatorStatesOf(spec).map((state) => [state.name, operatorMetaInfo(state)]));
  const pairs = new Map<string, Pair>();
  const add = (written: StateMetaInfo, wanted: StateMetaInfo | undefined, isOperatorState: boolean): void => {
    if (wanted !== undefined && written.kind !== 'PRIORITY_QUEUE') pairs.set(written.name, { written, wanted, isOperatorState });
  };
  for (const { header } of keyed) for (const meta of header.states) add(meta, wantedKeyed.get(meta.name), false);
  for (const { meta } of operatorStates) add(meta, wantedOperator.get(meta.name), true);
  return [...pairs.values()];
}

/** What the pipeline calls a rename, Flink does as it is meant. */
function withoutKnownRenames(verdict: Verdict, changes: readonly string[]): Verdict {
  if (verdict.kind !== 'renames') return verdict;
  const isKnown = (from: string, to: string): boolean => changes.some((change) => change.includes(`field "${from}" is now called "${to}"`));
  const fields = verdict.fields.filter(({ from, to }) => !isKnown(from, to));
  return fields.length === 0 ? { kind: 'works' } : { kind: 'renames', fields };
}

function verdictOfState(written: StateMetaInfo, wanted: StateMetaInfo, target: FlinkTarget): Verdict {
  const values = verdictOf(valueSerializer(written), valueSerializer(wanted), target);
  const keys = keySerializer(written) === null ? values : verdictOf(keySerializer(written), keySerializer(wanted), target);
  return values.kind === 'works' ? keys : values;
}

/** Serializers must be the same, but for records, whose schemas may differ, and for a time to live, which Flink 2 lets come and go. */
function verdictOf(written: SerializerSnapshot | null, wanted: SerializerSnapshot | null, target: FlinkTarget): Verdict {
  if (written === null || wanted === null) return { kind: 'works' };
  const [old, now] = [withoutTtl(written), withoutTtl(wanted)];
  if (old.ttl !== now.ttl && target === '1.20')
    return { kind: 'refuses', reason: `a time to live ${now.ttl ? 'is new' : 'is gone'}, which Flink 1 takes for another serializer` };
  const [a, b] = [old.serializer, now.serializer];
  if (a.kind === 'avro' && b.kind === 'avro') return verdictOfRecord(a, b);
  if ((a.kind === 'list' && b.kind === 'list') || (a.kind === 'arrayList' && b.kind === 'arrayList'))
    return verdictOf(a.element, b.element, target);
  if (a.kind === 'map' && b.kind === 'map') {
    const keys = verdictOf(a.key, b.key, target);
    return keys.kind === 'works' ? verdictOf(a.value, b.value, target) : keys;
  }
  if (a.kind === 'nullable' && b.kind === 'nullable' && a.padding === b.padding) return verdictOf(a.value, b.value, target);
  if ((a.kind === 'streamElement' && b.kind === 'streamElement') || (a.kind === 'bufferEntry' && b.kind === 'bufferEntry'))
    return verdictOf(a.value, b.value, target);
  if (a.kind === 'tuple' && b.kind === 'tuple' && a.fields.length === b.fields.length) {
    const fields = a.fields.map((field, index) => verdictOf(field, b.fields[index] ?? null, target));
    return fields.find(({ kind }) => kind !== 'works') ?? { kind: 'works' };
  }
  if (serializerText(a) === serializerText(b)) return { kind: 'works' };
  return { kind: 'refuses', reason: `${describeSerializer(a)} cannot become ${describeSerializer(b)}` };
}

function withoutTtl(serializer: SerializerSnapshot): { serializer: SerializerSnapshot; ttl: boolean } {
  if (serializer.kind === 'ttl') return { serializer: serializer.value, ttl: true };
  if (serializer.kind === 'ttlAware') return withoutTtl(serializer.value);
  return { serializer, ttl: false };
}

/** A class that Avro generated is read with its own schema, by name: only GenericRecord is written by position. */
function verdictOfRecord(
  written: Extract<SerializerSnapshot, { kind: 'avro' }>,
  wanted: Extract<SerializerSnapshot, { kind: 'avro' }>,
): Verdict {
  if (written.schema === wanted.schema || written.runtimeClass !== 'org.apache.avro.generic.GenericRecord') return { kind: 'works' };
  const [old, now] = [avroJson(written), avroJson(wanted)];
  if (old === null || now === null) return { kind: 'works' };
  return positionalEvolution(old, now, namedTypes(old), namedTypes(now));
}

function ofVerdict(uid: string, state: string, verdict: Verdict, isOperatorState: boolean, target: FlinkTarget): RestoreFinding {
  switch (verdict.kind) {
    case 'spoils':
      return finding(
        'error',
        'flinkSpoils',
        uid,
        state,
        `Flink ${target} restores it and then has values in the wrong fields, in silence: it writes old records with the new schema by position (${verdict.fields.join('; ')}).`,
        MIGRATE,
      );
    case 'renames': {
      const taken = verdict.fields.map(({ from, to }) => `${to} gets the values of ${from}`).join('; ');
      return finding(
        'warning',
        'flinkRenames',
        uid,
        state,
        `Flink ${target} goes by position: ${taken}. That is right if it was renamed. If the one was dropped and the other added, its values are now in the wrong field, where this engine drops them and fills in the default.`,
        `If it was renamed, say so: t.field(..., { aliases: ["${verdict.fields[0]?.from ?? ''}"] }). If not: ${MIGRATE.charAt(0).toLowerCase()}${MIGRATE.slice(1)}`,
      );
    }
    case 'fails':
      return finding(
        'error',
        'flinkFails',
        uid,
        state,
        `Flink ${target} takes the new schema and then fails, ${isOperatorState ? 'at its next checkpoint' : 'with RocksDB when the state is first used, with hashmap at the next checkpoint'}: ${verdict.reason}.`,
        MIGRATE,
      );
    case 'refuses':
    case 'works':
      return finding(
        'error',
        'flinkRefuses',
        uid,
        state,
        `Flink ${target} refuses it as incompatible${verdict.kind === 'refuses' ? `: ${verdict.reason}` : ''}.`,
        MIGRATE,
      );
  }
}
