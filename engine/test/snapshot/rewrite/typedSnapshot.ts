import { keyGroupOfHash } from '../../../src/keys/keyGroup.ts';
import { operatorIdOf } from '../../../src/keys/operatorId.ts';
import { KeyGroupBlockWriter } from '../../../src/snapshot/keyed/keyGroupBlock.ts';
import { keyHash } from '../../../src/snapshot/keyed/keyHash.ts';
import { keyedHeader, KeyedStreamWriter } from '../../../src/snapshot/keyed/keyedStream.ts';
import type { OperatorMetadata } from '../../../src/snapshot/metadata/snapshotMetadata.ts';
import { writeMetadata } from '../../../src/snapshot/metadata/writeMetadata.ts';
import { StateWriter } from '../../../src/snapshot/rewrite/stateWriter.ts';
import type { SerializerSnapshot } from '../../../src/snapshot/serializers/serializerSnapshot.ts';
import type { Snapshot } from '../../../src/snapshot/snapshot.ts';
import { keyValueState } from '../../../src/snapshot/stateMetaInfo.ts';
import type { DumpValue } from '../../../src/snapshot/values/dumpValue.ts';
import { openFiles } from './rewriting.ts';

const STRING: SerializerSnapshot = { kind: 'string' };
const MAX_PARALLELISM = 4;

/** What a state holds, by key: values as they are shown, or their bytes. */
export interface TypedState {
  readonly serializer: SerializerSnapshot;
  readonly values: Readonly<Record<string, DumpValue | Uint8Array>>;
}

type TypedStates = Readonly<Record<string, TypedState>>;

/** A savepoint with one operator, `typed`, which has value states of these types, and with `others` by their names. */
export function typedSnapshot(states: TypedStates, others: Readonly<Record<string, TypedStates>> = {}): Promise<Snapshot> {
  const operators = Object.entries({ typed: states, ...others }).map(([name, each]) => typedOperator(name, each));
  const metadata = writeMetadata({ version: 6, checkpointId: 7, masterStates: [], operators, properties: null });
  return openFiles(new Map([['source/_metadata', metadata]]));
}

function typedOperator(name: string, states: TypedStates): OperatorMetadata {
  const metas = Object.entries(states).map(([name, { serializer }]) => keyValueState(name, 'VALUE', { kind: 'voidNamespace' }, serializer));
  const pieces: Uint8Array[] = [];
  const range = { start: 0, end: MAX_PARALLELISM - 1 };
  const stream = new KeyedStreamWriter(keyedHeader(STRING, metas), range, (bytes) => void pieces.push(bytes.slice()));
  const block = new KeyGroupBlockWriter(MAX_PARALLELISM);
  for (let keyGroup = range.start; keyGroup <= range.end; keyGroup++) {
    block.begin(keyGroup, metas.length);
    for (const [index, meta] of metas.entries()) {
      const writer = new StateWriter(meta, STRING, 2);
      for (const [key, value] of Object.entries(states[meta.name]?.values ?? {})) {
        if (keyGroupOfHash(keyHash(STRING, key, writer.keyBytes(key)) ?? 0, MAX_PARALLELISM) !== keyGroup) continue;
        block.beginEntry(index).raw(writer.prefix(key, null));
        block.beginValue().raw(value instanceof Uint8Array ? value : writer.value(value));
        block.endEntry();
      }
    }
    const bytes = block.finish();
    if (bytes !== null) stream.add(keyGroup, bytes);
  }
  return {
    operatorId: operatorIdOf(name),
    name,
    uid: name,
    parallelism: 1,
    maxParallelism: MAX_PARALLELISM,
    coordinatorState: null,
    finished: false,
    subtasks: [
      {
        index: 0,
        finished: false,
        managedOperatorState: null,
        rawOperatorState: null,
        managedKeyedState: {
          kind: 'keyGroups' as const,
          form: 'savepoint' as const,
          firstKeyGroup: range.start,
          offsets: stream.offsets,
          stream: { kind: 'inline' as const, name: 'keyed', data: Uint8Array.from(Buffer.concat(pieces)) },
          id: '',
        },
        rawKeyedState: null,
        inputChannels: [],
        resultSubpartitions: [],
      },
    ],
  };
}
