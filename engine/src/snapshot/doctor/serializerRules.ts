import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import type { OperatorHeaders } from '../snapshotHeaders.ts';
import { eachSerializer } from './eachSerializer.ts';
import type { Examination } from './examination.ts';
import type { DoctorFinding } from './finding.ts';
import { declaredStates, keyOf, serializersOf } from './operatorStates.ts';
import { firstOf, inOperator } from './place.ts';

export const FIRST_VERSION_OF_FLINK_2 = 5;

/** Serializers that say nothing about what they write: values can be neither read nor changed without the job's classes. */
export function* serializerFindings(examination: Examination): Generator<DoctorFinding> {
  for (const operator of examination.headers.operators) {
    const key = keyOf(operator);
    if (key !== null) yield* findingsOf(examination, operator, null, [key]);
    for (const { name, group, meta } of declaredStates(operator)) {
      // A timer's key is the operator's.
      if (group !== 'timers') yield* findingsOf(examination, operator, name, serializersOf(meta));
    }
  }
}

function* findingsOf(
  examination: Examination,
  operator: OperatorHeaders,
  state: string | null,
  serializers: readonly SerializerSnapshot[],
): Generator<DoctorFinding> {
  const place = inOperator(examination, operator, state);
  const what = state === null ? 'Its keys are' : 'It is';
  const kryo = kryoClasses(serializers);
  // Of Flink 1 more is to be said: `upgradeRules`.
  if (kryo.length > 0 && examination.headers.metadata.version >= FIRST_VERSION_OF_FLINK_2) {
    yield {
      ...place,
      severity: 'warning',
      code: 'kryo',
      message: `${what} written by Kryo (${firstOf(kryo)}), which stores no schema: no field can be added, removed or renamed, and only the job's classes read it.`,
      remedy:
        'Make the class a POJO or an Avro record, or give its type information, in a state of another name, and move values over in the job; pipeline.generic-types: false finds such places when the job is built.',
    };
  }
  const opaque = opaqueClasses(serializers);
  if (opaque.length > 0) {
    yield {
      ...place,
      severity: 'warning',
      code: 'noSchema',
      message: `${what} written by ${firstOf(opaque)}, of which the snapshot has no schema: only the job's code reads it.`,
      remedy: 'Keep these classes with the job as they are; a decoder of your own makes values readable here.',
    };
  }
}

export function kryoClasses(serializers: readonly SerializerSnapshot[]): string[] {
  const classes = new Set<string>();
  for (const serializer of serializers) {
    eachSerializer(serializer, (each) => {
      if (each.kind === 'kryo') classes.add(each.className);
    });
  }
  return [...classes];
}

function opaqueClasses(serializers: readonly SerializerSnapshot[]): string[] {
  const classes = new Set<string>();
  for (const serializer of serializers) {
    eachSerializer(serializer, (each) => {
      if (each.kind === 'unknown' || each.kind === 'valueType') classes.add(each.className);
      if (each.kind === 'javaObject') classes.add("Java's own serialization");
    });
  }
  return [...classes];
}
