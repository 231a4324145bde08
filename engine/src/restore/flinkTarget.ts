import { keyedStateSchemaOf } from '../operators/keyedOperators.ts';
import type { Plan, PlanOperator } from '../plan/plan.ts';
import { verdictText, type FlinkTarget, type FlinkVerdict } from '../snapshot/compatibility/flinkVerdict.ts';
import { stateCompatibility } from '../snapshot/compatibility/stateCompatibility.ts';
import { lacksTimers } from '../snapshot/doctor/layoutRules.ts';
import { withoutKryo } from '../snapshot/doctor/upgradeRules.ts';
import type { OperatorHeaders, SnapshotHeaders } from '../snapshot/snapshotHeaders.ts';
import type { StateMetaInfo } from '../snapshot/stateMetaInfo.ts';
import { keyedMetaInfos } from './keyedMetaInfo.ts';
import { operatorMetaInfo, operatorStatesOf } from './operatorStates.ts';
import { finding, type Advice, type RestoreFinding } from './restoreReport.ts';

const FIRST_VERSION_OF_FLINK_2 = 5;
/** Flink's `KeyGroupRangeAssignment`. */
const DEFAULT_MAX_PARALLELISM = 128;
const MIGRATE: Advice = {
  words: 'Let no migration be left to Flink. A savepoint that has the new schema is written by:',
  command: 'tidemark edit SNAPSHOT --out OUT --migrate-to PIPELINE',
};

/**
 * What a Flink job with the plan's operators and types does with the snapshot, where that is something else than this engine does. What
 * that does is in `own`, for its types say which fields were renamed.
 */
export function* flinkFindings(
  plan: Plan,
  headers: SnapshotHeaders,
  target: FlinkTarget,
  own: readonly RestoreFinding[],
): Generator<RestoreFinding> {
  const { metadata, operators } = headers;
  if (target === '1.20' && metadata.version >= FIRST_VERSION_OF_FLINK_2) {
    const { words, options } = withoutKryo({ headers, uids: new Map(plan.operators.map(({ operatorId, uid }) => [operatorId, uid])) });
    yield finding('error', 'flinkRefuses', null, null, `Flink 1.20 does not read metadata of version ${String(metadata.version)}.`, {
      words: `One that it reads${words === '' ? '' : `${words},`} is written by:`,
      command: `tidemark edit SNAPSHOT --out OUT ${options}`,
    });
  }
  const writtenBy = metadata.version >= FIRST_VERSION_OF_FLINK_2 ? 2 : 1;
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
      const verdict = withoutKnownRenames(stateCompatibility(written, wanted, { writtenBy, target }), changes);
      if (verdict.kind !== 'works' && verdict.kind !== 'migrates')
        yield ofVerdict(planned.uid, written.name, verdict, isOperatorState, target);
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
function withoutKnownRenames(verdict: FlinkVerdict, changes: readonly string[]): FlinkVerdict {
  if (verdict.kind !== 'renames') return verdict;
  const isKnown = (from: string, to: string): boolean => changes.some((change) => change.includes(`field "${from}" is now called "${to}"`));
  const fields = verdict.fields.filter(({ from, to }) => !isKnown(from, to));
  return fields.length === 0 ? { kind: 'works' } : { kind: 'renames', fields };
}

function ofVerdict(uid: string, state: string, verdict: FlinkVerdict, isOperatorState: boolean, target: FlinkTarget): RestoreFinding {
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
        {
          ...MIGRATE,
          words: `If it was renamed, say so: t.field(..., { aliases: [${JSON.stringify(verdict.fields[0]?.from ?? '')}] }). If not: ${MIGRATE.words.charAt(0).toLowerCase()}${MIGRATE.words.slice(1)}`,
        },
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
    case 'unknown':
    case 'refuses':
    case 'migrates':
    case 'works':
      return finding(
        'error',
        'flinkRefuses',
        uid,
        state,
        verdict.kind === 'refuses'
          ? `Flink ${target} refuses it as incompatible: ${verdict.reason}.`
          : `${verdictText(verdict, `Flink ${target}`)}.`,
        MIGRATE,
      );
  }
}
