import { hashOfString } from '../../../src/keys/hashCode.ts';
import { keyGroupOfHash, keyGroupRangeOf } from '../../../src/keys/keyGroup.ts';
import type { ByteWriter } from '../../../src/snapshot/bytes/byteWriter.ts';
import { KeyGroupBlockWriter } from '../../../src/snapshot/keyed/keyGroupBlock.ts';
import { keyedHeader, KeyedStreamWriter } from '../../../src/snapshot/keyed/keyedStream.ts';
import { writeMetadata } from '../../../src/snapshot/metadata/writeMetadata.ts';
import type { SubtaskMetadata } from '../../../src/snapshot/metadata/snapshotMetadata.ts';
import type { SerializerSnapshot } from '../../../src/snapshot/serializers/serializerSnapshot.ts';
import { readSnapshot, type Snapshot } from '../../../src/snapshot/snapshot.ts';
import { keyValueState, timerState } from '../../../src/snapshot/stateMetaInfo.ts';
import type { DumpValue } from '../../../src/snapshot/values/dumpValue.ts';
import type { ValueDecoders } from '../../../src/snapshot/values/valueDecoder.ts';
import { memoryStorage } from '../snapshotFixtures.ts';

const VOID: SerializerSnapshot = { kind: 'voidNamespace' };
const STRING: SerializerSnapshot = { kind: 'string' };
const LONG: SerializerSnapshot = { kind: 'long' };
const DOUBLE: SerializerSnapshot = { kind: 'double' };
const BYTES: SerializerSnapshot = { kind: 'byteArray' };
const WINDOW: SerializerSnapshot = { kind: 'timeWindow' };

const field = (name: string, serializer: SerializerSnapshot) => ({ name, declaredIn: { className: 'lab.Stat', field: name }, serializer });

export const STAT: SerializerSnapshot = {
  kind: 'pojo',
  className: 'lab.Stat',
  fields: [field('count', LONG), field('name', STRING), field('pair', { kind: 'tuple', fields: [STRING, DOUBLE] }), field('price', DOUBLE)],
  registered: [],
  unregistered: [],
};

const STATES = [
  keyValueState('stat', 'VALUE', VOID, STAT),
  keyValueState('sum', 'REDUCING', WINDOW, LONG),
  keyValueState('named', 'VALUE', STRING, STRING),
  keyValueState('prices', 'MAP', VOID, { kind: 'map', key: STRING, value: DOUBLE }),
  keyValueState('log', 'LIST', VOID, { kind: 'list', element: STRING }),
  keyValueState('seen', 'VALUE', VOID, { kind: 'ttl', value: STAT }),
  timerState('_timer_state/event_user-timers', STRING, VOID),
  keyValueState('order', 'VALUE', VOID, { kind: 'ttl', value: BYTES }),
  keyValueState('orders', 'MAP', VOID, { kind: 'map', key: STRING, value: BYTES }),
];

/** Read orders, which are bytes to everybody else. Every seventh it refuses. */
export const ORDER_DECODERS: ValueDecoders = {
  hasClasses: false,
  ofClass: () => null,
  classes: new Map(),
  pyflinkType: () => null,
  ofState: (uid, state) => (uid === 'stats' && state.startsWith('order') ? { decode: decodeOrder } : null),
};

function decodeOrder(bytes: Uint8Array): DumpValue {
  const [i = 0] = bytes;
  if (i % 7 === 6) throw new Error(`${String(i)} is refused`);
  return { customer: i % 3 === 0 ? 'x' : 'y', lines: [{ count: i }] };
}

/** When the entries with TTL of key `i` were accessed last, in epoch milliseconds. */
export const accessedAt = (i: number): number => 1_700_000_000_000 + i * 60_000;
/** When the timer of key `i` fires. */
export const firesAt = (i: number): number => 1_700_000_000_000 + i * 3_600_000;

export const keyOf = (i: number): string => `key-${String(i)}`;
/** Key 0 has many entries in its map. */
export const pricesOf = (i: number): number => (i === 0 ? 100 : i % 3);

function writeStat(writer: ByteWriter, i: number): void {
  if (i % 10 === 9) {
    writer.u8(1);
    return;
  }
  writer.u8(2);
  writer.bool(false);
  writer.i64(i === 5 ? 2n ** 60n + 1n : BigInt(i));
  writer.bool(i % 4 === 3);
  if (i % 4 !== 3) writer.vstr(`näme ${String(i)}`);
  writer.bool(false);
  writer.vstr(`pair ${String(i)}`);
  writer.f64(i / 4);
  writer.bool(false);
  writer.f64(i / 8);
}

/** A savepoint of `keys` keys with a bit of everything, at parallelism 2. */
export function writtenSnapshot(keys: number, decoders: ValueDecoders | null = null): Promise<Snapshot> {
  const files = new Map<string, Uint8Array>();
  const subtasks = [0, 1].map((index): SubtaskMetadata => {
    const range = keyGroupRangeOf(128, 2, index);
    const pieces: Uint8Array[] = [];
    const stream = new KeyedStreamWriter(keyedHeader(STRING, STATES), range, (bytes) => pieces.push(bytes.slice()));
    const writer = new KeyGroupBlockWriter(128);
    for (let keyGroup = range.start; keyGroup <= range.end; keyGroup++) {
      writer.begin(keyGroup, STATES.length);
      for (let i = 0; i < keys; i++) if (keyGroupOfHash(hashOfString(keyOf(i)), 128) === keyGroup) writeKey(writer, i);
      const block = writer.finish();
      if (block !== null) stream.add(keyGroup, block);
    }
    files.set(`sp/keyed-${String(index)}`, Buffer.concat(pieces));
    return {
      index,
      finished: false,
      managedOperatorState: null,
      rawOperatorState: null,
      managedKeyedState: {
        kind: 'keyGroups',
        form: 'savepoint',
        firstKeyGroup: range.start,
        offsets: stream.offsets,
        stream: { kind: 'relativeFile', path: `keyed-${String(index)}`, size: stream.length },
        id: '',
      },
      rawKeyedState: null,
      inputChannels: [],
      resultSubpartitions: [],
    };
  });
  const operatorId = '00112233445566778899aabbccddeeff';
  const facts = { name: 'stats', uid: 'stats', parallelism: 2, maxParallelism: 128, coordinatorState: null, finished: false };
  const operators = [{ operatorId, ...facts, subtasks }];
  files.set('sp/_metadata', writeMetadata({ version: 6, checkpointId: 7, masterStates: [], properties: null, operators }));
  return readSnapshot(memoryStorage(files), '/sp', decoders === null ? null : { decoders, uidOf: () => null });
}

function writeKey(writer: KeyGroupBlockWriter, i: number): void {
  const key = keyOf(i);
  const entry = (state: number, afterKey: (to: ByteWriter) => void, value: (to: ByteWriter) => void): void => {
    const to = writer.beginEntry(state);
    to.vstr(key);
    afterKey(to);
    value(writer.beginValue());
    writer.endEntry();
  };
  const noNamespace = (to: ByteWriter): void => to.u8(0);
  entry(0, noNamespace, (to) => writeStat(to, i));
  for (const window of [0, 1]) {
    entry(
      1,
      (to) => {
        to.i64(BigInt(window * 1000));
        to.i64(BigInt(window * 1000 + 1000));
      },
      (to) => to.i64(BigInt(i)),
    );
  }
  entry(
    2,
    (to) => {
      to.u8(key.length + 1);
      to.vstr('ns');
      to.u8(3);
    },
    (to) => to.vstr(key),
  );
  for (let n = 0; n < pricesOf(i); n++) {
    entry(
      3,
      (to) => {
        to.u8(0);
        to.vstr(`price ${String(n)}`);
      },
      (to) => {
        to.bool(n === 1);
        if (n !== 1) to.f64(n);
      },
    );
  }
  entry(4, noNamespace, (to) => {
    to.vstr('a');
    to.u8(0x2c);
    to.vstr('b');
  });
  entry(5, noNamespace, (to) => {
    to.i64(BigInt(accessedAt(i)));
    writeStat(to, i);
  });
  const timer = writer.beginEntry(6);
  timer.i64(BigInt(firesAt(i)) ^ -(2n ** 63n));
  timer.vstr(key);
  timer.u8(0);
  writer.beginValue();
  writer.endEntry();
  const writeOrder = (to: ByteWriter): void => {
    to.i32(1);
    to.u8(i);
  };
  entry(7, noNamespace, (to) => {
    to.i64(BigInt(accessedAt(i)));
    writeOrder(to);
  });
  entry(
    8,
    (to) => {
      to.u8(0);
      to.vstr('only');
    },
    (to) => {
      to.bool(false);
      writeOrder(to);
    },
  );
}
