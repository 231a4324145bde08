import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ByteReader } from '../../src/snapshot/bytes/byteReader.ts';
import { ByteWriter } from '../../src/snapshot/bytes/byteWriter.ts';
import { FormatError } from '../../src/snapshot/bytes/formatError.ts';
import { readMetadata } from '../../src/snapshot/metadata/readMetadata.ts';
import type { KeyedStateHandle, StreamHandle } from '../../src/snapshot/metadata/snapshotMetadata.ts';
import { writeMetadata } from '../../src/snapshot/metadata/writeMetadata.ts';
import { readVersionedSnapshot, writeVersionedSnapshot } from '../../src/snapshot/serializers/snapshotEnvelope.ts';
import type { SerializerSnapshot } from '../../src/snapshot/serializers/serializerSnapshot.ts';
import type { SnapshotStorage } from '../../src/snapshot/storage/snapshotStorage.ts';
import { openStream } from '../../src/snapshot/storage/stateStream.ts';
import { UnreadableValue } from '../../src/snapshot/values/unreadableValue.ts';
import { valueReader } from '../../src/snapshot/values/valueReader.ts';
import { chance, Subject } from './damaged.ts';
import { memoryStorage } from './snapshotFixtures.ts';

const FULL = process.env['TIDEMARK_FULL'] === '1';

/** Every path that is asked for, in a world where each of them is a file. */
class Everything implements SnapshotStorage {
  readonly asked: string[] = [];

  size(path: string): Promise<number> {
    this.asked.push(path);
    return Promise.resolve(3);
  }

  exists(): Promise<boolean> {
    return Promise.resolve(true);
  }

  slice(path: string, _offset: number, length: number): Promise<Uint8Array> {
    this.asked.push(path);
    return Promise.resolve(new Uint8Array(length));
  }

  list(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }
}

describe('a handle that leads out of the snapshot', () => {
  const secrets = ['/etc/passwd', '../secret', 'a/../../secret', '..\\secret', 'c:\\secret', 'C:/secret', 'a\0b'];
  const uris = [
    'file:/etc/passwd',
    'file:///etc/passwd',
    'FILE:/etc/passwd',
    '/etc/passwd',
    'file:/data/job/chk-3/../../../etc/passwd',
    '/data/job/chk-3/..\\..\\secret',
    '/dataset/job/chk-3x/own',
  ];
  const handles: StreamHandle[] = [
    ...secrets.map((path): StreamHandle => ({ kind: 'relativeFile', path, size: 3 })),
    ...uris.map((path): StreamHandle => ({ kind: 'file', path, size: 3 })),
    ...uris.map((path): StreamHandle => ({ kind: 'segment', path, start: 0, size: 3, shared: true, logicalFileId: '' })),
  ];

  test.each(handles)('%j reads nothing outside', async (handle) => {
    const storage = new Everything();
    await openStream(storage, '/data/job/chk-3', handle).then(
      (stream) => stream.read(0, 3),
      (error: unknown) => {
        expect(error).toBeInstanceOf(Error);
      },
    );
    expect(storage.asked.filter((path) => !path.startsWith('/data/') || path.includes('..'))).toEqual([]);
  });

  test('by a symbolic link is refused', async () => {
    const files = memoryStorage(new Map([['sp/inside', Uint8Array.of(1, 2, 3)]]));
    const open = (real: string) =>
      openStream({ ...files, realPath: (path) => Promise.resolve(path === '/sp' ? '/disk/sp' : real) }, '/sp', {
        kind: 'relativeFile',
        path: 'inside',
        size: 3,
      });
    expect((await open('/disk/sp/inside')).size).toBe(3);
    await expect(open('/etc/passwd')).rejects.toThrow('/etc/passwd');
    await expect(open('/disk/spy/inside')).rejects.toThrow('/disk/spy/inside');
  });
});

describe('what is nested without end', () => {
  const operator = (handle: KeyedStateHandle) => ({
    operatorId: '00112233445566778899aabbccddeeff',
    name: null,
    uid: null,
    parallelism: 1,
    maxParallelism: 128,
    coordinatorState: null,
    finished: false,
    subtasks: [
      {
        index: 0,
        finished: false,
        managedOperatorState: null,
        rawOperatorState: null,
        managedKeyedState: handle,
        rawKeyedState: null,
        inputChannels: [],
        resultSubpartitions: [],
      },
    ],
  });

  test.each(['streams', 'changelogs'])('%s are refused', (what) => {
    let stream: StreamHandle = { kind: 'emptySegment' };
    let keyed: KeyedStateHandle = { kind: 'keyGroups', form: 'plain', firstKeyGroup: 0, offsets: [], stream: null, id: '' };
    for (let depth = 0; depth < 2000; depth++) {
      stream = { kind: 'keyGroups', firstKeyGroup: 0, offsets: [], stream };
      keyed = {
        kind: 'changelog',
        version: 2,
        firstKeyGroup: 0,
        keyGroupCount: 1,
        checkpointedSize: 0,
        base: [keyed],
        delta: [],
        materializationId: 0,
        checkpointId: 0,
        id: '',
      };
    }
    const handle =
      what === 'changelogs' ? keyed : ({ ...keyed, kind: 'keyGroups', form: 'plain', offsets: [], stream } as KeyedStateHandle);
    const bytes = writeMetadata({ version: 6, checkpointId: 1, masterStates: [], operators: [operator(handle)], properties: null });
    expect(() => readMetadata(new ByteReader(bytes))).toThrow('handles are nested too deeply');
  });

  test('serializers are refused', () => {
    let serializer: SerializerSnapshot = { kind: 'int' };
    for (let depth = 0; depth < 1000; depth++) serializer = { kind: 'list', element: serializer };
    const writer = new ByteWriter(1024);
    writeVersionedSnapshot(writer, serializer);
    expect(() => readVersionedSnapshot(new ByteReader(writer.toBytes()))).toThrow(/nested more than \d+ deep/);
  });
});

describe('lengths and counts that promise too much', () => {
  const EXTREMES = [0x7fffffff, 0xffffffff, 0x80000000, 0x00ffffff];

  test.each(['2.3.0-hashmap-sql-canonical', '2.3.0-rocksdb-sql-native'])(
    '%s: four bytes replaced anywhere are read or refused',
    { timeout: 3_600_000 },
    async (name) => {
      const subject = await Subject.of(name);
      const random = chance(5);
      for (const path of subject.paths) {
        const original = subject.bytes(path);
        const count = FULL ? 500 : 25;
        for (let i = 0; i < count; i++) {
          const at = Math.floor(random() * (original.length - 4));
          for (const extreme of EXTREMES) {
            const bytes = original.slice();
            new DataView(bytes.buffer).setUint32(at, extreme);
            await subject.read({ path, bytes });
          }
        }
      }
    },
  );
});

describe('objects of Kryo that are made up', () => {
  const vectors = JSON.parse(readFileSync(new URL('../fixtures/vectors/kryo-values.json', import.meta.url), 'utf8')) as {
    readonly flink: string;
    readonly hex?: string;
    readonly snapshotHex?: string;
  }[];
  const hexBytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

  test.each(['2.3.0', '1.20.3'])('of Flink %s end, though their references may go round in circles', (flink) => {
    const header = vectors.find((vector) => vector.flink === flink && vector.snapshotHex !== undefined);
    const read = valueReader(readVersionedSnapshot(new ByteReader(hexBytes(header?.snapshotHex ?? ''))), {
      flink: flink.startsWith('1.') ? 1 : 2,
      enumConstants: new Map(),
    });
    const random = chance(9);
    let refused = 0;
    const values = vectors.flatMap((vector) => (vector.flink === flink && vector.hex !== undefined ? [hexBytes(vector.hex)] : []));
    for (const value of values) {
      for (let round = 0; round < (FULL ? 2000 : 40); round++) {
        const bytes = value.slice();
        for (let i = 0; i < 3; i++) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
        try {
          read(new ByteReader(bytes));
        } catch (error) {
          if (!(error instanceof FormatError) && !(error instanceof UnreadableValue)) throw error;
          refused++;
        }
      }
    }
    expect(refused).toBeGreaterThan(values.length);
  });
});
