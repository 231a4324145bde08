import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { recognise, type ConnectorView } from '../../../src/snapshot/connectorState/connectorView.ts';
import { describeConnectorElement } from '../../../src/snapshot/connectorState/describeConnectorState.ts';
import { kafkaCommittable, kafkaEnumerator, kafkaSplit, kafkaWriter } from '../../../src/snapshot/connectorState/kafkaState.ts';
import { describeCoordinator } from '../../../src/snapshot/connectorState/sourceState.ts';
import { readSnapshot } from '../../../src/snapshot/snapshot.ts';
import { memoryStorage, snapshotFiles, snapshotNames } from '../snapshotFixtures.ts';

interface Vector {
  readonly what: string;
  readonly version: number;
  readonly hex: string;
  readonly versionAndSerialize: string;
}

/** Written by the classes of the Kafka connector 4.0.1. */
const VECTORS = JSON.parse(readFileSync(new URL('../../fixtures/vectors/kafka-connector.json', import.meta.url), 'utf8')) as Vector[];
const VIEWS: Readonly<Record<string, string>> = {
  'KafkaPartitionSplit orders/3 start=42 no stop': 'orders-3 from offset 42',
  'KafkaPartitionSplit orders/0 start=EARLIEST(-2) stop=100': 'orders-0 from the earliest offset until offset 100',
  'KafkaSourceEnumState assigned orders/0, unassigned-initial t/2, discovery finished': '1 partitions assigned, 1 not yet',
  'KafkaCommittable epoch 7 producerId 99 txid tx-1': 'transaction tx-1 of producer 99, epoch 7',
  'KafkaWriterState prefix p owned 1/4 IMPLICIT, precommitted [p-1-5@5]': 'transactions p-…, 1 prepared',
};
const READERS = [kafkaSplit, kafkaEnumerator, kafkaCommittable, kafkaWriter];

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

describe('what the Kafka connector writes', () => {
  test.each(VECTORS)('$what', ({ what, version, hex }) => {
    const bytes = bytesOf(hex);
    expect(recognise({ version, bytes }, READERS)?.text).toBe(VIEWS[what]);
    // Cut off or longer, it is nothing that is known, and no error.
    for (let size = 0; size < bytes.length; size++) expect(recognise({ version, bytes: bytes.subarray(0, size) }, READERS)).toBeNull();
    expect(recognise({ version, bytes: Uint8Array.of(...bytes, 0) }, READERS)).toBeNull();
  });

  test('a split is an element of SourceReaderState, its offset a number of 64 bits', () => {
    const split = VECTORS[0] ?? expect.fail('no vectors');
    expect(describeConnectorElement('SourceReaderState', bytesOf(split.versionAndSerialize))).toMatchObject({
      kind: 'kafkaSplit',
      fields: { topic: 'orders', partition: 3, startingOffset: { $long: '42' }, stoppingOffset: null },
    });
    expect(describeConnectorElement('any other state', bytesOf(split.versionAndSerialize))).toBeNull();
  });

  test('an enumerator is in the coordinator, behind its version', () => {
    const state = VECTORS.find(({ what }) => what.startsWith('KafkaSourceEnumState')) ?? expect.fail('no enumerator');
    const bytes = bytesOf(`00000001${state.versionAndSerialize}`);
    expect(describeCoordinator(bytes)?.fields).toEqual({ assigned: ['orders-0'], unassigned: ['t-2'], initialDiscoveryFinished: true });
  });
});

interface Expected extends ConnectorView {
  readonly what: string;
  readonly role: 'split' | 'coordinator' | 'writer' | 'committer';
  /** All of an element, or of a coordinator's state. */
  readonly hex: string;
}

const STATES = { split: 'SourceReaderState', writer: 'writer_raw_states', committer: 'streaming_committer_raw_states' };

function describeBytes(role: Expected['role'], bytes: Uint8Array): ConnectorView | null {
  return role === 'coordinator' ? describeCoordinator(bytes) : describeConnectorElement(STATES[role], bytes);
}

/** Bytes with the length of the payload that is left after `size` bytes were taken off its end, or (below 0) added. */
function resized(role: Expected['role'], bytes: Uint8Array, size: number): Uint8Array {
  const shorter = new Uint8Array(bytes.length - size);
  shorter.set(bytes.subarray(0, shorter.length));
  const lengthAt = role === 'coordinator' ? 8 : 4;
  new DataView(shorter.buffer).setInt32(lengthAt, shorter.length - lengthAt - 4);
  return shorter;
}

// Written by generate-connectors beside them, with the serializers of these releases and of the Kafka connectors for them.
describe.each(['2.3', '1.20', '1.18', '1.15', '1.14'])('what the classes of Flink %s write', (release) => {
  const url = new URL(`../../fixtures/vectors/connector-${release}.json`, import.meta.url);
  const vectors = JSON.parse(readFileSync(url, 'utf8')) as Expected[];

  test.each(vectors)('$what', ({ role, hex, kind, text, fields }) => {
    const bytes = bytesOf(hex);
    expect(describeBytes(role, bytes)).toEqual({ kind, text, fields });
    for (let size = 0; size < bytes.length; size++) expect(describeBytes(role, bytes.subarray(0, size))).toBeNull();
    expect(describeBytes(role, Uint8Array.of(...bytes, 0))).toBeNull();
  });

  // The front of a dynamic enumerator is, to the byte, a whole one of the plain source's first versions.
  const unlikeOthers = vectors.filter(({ kind }) => kind !== 'dynamicKafkaEnumerator');
  test.each(unlikeOthers)('$what: a payload of another length is nothing else', ({ role, hex, kind }) => {
    const bytes = bytesOf(hex);
    const payload = bytes.length - (role === 'coordinator' ? 12 : 8);
    for (let size = -8; size <= payload; size++) {
      if (size !== 0) expect([null, kind]).toContain(describeBytes(role, resized(role, bytes, size))?.kind ?? null);
    }
  });

  test.each(vectors)('$what: with any byte changed it reads as something or as nothing, without an error', ({ role, hex }) => {
    const bytes = bytesOf(hex);
    for (let at = 0; at < bytes.length; at++) {
      for (const value of [0x00, 0x01, 0x7f, 0x80, 0xff]) {
        const changed = bytes.slice();
        changed[at] = value;
        const view = describeBytes(role, changed);
        expect(view === null || view.text !== '').toBe(true);
      }
    }
  });
});

describe('bytes that nothing tells apart stay bytes', () => {
  test('files in progress that are nested without end are read one level deep', () => {
    // A bucket "", path "/", without a file of an earlier checkpoint: its file in progress holds a file in progress, and so on.
    const int = (value: number): string => (value >>> 0).toString(16).padStart(8, '0');
    const levels = 20_000;
    const parts: string[] = [];
    for (let left = levels; left > 0; left--) parts.push(`${int(1)}${int(left * 12 - 8)}b3a4073d`);
    const payload = `1e764b79${int(0)}${int(4)}${int(0)}00012f${'00'.repeat(8)}01${parts.join('')}`;
    const view = describeConnectorElement('writer_raw_states', bytesOf(`${int(3)}${int(payload.length / 2)}${payload}`));
    expect(view).toMatchObject({ kind: 'fileBucket', fields: { path: '/', inProgress: { version: 1 } } });
  });

  const fits = (kind: string) => (): ConnectorView => ({ kind, text: kind, fields: {} });

  test('what fits two connectors is of neither', () => {
    const payload = { version: 1, bytes: new Uint8Array(0) };
    expect(recognise(payload, [fits('one'), () => null])?.kind).toBe('one');
    expect(recognise(payload, [fits('one'), fits('other')])).toBeNull();
  });

  const envelope = (version: number, ...longs: bigint[]): Uint8Array => {
    const bytes = new Uint8Array(8 + 8 * longs.length);
    const view = new DataView(bytes.buffer);
    view.setInt32(0, version);
    view.setInt32(4, 8 * longs.length);
    longs.forEach((long, index) => view.setBigInt64(8 + 8 * index, long));
    return bytes;
  };

  test('two numbers are a share of a generator only where they can be', () => {
    expect(describeConnectorElement('SourceReaderState', envelope(1, 32768n, 5n))?.text).toBe('next 5, then every 32768 numbers');
    for (const other of [
      envelope(1, 0n, 5n),
      envelope(1, 32769n, 5n),
      envelope(1, 16n, -1n),
      envelope(1, 16n, 2n ** 53n),
      envelope(2, 16n, 5n),
    ])
      expect(describeConnectorElement('SourceReaderState', other)).toBeNull();
  });

  test('zeros of a version that no source gives them are not an enumerator', () => {
    expect(describeCoordinator(bytesOf('00000001000000010000000400000000'))?.kind).toBe('emptyEnumerator');
    expect(describeCoordinator(bytesOf('00000001000000000000000400000000'))).toBeNull();
    expect(describeCoordinator(bytesOf('0000000100000000000000080000000000000000'))).toBeNull();
  });
});

/** All elements of connectors in a snapshot of Flink, by state. */
async function viewsOf(name: string): Promise<{ state: string; view: ConnectorView | null }[]> {
  const snapshot = await readSnapshot(memoryStorage(snapshotFiles(name)), `/${name}`);
  const views: { state: string; view: ConnectorView | null }[] = [];
  for (const operator of snapshot.operators) {
    const coordinator = await operator.coordinatorState();
    if (coordinator !== null) views.push({ state: 'coordinator', view: describeCoordinator(coordinator) });
    for (const subtask of operator.subtasks) {
      const operatorState = await subtask.operatorState();
      for (const state of operatorState?.states ?? []) {
        if (!/^(SourceReaderState|writer_raw_states|streaming_committer_raw_states)$/.test(state.meta.name)) continue;
        for (const element of operatorState?.elements(state) ?? []) {
          const hex = (element as { $bytes: string }).$bytes;
          views.push({ state: state.meta.name, view: describeConnectorElement(state.meta.name, bytesOf(hex)) });
        }
      }
    }
  }
  return views;
}

describe('what Flink keeps for its own connectors', () => {
  const names = snapshotNames().filter((name) => /hashmap-canonical$|rocksdb-native$/.test(name));
  test.each(names)('every element in %s is recognised', async (name) => {
    const views = await viewsOf(name);
    expect(views.filter(({ view }) => view === null)).toEqual([]);
    const kinds = new Set(views.map(({ state, view }) => `${state}: ${view?.kind ?? ''}`));
    expect([...kinds]).toEqual(expect.arrayContaining(['coordinator: emptyEnumerator', 'SourceReaderState: sequenceSplit']));
    expect([...kinds]).toEqual(expect.arrayContaining(['writer_raw_states: fileBucket', 'streaming_committer_raw_states: committables']));
  });

  test("a file sink's bucket has its path, and what waits to be committed names the file", async () => {
    const views = await viewsOf('2.3.0-hashmap-canonical');
    const texts = new Set(views.flatMap(({ view }) => (view === null ? [] : [view.text])));
    expect([...texts]).toContain('/tmp/zoo-sink/2026-11-23--17 (bucket 2026-11-23--17), a file in progress');
    const bucket = views.find(({ view }) => view?.kind === 'fileBucket')?.view ?? expect.fail('no bucket');
    expect(bucket.fields['inProgress']).toMatchObject({
      target: expect.stringMatching(/^\/tmp\/zoo-sink\/2026-11-23--17\/part-/),
      offset: {},
    });
    const pending = JSON.stringify(views.filter(({ view }) => view?.kind === 'committables').map(({ view }) => view?.fields));
    expect(pending).toMatch(/"checkpointId":\{"\$long":"\d+"\}/);
  });
});
