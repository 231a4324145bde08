import { describe, expect, test } from 'vitest';
import { ByteReader } from '../../src/snapshot/bytes/byteReader.ts';
import { readMetadata } from '../../src/snapshot/metadata/readMetadata.ts';
import type {
  KeyedStateHandle,
  OperatorMetadata,
  SnapshotMetadata,
  StreamHandle,
  SubtaskMetadata,
} from '../../src/snapshot/metadata/snapshotMetadata.ts';
import { writeMetadata, type WritableVersion } from '../../src/snapshot/metadata/writeMetadata.ts';
import { snapshotFiles, snapshotNames } from './snapshotFixtures.ts';

function metadataOf(name: string): Uint8Array {
  const files = snapshotFiles(name);
  const path = [...files.keys()].find((file) => file.endsWith('/_metadata')) ?? '';
  return files.get(path) ?? new Uint8Array();
}

describe('metadata that Flink wrote', () => {
  test.each(snapshotNames())('%s comes out byte for byte', (name) => {
    const bytes = metadataOf(name);
    const metadata = readMetadata(new ByteReader(bytes));
    const written = writeMetadata({ ...metadata, version: metadata.version as WritableVersion });
    expect(Buffer.from(written).equals(bytes)).toBe(true);
  });

  test('a canonical savepoint ends with the properties that are written where none are given', () => {
    const metadata = readMetadata(new ByteReader(metadataOf('2.3.0-hashmap-canonical')));
    const written = writeMetadata({ ...metadata, version: 6, properties: null });
    expect(Buffer.from(written).equals(metadataOf('2.3.0-hashmap-canonical'))).toBe(true);
  });

  test('version 4 leaves out names and uids, and nothing else', () => {
    const metadata = readMetadata(new ByteReader(metadataOf('2.3.0-hashmap-canonical')));
    const again = readMetadata(new ByteReader(writeMetadata({ ...metadata, version: 4 })));
    expect(again).toEqual({
      ...metadata,
      version: 4,
      operators: metadata.operators.map((operator) => ({ ...operator, name: null, uid: null })),
    });
  });
});

const NO_STATE: SubtaskMetadata = {
  index: 0,
  finished: false,
  managedOperatorState: null,
  rawOperatorState: null,
  managedKeyedState: null,
  rawKeyedState: null,
  inputChannels: [],
  resultSubpartitions: [],
};

const OPERATOR: OperatorMetadata = {
  operatorId: '00112233445566778899aabbccddeeff',
  name: 'a name',
  uid: 'a-uid',
  parallelism: 1,
  maxParallelism: 128,
  coordinatorState: null,
  finished: false,
  subtasks: [],
};

function metadata(operators: OperatorMetadata[]): SnapshotMetadata & { version: 6 } {
  return {
    version: 6,
    checkpointId: 7,
    masterStates: [{ version: 1, name: 'hook', payload: Uint8Array.of(1, 2) }],
    operators,
    properties: Uint8Array.of(0),
  };
}

function roundTrip(operators: OperatorMetadata[]): OperatorMetadata[] {
  return [...readMetadata(new ByteReader(writeMetadata(metadata(operators)))).operators];
}

describe('every kind of handle', () => {
  const streams: StreamHandle[] = [
    { kind: 'inline', name: 'x', data: Uint8Array.of(9, 8) },
    { kind: 'file', path: 's3://bucket/path', size: 2 ** 40 },
    { kind: 'relativeFile', path: 'abc', size: 5 },
    { kind: 'segment', start: 3, size: 5, shared: true, path: 'file:/a', logicalFileId: 'id' },
    { kind: 'emptySegment' },
    { kind: 'keyGroups', firstKeyGroup: 0, offsets: [5], stream: { kind: 'emptySegment' } },
  ];

  test.each(streams)('stream $kind', (stream) => {
    const operator = { ...OPERATOR, coordinatorState: stream };
    expect(roundTrip([operator])).toEqual([operator]);
  });

  const common = { firstKeyGroup: 3, keyGroupCount: 4, id: 'some-id' };
  const file: StreamHandle = { kind: 'relativeFile', path: 'abc', size: 5 };
  const keyed: KeyedStateHandle[] = [
    { kind: 'keyGroups', form: 'plain', firstKeyGroup: 2, offsets: [0, 7], stream: file, id: '' },
    { kind: 'keyGroups', form: 'savepoint', firstKeyGroup: 2, offsets: [0, 7], stream: file, id: '' },
    { kind: 'keyGroups', form: 'identified', firstKeyGroup: 2, offsets: [-1, 7], stream: file, id: 'x' },
    {
      kind: 'incremental',
      version: 1,
      ...common,
      id: '',
      checkpointId: 5,
      backendId: 'b',
      checkpointedSize: 0,
      header: file,
      shared: [{ name: 'a.sst', stream: file }],
      private: [],
    },
    {
      kind: 'incremental',
      version: 2,
      ...common,
      checkpointId: 5,
      backendId: 'b',
      checkpointedSize: 9,
      header: file,
      shared: [],
      private: [{ name: 'CURRENT', stream: null }],
    },
    { kind: 'changelogMemory', ...common, from: 0, to: 9, changes: [{ keyGroup: -1, change: Uint8Array.of(8) }] },
    {
      kind: 'changelogFiles',
      version: 1,
      ...common,
      streams: [{ offset: 3, stream: file }],
      stateSize: 4,
      checkpointedSize: 5,
      storageId: '',
    },
    { kind: 'changelogFiles', version: 2, ...common, streams: [], stateSize: 4, checkpointedSize: 5, storageId: 's' },
  ];
  const changelog: KeyedStateHandle = {
    kind: 'changelog',
    version: 2,
    ...common,
    checkpointedSize: 1,
    base: keyed.slice(3, 5),
    delta: keyed.slice(5),
    materializationId: 8,
    checkpointId: 9,
  };

  test.each([...keyed, changelog, { ...changelog, version: 1, checkpointId: 0 } satisfies KeyedStateHandle])(
    'keyed state $kind',
    (managedKeyedState) => {
      const operator = { ...OPERATOR, subtasks: [{ ...NO_STATE, managedKeyedState, rawKeyedState: keyed[2] ?? null }] };
      expect(roundTrip([operator])).toEqual([operator]);
    },
  );

  test('operator state and channels', () => {
    const partitions = [{ name: 's', mode: 'UNION' as const, offsets: [1, 2] }];
    const subtask: SubtaskMetadata = {
      ...NO_STATE,
      managedOperatorState: { partitions, stream: file, merged: null },
      rawOperatorState: { partitions, stream: null, merged: { taskOwnedFolder: 'a', sharedFolder: 'b', empty: true } },
      inputChannels: [{ kind: 'channel', subtask: 1, first: 2, second: 3, offsets: [4], size: 5, stream: file }],
      resultSubpartitions: [{ kind: 'merged', subtask: 1, size: 5, stream: file, offsets: Uint8Array.of(1) }],
    };
    const operator = { ...OPERATOR, subtasks: [subtask] };
    expect(roundTrip([operator])).toEqual([operator]);
  });

  test('operators and subtasks that had finished', () => {
    const operators = [
      { ...OPERATOR, finished: true },
      { ...OPERATOR, subtasks: [NO_STATE, { ...NO_STATE, index: 1, finished: true }] },
    ];
    expect(roundTrip(operators)).toEqual(operators);
  });
});

describe('what is refused', () => {
  test('a file that is not a snapshot', () => {
    expect(() => readMetadata(new ByteReader(Uint8Array.from(Buffer.from('hello, this is text'))))).toThrow('this is not a Flink snapshot');
  });

  test.each([
    [1, 'metadata of version 1 is of Flink 1.1 or 1.2: restore it with Flink 1.3, the savepoint that you take there with Flink 1.8'],
    [7, 'metadata of version 7 is of a Flink newer than 2.3'],
    [0, 'metadata of version 0 is none that Flink has written'],
    [-1, 'metadata of version -1 is none that Flink has written'],
  ])('metadata of version %d, by name', (version, message) => {
    const bytes = writeMetadata(metadata([]));
    new DataView(bytes.buffer).setInt32(4, version);
    expect(() => readMetadata(new ByteReader(bytes))).toThrow(message);
    expect(() => readMetadata(new ByteReader(bytes))).toThrow('(at byte 4 in _metadata)');
  });

  test('an operator id that is none', () => {
    expect(() => writeMetadata(metadata([{ ...OPERATOR, operatorId: 'abc' }]))).toThrow('must have 32 hex digits');
  });
});
