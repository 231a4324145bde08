import { keyedStateType } from '../stateMetaInfo.ts';
import { argumentOf, stateArgumentOf, type Examination } from './examination.ts';
import type { DoctorFinding } from './finding.ts';
import { eachSerializer } from './eachSerializer.ts';
import { shellOption } from './shellWord.ts';
import { declaredStates, keyOf, serializersOf } from './operatorStates.ts';
import { firstOf, inOperator, WHOLE } from './place.ts';
import { FIRST_VERSION_OF_FLINK_2, kryoClasses } from './serializerRules.ts';

/** Fields that Flink 2 writes with serializers of its own, and Flink 1 with Kryo. */
const COLLECTIONS: readonly string[] = ['java.util.List', 'java.util.Map', 'java.util.Set', 'java.util.Collection'];

/** What keeps a snapshot of Flink 1 from being restored by Flink 2; and a snapshot of Flink 2 by Flink 1. */
export function* upgradeFindings(examination: Examination): Generator<DoctorFinding> {
  const { metadata, operators } = examination.headers;
  if (metadata.version >= FIRST_VERSION_OF_FLINK_2) {
    const { words, options } = withoutKryo(examination);
    yield {
      ...WHOLE,
      severity: 'info',
      code: 'metadataVersion',
      message: `Its metadata is of version ${String(metadata.version)}: no Flink before ${metadata.version > FIRST_VERSION_OF_FLINK_2 ? '2.1' : '2.0'} restores it.`,
      remedy: `For Flink 1.16 to 1.20${words}:\ntidemark edit SNAPSHOT --out OUT ${options}`,
    };
    return;
  }
  for (const operator of operators) {
    const key = keyOf(operator);
    const states = declaredStates(operator).filter(({ group }) => group !== 'timers');
    const parts = [
      ...(key === null ? [] : [{ name: null, serializers: [key] }]),
      ...states.map(({ name, meta }) => ({ name, serializers: serializersOf(meta) })),
    ];
    for (const { name, serializers } of parts) {
      const place = inOperator(examination, operator, name);
      const kryo = kryoClasses(serializers);
      const collections = kryo.filter((each) => COLLECTIONS.includes(each));
      const classes = kryo.filter((each) => !COLLECTIONS.includes(each));
      if (classes.length > 0) {
        yield {
          ...place,
          severity: 'warning',
          code: 'upgradeKryo',
          message: `Flink 2 cannot read it: it has Kryo 5 where Flink 1 has Kryo 2, whose bytes are others (${firstOf(classes)}). No schema is stored either: only the job's classes read it.`,
          remedy: 'Move the values to a state with a POJO, Avro or Row type while the job still runs on Flink 1.',
        };
      }
      if (collections.length > 0) {
        yield {
          ...place,
          severity: 'warning',
          code: 'upgradeCollections',
          message: `Fields of ${firstOf(collections)} are written by Kryo in Flink 1 and by serializers of their own in Flink 2: Flink 2 refuses the state as incompatible.`,
          remedy:
            'On Flink 1, move the values to a state of another name whose fields have declared types (a TypeInfoFactory with Types.LIST or Types.MAP): those are the same in Flink 2.',
        };
      }
      const scala = scalaKinds(serializers);
      if (scala.length > 0) {
        yield {
          ...place,
          severity: 'error',
          code: 'upgradeScala',
          message: `Flink 2 has no serializers for Scala any more (${firstOf(scala)}): it cannot restore the state.`,
          remedy: 'Move the values to a state with Java types on Flink 1, or keep a library with these serializers.',
        };
      }
    }
    const folding = states.filter(({ meta }) => keyedStateType(meta) === 'FOLDING');
    for (const { name } of folding) {
      yield {
        ...inOperator(examination, operator, name),
        severity: 'error',
        code: 'upgradeLegacyState',
        message: 'Folding state is gone: no Flink from 1.9 on restores it.',
        remedy: `Move its values to aggregating or value state with the old job, or leave it behind:\ntidemark edit SNAPSHOT --out OUT ${shellOption('drop-state', stateArgumentOf(examination, operator, name))}`,
      };
    }
  }
}

/**
 * Kryo of Flink 1 does not read what Kryo of Flink 2 wrote: only a snapshot without it can be given back. What is said of it, and the options of
 * `tidemark edit`, as words of a shell.
 */
export function withoutKryo(examination: Pick<Examination, 'headers' | 'uids'>): { readonly words: string; readonly options: string } {
  const drops = examination.headers.operators.flatMap((operator) => {
    const key = keyOf(operator);
    if (key !== null && kryoClasses([key]).length > 0) return [shellOption('drop-operator', argumentOf(examination, operator))];
    const states = declaredStates(operator).filter(({ group, meta }) => group !== 'timers' && kryoClasses(serializersOf(meta)).length > 0);
    return states.map(({ name }) => shellOption('drop-state', stateArgumentOf(examination, operator, name)));
  });
  return {
    words: drops.length === 0 ? '' : ', without the state that Kryo wrote, which Flink 1 does not read',
    options: ['--metadata-version 4', ...drops].join(' '),
  };
}

function scalaKinds(serializers: Parameters<typeof kryoClasses>[0]): string[] {
  const found = new Set<string>();
  for (const serializer of serializers) {
    eachSerializer(serializer, (each) => {
      if (each.kind.startsWith('scala')) found.add('className' in each ? each.className : each.kind.slice('scala'.length));
    });
  }
  return [...found];
}
