import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import { eachSerializer } from '../doctor/eachSerializer.ts';
import { simpleName, type NameOfClass } from '../serializers/describeSerializer.ts';
import type { StateMetaInfo } from '../stateMetaInfo.ts';
import type { FlinkTarget, FlinkVerdict } from './flinkVerdict.ts';
import { keyCompatibility, stateCompatibility } from './stateCompatibility.ts';

const FIRST_VERSION_OF_FLINK_2 = 5;

/** Versions of metadata: of the snapshot that is restored, and of one that the job wrote which is to restore it. */
export interface Versions {
  readonly before: number;
  readonly after: number;
}

/** A job that wrote with Flink 1 may go on with it, or be moved to Flink 2. */
export function stateVerdicts(written: StateMetaInfo, wanted: StateMetaInfo, versions: Versions): ReadonlyMap<FlinkTarget, FlinkVerdict> {
  return verdicts(versions, (target) => stateCompatibility(written, wanted, { writtenBy: majorOf(versions.before), target }));
}

export function keyVerdicts(
  written: SerializerSnapshot,
  wanted: SerializerSnapshot,
  versions: Versions,
): ReadonlyMap<FlinkTarget, FlinkVerdict> {
  return verdicts(versions, (target) => keyCompatibility(written, wanted, { writtenBy: majorOf(versions.before), target }));
}

function verdicts({ after }: Versions, of: (target: FlinkTarget) => FlinkVerdict): ReadonlyMap<FlinkTarget, FlinkVerdict> {
  const latest = of('2.3');
  if (majorOf(after) === 2) return new Map([['2.3', latest]]);
  const own = of('1.20');
  // Where nothing changes, what another Flink would make of it is no difference between the two snapshots.
  return own.kind === 'works'
    ? new Map([['1.20', own]])
    : new Map([
        ['1.20', own],
        ['2.3', latest],
      ]);
}

function majorOf(version: number): 1 | 2 {
  return version >= FIRST_VERSION_OF_FLINK_2 ? 2 : 1;
}

/** Simple names, but for classes of which the two sides have different ones under one simple name: those in full. */
export function namesThatDiffer(before: readonly SerializerSnapshot[], after: readonly SerializerSnapshot[]): NameOfClass {
  const names = new Map<string, Set<string>>();
  for (const serializer of [...before, ...after]) {
    eachSerializer(serializer, (each) => {
      if (!('className' in each) || typeof each.className !== 'string') return;
      const short = simpleName(each.className);
      names.set(short, (names.get(short) ?? new Set()).add(each.className));
    });
  }
  return (className) => ((names.get(simpleName(className))?.size ?? 0) > 1 ? className : simpleName(className));
}
