import type { OperatorHeaders } from '../snapshotHeaders.ts';
import { argumentOf, type Examination } from './examination.ts';
import type { DoctorFinding } from './finding.ts';
import { inOperator } from './place.ts';
import { isPlannerMade } from './sqlRules.ts';
import { sizeText } from '../sizeText.ts';
import { shellOption } from './shellWord.ts';

/** Flink's `KeyGroupRangeAssignment` takes this where nothing is set. */
const DEFAULT_MAX_PARALLELISM = 128;
const NOT_PARALLEL = 1;
const MAX_PARALLELISM_MAX = 32768;
/** How much larger than the median a key group may be, and below which size that is of no matter. */
const SKEW = 4;
const SMALL = 1 << 20;

/** How keyed state is spread: over too few key groups to scale, or unequally. */
export function* keyGroupFindings(examination: Examination): Generator<DoctorFinding> {
  for (const operator of examination.headers.operators) {
    if (operator.keyed.length === 0) continue;
    yield* maxParallelism(examination, operator);
    yield* skew(examination, operator);
  }
}

function* maxParallelism(examination: Examination, operator: OperatorHeaders): Generator<DoctorFinding> {
  const { parallelism, maxParallelism: max } = operator.metadata;
  // Flink itself gives 1 to operators that it never runs in parallel, and refuses another one.
  if (max === NOT_PARALLEL || max >= 2 * parallelism || max >= MAX_PARALLELISM_MAX) return;
  const isDefault = max === DEFAULT_MAX_PARALLELISM ? `, Flink's default` : '';
  const unequal = max % parallelism === 0 ? '' : ' Already now some subtasks have twice as many key groups as others, or nearly so.';
  const wanted = Math.min(MAX_PARALLELISM_MAX, 2 ** Math.ceil(Math.log2(parallelism * 4)));
  const forAll = Math.max(wanted, ...examination.headers.operators.map(({ metadata }) => metadata.maxParallelism));
  yield {
    ...inOperator(examination, operator),
    severity: 'warning',
    code: 'maxParallelism',
    message: `Its max parallelism is ${String(max)}${isDefault}, and it runs with ${String(parallelism)}: it cannot be scaled to twice that.${max > parallelism ? unequal : ''}`,
    // In SQL it can only be set for the whole job.
    remedy: isPlannerMade(examination, operator)
      ? `Move every entry to a new key group, and set pipeline.max-parallelism to ${String(forAll)} for the job:\ntidemark edit SNAPSHOT --out OUT --max-parallelism ${String(forAll)}`
      : `Move every entry of the operator to a new key group, and set its max parallelism to ${String(wanted)} in the job (setMaxParallelism):\ntidemark edit SNAPSHOT --out OUT ${shellOption('max-parallelism', `${argumentOf(examination, operator)}=${String(wanted)}`)}`,
  };
}

/** From what handles say, where they do; with statistics, those say it better. */
function* skew(examination: Examination, operator: OperatorHeaders): Generator<DoctorFinding> {
  const bytes = statisticsBytes(examination, operator) ?? sectionBytes(operator);
  if (bytes === null) return;
  const sorted = [...bytes].sort((a, b) => a - b);
  const largest = sorted.at(-1) ?? 0;
  const median = sorted[sorted.length >> 1] ?? 0;
  if (largest < SMALL || largest < median * SKEW) return;
  const keyGroup = bytes.indexOf(largest);
  yield {
    ...inOperator(examination, operator),
    severity: 'warning',
    code: 'skewedKeyGroups',
    message: `Key group ${String(keyGroup)} has ${sizeText(largest)}, ${median === 0 ? 'and most have nothing' : `${(largest / median).toFixed(1)} times the median`}: its subtask carries that alone, at any parallelism.`,
    remedy: `Look for large keys in it, and spread them: put a salt into the key, or aggregate in two steps.\ntidemark dump SNAPSHOT ${shellOption('operator', argumentOf(examination, operator))} --key-group ${String(keyGroup)}`,
  };
}

function statisticsBytes({ statistics }: Examination, { metadata }: OperatorHeaders): number[] | null {
  const found = statistics?.get(metadata.operatorId);
  if (found === undefined) return null;
  const bytes = new Array<number>(metadata.maxParallelism).fill(0);
  for (const { keyGroups } of found.states) for (const each of keyGroups) bytes[each.keyGroup] = (bytes[each.keyGroup] ?? 0) + each.bytes;
  return bytes;
}

/** Null where only reading would tell. */
function sectionBytes({ keyed, metadata }: OperatorHeaders): number[] | null {
  const bytes = new Array<number>(metadata.maxParallelism).fill(0);
  for (const { sections } of keyed) {
    for (const { keyGroup, size } of sections) {
      if (size === null) return null;
      bytes[keyGroup] = (bytes[keyGroup] ?? 0) + size;
    }
  }
  return bytes;
}
