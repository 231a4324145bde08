import { days, minutes, pipeline, seconds, t, triggers, windows } from 'tidemark';
import type { KeyType, Sink, Source, Stream } from 'tidemark';

/**
 * A pipeline with every kind of state, type, window and timer. `judge/.../Everything.java` is the same job in Flink's DataStream
 * API: the same uids, states, types and functions, so that both hold the same state after the same records.
 */
export const T0 = 1_700_000_000_000;
/** Beyond the clock of any machine that runs this, so that no timer fires while Flink looks at it. */
export const FAR = 4_102_444_800_000;

interface PlaceValue {
  name: string;
  height: number | null;
}

interface EverythingValue {
  text: string;
  int: number;
  long: number;
  at: number;
  big: bigint;
  double: number;
  flag: boolean;
  raw: Uint8Array;
  numbers: number[];
  byName: Map<string, number>;
  byNumber: Map<number, string>;
  color: 'RED' | 'GREEN' | 'BLUE';
  note: string | null;
  place: PlaceValue;
  places: PlaceValue[];
  inner: EverythingValue | null;
  extra: string;
}

interface PastValue extends Omit<EverythingValue, 'extra' | 'inner'> {
  inner: PastValue | null;
}

const Color = t.enum('Color', ['RED', 'GREEN', 'BLUE']);

interface RecordTypes {
  readonly Place: t.Type<PlaceValue>;
  readonly Everything: t.Type<EverythingValue>;
}

function presentTypes(): RecordTypes {
  const Place: t.Type<PlaceValue> = t.record('Place', { name: t.string, height: t.nullable(t.double) });
  const Everything: t.Type<EverythingValue> = t.record('Everything', {
    text: t.string,
    int: t.int,
    long: t.long,
    at: t.timestamp,
    big: t.bigint,
    double: t.double,
    flag: t.boolean,
    raw: t.bytes,
    numbers: t.list(t.int),
    byName: t.map(t.string, t.long),
    byNumber: t.map(t.long, t.string),
    color: Color,
    note: t.nullable(t.string),
    place: Place,
    places: t.list(Place),
    get inner(): t.Type<EverythingValue | null> {
      return t.nullable(Everything);
    },
    extra: t.field(t.string, { default: '-' }),
  });
  return { Place, Everything };
}

/** As they were: fields in another order, narrower numbers, and one field less. */
interface PastValue extends Omit<EverythingValue, 'inner' | 'extra'> {
  inner: PastValue | null;
}

function pastTypes(): RecordTypes {
  const Place: t.Type<PlaceValue> = t.record('Place', { height: t.nullable(t.double), name: t.string });
  const Everything: t.Type<PastValue> = t.record('Everything', {
    long: t.int,
    text: t.string,
    double: t.int,
    int: t.int,
    at: t.timestamp,
    big: t.bigint,
    flag: t.boolean,
    raw: t.bytes,
    numbers: t.list(t.int),
    byName: t.map(t.string, t.long),
    byNumber: t.map(t.long, t.string),
    color: Color,
    note: t.nullable(t.string),
    places: t.list(Place),
    place: Place,
    get inner(): t.Type<PastValue | null> {
      return t.nullable(Everything);
    },
  });
  // Values of the present are written as well: what they have more than those of the past is left out.
  const forAll: t.Type<unknown> = Everything as t.Type<unknown>;
  return { Place, Everything: forAll as t.Type<EverythingValue> };
}

const SumAndCount = t.tuple(t.long, t.long);
const sumAndCount = {
  acc: SumAndCount,
  create: (): [number, number] => [0, 0],
  add: ([sum, count]: readonly [number, number], n: number): [number, number] => [sum + n, count + 1],
  result: ([sum, count]: readonly [number, number]) => Math.trunc(sum / count),
  merge: (a: readonly [number, number], b: readonly [number, number]): [number, number] => [a[0] + b[0], a[1] + b[1]],
};
const averages = (options?: { ttl: ReturnType<typeof t.ttl> }) => t.state.aggregating({ in: t.long, out: t.long, ...sumAndCount }, options);
const add = (a: number, b: number): number => a + b;
const nothing = (): void => undefined;
/** State that never expires while somebody looks at it. */
const ttl = t.ttl(days(36_500));

const color = (n: number): 'RED' | 'GREEN' | 'BLUE' => (['RED', 'GREEN', 'BLUE'] as const)[n % 3] ?? 'RED';
const place = (n: number): PlaceValue => ({ name: `p${String(n)}`, height: n % 2 === 0 ? null : n / 4 });

/** With a record of its own kind inside, `depth` levels deep. In the past, all its numbers were whole and small. */
function everything(n: number, depth: number, isPast: boolean): EverythingValue {
  return {
    text: `é日本😀${String(n)}`,
    int: -n,
    long: isPast ? n : n * 9_007_199_254,
    at: T0 + n,
    big: BigInt(-n) * 10n ** 20n,
    double: isPast ? n : n / 8,
    flag: n % 2 === 0,
    raw: Uint8Array.of(n & 0xff, 44),
    numbers: n % 3 === 0 ? [] : [n, 2, 3],
    byName: new Map([[`k${String(n)}`, n]]),
    byNumber: new Map([[n, `v${String(n)}`]]),
    color: color(n),
    note: n % 2 === 0 ? null : `note${String(n)}`,
    place: place(n),
    places: [place(n), place(n + 1)],
    inner: depth === 0 ? null : everything(n + 1, depth - 1, isPast),
    extra: '-',
  };
}

export interface EverythingOptions {
  readonly source: Source<number>;
  readonly sink: Sink<number>;
  readonly outOfOrderness: number;
  /** With the types that records had before. */
  readonly isPast?: boolean;
}

export function everythingPipeline({ source, sink, outOfOrderness, isPast = false }: EverythingOptions) {
  const types = isPast ? pastTypes() : presentTypes();
  const value = (n: number, depth: number): EverythingValue => everything(n, depth, isPast);
  return pipeline('everything', { checkpointInterval: 0 }, (p) => {
    const numbers = p.source('numbers', source).watermarks('event-time', { timestamp: (n) => T0 + n * 1000, outOfOrderness });
    everyType(numbers, sink, types, value);
    keys(numbers, sink);
    windowed(numbers, sink);
    numbers
      .keyBy((n) => n % 8, t.long)
      .reduce('reduce', add)
      .sink('discard-reduce', sink);
    twoInputs(numbers, sink, types);
    numbers.sink('sink', pendingSink);
  });
}

function everyType(
  numbers: Stream<number>,
  sink: Sink<number>,
  { Everything }: RecordTypes,
  value: (n: number, depth: number) => EverythingValue,
): void {
  numbers
    .keyBy((n) => `k${String(n % 30)}`, t.string)
    .process('every-type', {
      emits: t.long,
      state: {
        string: t.state.value(t.string),
        int: t.state.value(t.int),
        long: t.state.value(t.long),
        timestamp: t.state.value(t.timestamp),
        bigint: t.state.value(t.bigint),
        double: t.state.value(t.double),
        boolean: t.state.value(t.boolean),
        bytes: t.state.value(t.bytes),
        list: t.state.value(t.list(t.string)),
        map: t.state.value(t.map(t.string, t.long)),
        tuple: t.state.value(t.tuple(t.string, t.long, t.tuple(t.int, t.boolean))),
        enum: t.state.value(Color),
        record: t.state.value(Everything),
        nullables: t.state.value(t.list(t.nullable(t.double))),
        longs: t.state.list(t.long),
        records: t.state.list(Everything),
        counts: t.state.map(t.string, t.long),
        recordsByNumber: t.state.map(t.long, Everything),
        nullableTexts: t.state.map(t.int, t.nullable(t.string)),
        sum: t.state.reducing(t.long, add),
        average: averages(),
        ttlValue: t.state.value(t.long, { ttl }),
        ttlList: t.state.list(t.string, { ttl }),
        ttlMap: t.state.map(t.string, t.long, { ttl }),
        ttlSum: t.state.reducing(t.long, add, { ttl }),
        ttlAverage: averages({ ttl }),
      },
      onRecord(n, { state, timers }) {
        state.string.update(n % 9 === 0 ? '' : `text-日本-😀-${String(n)}`);
        state.int.update(-n);
        state.long.update(n * 9_007_199_254);
        state.timestamp.update(T0 - n);
        state.bigint.update(-(2n ** BigInt(n % 200)));
        state.double.update(n / 7);
        state.boolean.update(n % 2 === 0);
        state.bytes.update(Uint8Array.of(n & 0xff, 44, 0, 255));
        state.list.update([`l${String(n)}`, '']);
        state.map.update(new Map([[`m${String(n)}`, n]]));
        state.tuple.update([`t${String(n)}`, n, [n % 100, n % 2 === 0]]);
        state.enum.update(color(n));
        state.record.update(value(n, 1));
        state.nullables.update([n % 2 === 0 ? null : n / 3, -0]);
        state.longs.add(n);
        state.records.add(value(n, 0));
        state.counts.put(`c${String(n % 4)}`, n);
        state.recordsByNumber.put(n % 3, value(n, 1));
        state.nullableTexts.put(n % 4, n % 2 === 0 ? null : `x${String(n)}`);
        state.sum.add(n);
        state.average.add(n);
        state.ttlValue.update(n);
        state.ttlList.add(`ttl${String(n)}`);
        state.ttlMap.put(`tm${String(n % 2)}`, n);
        state.ttlSum.add(n);
        state.ttlAverage.add(n);
        timers.registerEventTimeTimer(FAR + (n % 2));
        timers.registerProcessingTimeTimer(FAR + days(1) + (n % 3));
      },
      onTimer: nothing,
    })
    .sink('discard-every-type', sink);
}

type Primitive = string | number | bigint | boolean;
type KeyValue = Primitive | readonly [Primitive, ...Primitive[]];

function keys(numbers: Stream<number>, sink: Sink<number>): void {
  function keyed<K extends KeyValue>(uid: string, key: (n: number) => NoInfer<K>, type: KeyType<K>): void {
    numbers
      .keyBy(key, type)
      .process(uid, {
        emits: t.long,
        state: { count: t.state.value(t.long) },
        onRecord(n, { state, timers }) {
          state.count.update((state.count.value() ?? 0) + 1);
          timers.registerEventTimeTimer(FAR + (n % 3));
        },
        onTimer: nothing,
      })
      .sink(`discard-${uid}`, sink);
  }
  keyed('key-int', (n) => (n % 40) - 20, t.int);
  keyed('key-long', (n) => ((n % 40) - 20) * 10_000_000_000, t.long);
  keyed('key-timestamp', (n) => T0 + (n % 40), t.timestamp);
  keyed('key-bigint', (n) => BigInt((n % 40) - 20) * 10n ** 20n, t.bigint);
  keyed('key-boolean', (n) => n % 2 === 0, t.boolean);
  keyed('key-enum', color, Color);
  keyed('key-tuple', (n): [string, number] => [`t${String(n % 10)}`, n % 4], t.tuple(t.string, t.int));
  keyed('key-tuple3', (n): [number, boolean, string] => [n % 10, n % 2 === 0, `é${String(n % 3)}`], t.tuple(t.long, t.boolean, t.string));
}

function windowed(numbers: Stream<number>, sink: Sink<number>): void {
  const stream = numbers.keyBy((n) => `w${String(n % 5)}`, t.string);
  const tumbling = stream.window(windows.tumbling(minutes(1)));
  tumbling.aggregate('tumbling-aggregate', { emits: t.long, ...sumAndCount }).sink('discard-tumbling-aggregate', sink);
  tumbling
    .allowedLateness(seconds(30))
    .process('tumbling-process', {
      emits: t.long,
      windowState: { fired: t.state.value(t.long) },
      globalState: { total: t.state.value(t.long) },
      process(_, { windowState, globalState }) {
        windowState.fired.update((windowState.fired.value() ?? 0) + 1);
        globalState.total.update((globalState.total.value() ?? 0) + 1);
      },
    })
    .sink('discard-tumbling-process', sink);
  stream
    .window(windows.sliding(minutes(2), minutes(1)))
    .reduce('sliding-reduce', add)
    .sink('discard-sliding-reduce', sink);
  stream
    .window(windows.session(seconds(7)))
    .aggregate('session-aggregate', { emits: t.long, ...sumAndCount })
    .sink('discard-session-aggregate', sink);
  stream
    .window(windows.session(seconds(3)))
    .trigger(triggers.count(3))
    .process('session-process', { emits: t.long, process: nothing })
    .sink('discard-session-process', sink);
  stream.countWindow(7).reduce('count-window', add).sink('discard-count-window', sink);
  tumbling
    .trigger(triggers.continuousEventTime(seconds(20)))
    .reduce('continuous', add)
    .sink('discard-continuous', sink);
  stream
    // So long that none ends while this test runs.
    .window(windows.tumbling(days(36_500), { time: 'processing' }))
    .aggregate('processing-time', { emits: t.long, ...sumAndCount })
    .sink('discard-processing-time', sink);
}

function twoInputs(numbers: Stream<number>, sink: Sink<number>, { Place }: RecordTypes): void {
  const rules = numbers.filter('rules', (n) => n < 10);
  const byTwenty = numbers.keyBy((n) => n % 20, t.long);
  byTwenty
    .connect(numbers.filter('thirds', (n) => n % 3 === 0).keyBy((n) => n % 20, t.long))
    .process('connect', {
      emits: t.long,
      state: { seen: t.state.value(SumAndCount) },
      onRecord1(_, { state, timers }) {
        const [left, right] = state.seen.value() ?? [0, 0];
        state.seen.update([left + 1, right]);
        timers.registerEventTimeTimer(FAR);
      },
      onRecord2(_, { state }) {
        const [left, right] = state.seen.value() ?? [0, 0];
        state.seen.update([left, right + 1]);
      },
      onTimer: nothing,
    })
    .sink('discard-connect', sink);
  byTwenty
    .connectBroadcast(rules)
    .process('keyed-broadcast', {
      emits: t.long,
      state: { last: t.state.value(t.string) },
      broadcastState: { limits: t.state.map(t.string, t.long), places: t.state.map(t.int, Place) },
      onRecord(n, { state }) {
        state.last.update(`last${String(n)}`);
      },
      onBroadcast(n, { broadcastState }) {
        broadcastState.limits.put(`rule${String(n)}`, n);
        broadcastState.places.put(n, place(n));
      },
    })
    .sink('discard-keyed-broadcast', sink);
  numbers
    .connectBroadcast(rules)
    .process('broadcast', {
      emits: t.long,
      broadcastState: { limits: t.state.map(t.string, t.long) },
      onRecord: nothing,
      onBroadcast(n, { broadcastState }) {
        broadcastState.limits.put(`rule${String(n)}`, n);
      },
    })
    .sink('discard-broadcast', sink);
  const bySeven = numbers.keyBy((n) => n % 7, t.long);
  bySeven
    .intervalJoin('interval-join', bySeven, { emits: t.long, lower: -seconds(5), upper: seconds(3), join: nothing })
    .sink('discard-interval-join', sink);
}

/** Keeps one transaction a subtask pending for ever, so that there is something for a restore to hand back. */
const pendingSink: Sink<number> = {
  name: 'pending',
  details: {},
  open: (_host: unknown, { subtask }: { subtask: number }, _type: unknown, pending: readonly Uint8Array[] | null) => ({
    write: nothing,
    prepareCommit: () => pending ?? [Uint8Array.of(subtask, 1, 2, 3)],
    commit: nothing,
    finish: nothing,
    close: nothing,
  }),
};
