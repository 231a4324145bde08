import { keyGroupOfHash } from '../../src/keys/keyGroup.ts';
import { hashOfString } from '../../src/keys/hashCode.ts';
import { ByteWriter } from '../../src/snapshot/bytes/byteWriter.ts';
import { KeyGroupBlockWriter } from '../../src/snapshot/keyed/keyGroupBlock.ts';
import { keyedHeader, KeyedStreamWriter, writeKeyedHeader } from '../../src/snapshot/keyed/keyedStream.ts';
import type { OperatorMetadata, SubtaskMetadata } from '../../src/snapshot/metadata/snapshotMetadata.ts';
import { writeMetadata } from '../../src/snapshot/metadata/writeMetadata.ts';
import { writeOperatorStream, type OperatorStateContent } from '../../src/snapshot/operator/operatorStreamWriter.ts';
import type { SerializerSnapshot } from '../../src/snapshot/serializers/serializerSnapshot.ts';
import { keyValueState } from '../../src/snapshot/stateMetaInfo.ts';

type Files = Map<string, Uint8Array>;

const STRING: SerializerSnapshot = { kind: 'string' };
const LONG: SerializerSnapshot = { kind: 'long' };
const VOID: SerializerSnapshot = { kind: 'voidNamespace' };
const OPERATOR_ID = '0123456789abcdef0123456789abcdef';
const MAX_PARALLELISM = 128;

/** Two subtasks whose list state has `count` elements each, and a broadcast state of as many entries. */
export function manyElements(count: number): Files {
  const files: Files = new Map();
  const contents = (subtask: number): OperatorStateContent[] => [
    {
      mode: 'SPLIT_DISTRIBUTE',
      name: 'list',
      element: LONG,
      count,
      writeElement: (writer, i) => writer.i64(BigInt(subtask * count + i)),
    },
    {
      mode: 'BROADCAST',
      name: 'rules',
      key: STRING,
      value: LONG,
      count,
      writeEntry: (writer, i) => {
        writer.vstr(`rule ${String(i)}`);
        writer.i64(BigInt(i));
      },
    },
  ];
  const subtasks = [0, 1].map((index) => {
    const { bytes, partitions } = writeOperatorStream(contents(index));
    const path = `operator-${String(index)}`;
    files.set(`sp/${path}`, bytes);
    const stream = { kind: 'relativeFile', path, size: bytes.length } as const;
    return { ...emptySubtask(index), managedOperatorState: { partitions, stream, merged: null } };
  });
  return withMetadata(files, subtasks);
}

/** One operator with `count` value states in the layout of the HashMap backend; each has one entry. */
export function manyHeapStates(count: number): Files {
  const writer = new ByteWriter(1 << 20);
  const metas = Array.from({ length: count }, (_, i) => keyValueState(`state-${String(i)}`, 'VALUE', VOID, LONG));
  writeKeyedHeader(writer, keyedHeader(STRING, metas));
  const keyOf = (state: number): string => `key ${String(state)}`;
  const keyGroupOf = (state: number): number => keyGroupOfHash(hashOfString(keyOf(state)), MAX_PARALLELISM);
  const offsets = Array.from({ length: MAX_PARALLELISM }, (_, keyGroup) => {
    const offset = writer.length;

    writer.i32(keyGroup);
    // As in Flink, every state is named in every key group.
    for (let state = 0; state < count; state++) {
      writer.i16(state);
      writer.i32(keyGroupOf(state) === keyGroup ? 1 : 0);
      if (keyGroupOf(state) !== keyGroup) continue;
      writer.u8(0);
      writer.vstr(keyOf(state));
      writer.i64(BigInt(state));
    }
    return offset;
  });
  return withKeyed('plain', offsets, writer.toBytes());
}

type Layout = 'canonical' | 'heap';

/** One key whose value is a text of `size` letters, in the canonical layout or in that of the HashMap backend. */
export function bigText(size: number, layout: Layout): Files {
  return bigValue(STRING, (writer) => writer.vstr('x'.repeat(size)), layout);
}

/** The same with an array of bytes. */
export function bigBytes(size: number, layout: Layout): Files {
  return bigValue(
    { kind: 'byteArray' },
    (writer) => {
      writer.i32(size);
      writer.raw(new Uint8Array(size).fill(0xab));
    },
    layout,
  );
}

/** The same with a list of `count` numbers. */
export function bigList(count: number, layout: Layout): Files {
  return bigValue(
    { kind: 'list', element: LONG },
    (writer) => {
      writer.i32(count);
      for (let i = 0; i < count; i++) writer.i64(BigInt(i));
    },
    layout,
  );
}

function bigValue(serializer: SerializerSnapshot, write: (writer: ByteWriter) => void, layout: Layout): Files {
  const header = keyedHeader(STRING, [keyValueState('big', 'VALUE', VOID, serializer)]);
  const key = 'k';
  const own = keyGroupOfHash(hashOfString(key), MAX_PARALLELISM);
  if (layout === 'canonical') {
    const pieces: Uint8Array[] = [];
    const stream = new KeyedStreamWriter(header, { start: 0, end: MAX_PARALLELISM - 1 }, (bytes) => pieces.push(bytes.slice()));
    const blocks = new KeyGroupBlockWriter(MAX_PARALLELISM);
    blocks.begin(own, 1);
    const to = blocks.beginEntry(0);
    to.vstr(key);
    to.u8(0);
    write(blocks.beginValue());
    blocks.endEntry();
    const block = blocks.finish();
    if (block !== null) stream.add(own, block);
    return withKeyed('savepoint', stream.offsets, new Uint8Array(Buffer.concat(pieces)));
  }
  const writer = new ByteWriter(1024);
  writeKeyedHeader(writer, header);
  const offsets = Array.from({ length: MAX_PARALLELISM }, (_, keyGroup) => {
    const offset = writer.length;
    writer.i32(keyGroup);
    writer.i16(0);
    writer.i32(keyGroup === own ? 1 : 0);
    if (keyGroup === own) {
      writer.u8(0);
      writer.vstr(key);
      write(writer);
    }
    return offset;
  });
  return withKeyed('plain', offsets, writer.toBytes());
}

function withKeyed(form: 'plain' | 'savepoint', offsets: readonly number[], bytes: Uint8Array): Files {
  const stream = { kind: 'relativeFile', path: 'keyed', size: bytes.length } as const;
  const managedKeyedState = { kind: 'keyGroups', form, firstKeyGroup: 0, offsets, stream, id: '' } as const;
  return withMetadata(new Map([['sp/keyed', bytes]]), [{ ...emptySubtask(0), managedKeyedState }]);
}

function emptySubtask(index: number): SubtaskMetadata {
  return {
    index,
    finished: false,
    managedOperatorState: null,
    rawOperatorState: null,
    managedKeyedState: null,
    rawKeyedState: null,
    inputChannels: [],
    resultSubpartitions: [],
  };
}

function withMetadata(files: Files, subtasks: readonly SubtaskMetadata[]): Files {
  const facts = { name: null, uid: 'large', maxParallelism: MAX_PARALLELISM, coordinatorState: null, finished: false };
  const operators: OperatorMetadata[] = [{ operatorId: OPERATOR_ID, ...facts, parallelism: subtasks.length, subtasks }];
  files.set('sp/_metadata', writeMetadata({ version: 6, checkpointId: 1, masterStates: [], properties: null, operators }));
  return files;
}
