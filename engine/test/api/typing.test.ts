import { expect, test } from 'vitest';
import {
  hours,
  minutes,
  pipeline,
  t,
  triggers,
  windows,
  type KeyedContext,
  type Sink,
  type Source,
  type Stream,
  type Type,
} from '../../src/index.ts';
import { buildPlan } from '../../src/plan/index.ts';

/** What the compiler must know, and what it must refuse: checked by type-checking this file; the build at the end shows that it runs as well. */
const read = <T>(type: Type<T>): Source<T> => ({ name: 'test', details: {}, type, open: () => undefined });
const write: Sink<unknown> = { name: 'test', details: {}, open: () => undefined };

const Flight = t.record('Flight', {
  carrier: t.string,
  origin: t.string,
  delay: t.int,
  gate: t.nullable(t.string),
  legs: t.list(t.record('Leg', { at: t.timestamp })),
  note: t.field(t.string, { default: '', aliases: ['remark'] }),
  kind: t.enum('Kind', ['a', 'b']),
});
type Flight = t.Infer<typeof Flight>;

type Eq<A, B> = (<G>() => G extends A ? 1 : 2) extends <G>() => G extends B ? 1 : 2 ? true : false;
const eq = <A, B>(_: Eq<A, B>): void => undefined;
eq<Flight, { carrier: string; origin: string; delay: number; gate: string | null; legs: { at: number }[]; note: string; kind: 'a' | 'b' }>(
  true,
);

const Streak = t.record('Streak', { origin: t.string, n: t.int });

const Tree = t.record('Tree', {
  v: t.int,
  get children() {
    return t.list(Tree);
  },
});
type Tree = t.Infer<typeof Tree>;
const tree: Tree = { v: 1, children: [{ v: 2, children: [] }] };
export const deep: number | undefined = tree.children[0]?.children[0]?.v;

const Chain = t.record('Chain', {
  v: t.int,
  get next() {
    return t.nullable(Chain);
  },
});
export const chain: t.Infer<typeof Chain> = { v: 1, next: { v: 2, next: null } };

// @ts-expect-error a default of another type
t.field(t.int, { default: '' });

/** A function of its own can name its context's type. */
function count(_record: Flight, ctx: KeyedContext<string, { n: ReturnType<typeof t.state.value<number>> }, number, object>): void {
  ctx.state.n.update((ctx.state.n.value() ?? 0) + 1);
}

const module = pipeline('typing', { checkpointInterval: minutes(1), restart: { kind: 'none' } }, (p) => {
  const speedup: number = p.parameter('speedup', { type: 'number', default: 60 });
  // @ts-expect-error a default of another kind
  p.parameter('wrong', { type: 'boolean', default: false }).valueOf() satisfies string;
  speedup;

  const flights = p
    .source('flights', read(Flight))
    .watermarks('event-time', { timestamp: (f) => f.legs[0]?.at ?? 0, outOfOrderness: minutes(10) });
  const keyed = flights.keyBy((f) => f.origin, t.string);

  const late = keyed.process('late', {
    emits: Streak,
    sideOutputs: { late: Flight },
    state: {
      streak: t.state.value(t.int, { ttl: t.ttl(hours(1), { update: 'onReadAndWrite' }) }),
      worst: t.state.map(t.string, t.long),
      last: t.state.value(Flight),
      sum: t.state.reducing(t.int, (a, b) => a + b),
      avg: t.state.aggregating({
        in: t.int,
        acc: t.tuple(t.long, t.double),
        out: t.string,
        create: () => [0, 0],
        add: (acc, v) => [acc[0] + v, acc[1] + 1],
        result: (acc) => String(acc[0]),
      }),
    },
    onRecord(r, ctx) {
      const n: number | null = ctx.state.streak.value();
      ctx.state.worst.put(ctx.key, r.delay);
      ctx.state.sum.add(1);
      const a: string | null = ctx.state.avg.get();
      ctx.state.avg.add(3);
      ctx.emit({ origin: ctx.key, n: n ?? 0 });
      ctx.output('late', r);
      ctx.state.last.update(r);
      const before = ctx.state.last.value();
      if (before !== null) ctx.output('late', before);
      // @ts-expect-error what state hands out is readonly, all the way down
      before?.legs.push({ at: 1 });
      // @ts-expect-error wrong output
      ctx.emit({ origin: 1 });
      // @ts-expect-error wrong side output value
      ctx.output('late', 3);
      // @ts-expect-error unknown tag
      ctx.output('nope', r);
      // @ts-expect-error unknown state
      ctx.state.nope;
      ctx.timers.registerEventTimeTimer(ctx.timestamp + 1);
      a;
    },
    onTimer(time, ctx) {
      ctx.emit({ origin: ctx.key, n: time });
    },
  });
  const o: Stream<{ origin: string; n: number }> = late;
  const l: Stream<Flight> = late.sideOutput('late');
  // @ts-expect-error a side output that is not declared
  expect(() => late.sideOutput('nope')).toThrow('no side output "nope"; it has "late"');
  o.sink('streaks', write);
  l.sink('late-out', write);

  keyed.process('own function', { emits: t.int, state: { n: t.state.value(t.int) }, onRecord: count }).sink('own function out', write);
  flights
    .keyBy((f) => f.delay, t.long)
    .process('n', { emits: t.long, onRecord: (r, ctx) => ctx.emit(ctx.key + r.delay) })
    .sink('n out', write);
  flights
    .keyBy((f) => [f.origin, f.kind], t.tuple(t.string, t.enum('Kind', ['a', 'b'])))
    .process('tuple key', {
      emits: t.string,
      onRecord(_r, ctx) {
        const [a, b] = ctx.key;
        const c: 'a' | 'b' = b;
        ctx.emit(a + c);
      },
    })
    .sink('tuple key out', write);

  const hourly = keyed
    .window(windows.tumbling(hours(1)))
    .allowedLateness(minutes(5))
    .sideOutputLate('tooLate');
  const mean = hourly.aggregate('mean', {
    acc: t.tuple(t.long, t.int),
    emits: Streak,
    create: () => [0, 0],
    add: (acc, r) => [acc[0] + r.delay, acc[1] + 1],
    result: (acc) => acc[0] / acc[1],
    process(result, ctx) {
      const mean: number = result;
      ctx.emit({ origin: ctx.key, n: mean + ctx.window.start });
    },
  });
  mean.sink('mean out', write);
  const tooLate: Stream<Flight> = mean.sideOutput('tooLate');
  tooLate.sink('too late out', write);
  keyed
    .window(windows.sliding(hours(1), minutes(5)))
    .aggregate('sum', { acc: t.long, emits: t.string, create: () => 0, add: (acc, r) => acc + r.delay, result: (acc) => String(acc) })
    .sink('sum out', write);
  keyed
    .window(windows.session(minutes(30)))
    .trigger(triggers.continuousEventTime(minutes(1)))
    .process('sessions', {
      emits: t.int,
      globalState: { seen: t.state.value(t.int) },
      process(records, ctx) {
        ctx.globalState.seen.update(records.length);
        ctx.emit(records.length);
      },
    })
    .sink('sessions out', write);
  keyed
    .countWindow(3)
    .reduce('thirds', (a, b) => ({ ...a, delay: a.delay + b.delay }))
    .sink('thirds out', write);
  keyed.reduce('running', (a, _b) => a).sink('running out', write);

  const rules = p.source('rules', read(t.tuple(t.string, t.int)));
  keyed
    .connectBroadcast(rules)
    .process('by rule', {
      emits: t.string,
      broadcastState: { limits: t.state.map(t.string, t.int) },
      onRecord(r, ctx) {
        if (r.delay > (ctx.broadcastState.limits.get(r.origin) ?? 0)) ctx.emit(ctx.key);
        // @ts-expect-error only the broadcast side may change broadcast state
        ctx.broadcastState.limits.put('a', 1);
      },
      onBroadcast([origin, limit], ctx) {
        ctx.broadcastState.limits.put(origin, limit);
      },
    })
    .sink('by rule out', write);
  keyed
    .connect(rules.keyBy((r) => r[0], t.string))
    .process('joined', { emits: t.string, onRecord1: (r, ctx) => ctx.emit(r.carrier), onRecord2: (r, ctx) => ctx.emit(r[0]) })
    .sink('joined out', write);
  keyed
    .intervalJoin('pairs', keyed, {
      emits: t.string,
      lower: -minutes(5),
      upper: minutes(5),
      join: (a, b, ctx) => ctx.emit(a.carrier + b.carrier),
    })
    .sink('pairs out', write);
  keyed
    .windowJoin('window pairs', keyed, { emits: t.string, window: windows.tumbling(hours(1)), join: (a, b) => a.carrier + b.carrier })
    .sink('window pairs out', write);
  flights
    .flatMap('letters', t.string, (f, emit) => {
      for (const letter of f.carrier) emit(letter);
    })
    .union(late.map('names', t.string, (s) => s.origin))
    .sink('letters out', write);
});

/** Never called: only the compiler looks at it. */
export const refused = pipeline('refused', (p) => {
  const flights = p.source('flights', read(Flight));
  // @ts-expect-error selector of another type, reported at the selector
  flights.keyBy((f) => f.delay, t.string);
  // @ts-expect-error double is not a key
  flights.keyBy((f) => f.delay, t.double);
  // @ts-expect-error record is not a key
  flights.keyBy((f) => f, Flight);
  // @ts-expect-error wrong map result
  flights.map('m', Streak, (f) => ({ origin: f.origin, n: f.origin }));
  // @ts-expect-error a field is missing
  flights.map('m', Streak, (f) => ({ origin: f.origin }));
  // @ts-expect-error an async function cannot be waited for
  flights.process('p', { emits: t.int, onRecord: async (_r, ctx) => ctx.emit(await Promise.resolve(1)) });
  // @ts-expect-error an async function cannot be waited for
  flights.keyBy((f) => f.origin, t.string).process('k', { emits: t.int, onRecord: async () => Promise.resolve() });
  // @ts-expect-error a sink of other records
  flights.sink('s', { ...write, accepts: (_value: number) => undefined } as Sink<number>);
  // @ts-expect-error a union of other records
  flights.union(p.source('numbers', read(t.int)));
});

test('the pipeline above can be built', () => {
  expect(buildPlan(module).operators).toHaveLength(34);
});

const Ev = t.record('Ev', { k: t.string, v: t.int, tags: t.list(t.string) });
const Pair = t.tuple(t.string, t.int);
const Kind = t.enum('Kind', ['A', 'B']);
const Kinded = t.record('Kinded', { kind: Kind, kinds: t.list(Kind), pair: t.nullable(t.string) });

/** Tuples, enums and records of them need no annotation. */
const inferred = pipeline('inferred', (p) => {
  const s = p.source('in', read(Ev));
  const keyed = s.keyBy((e) => e.k, t.string);
  s.map('pair', Pair, (e) => [e.k, 1]);
  s.map('choice', Pair, (e) => [e.v > 0 ? e.k : 'x', 1]);
  s.map('block', Pair, (e) => {
    if (e.v > 0) return [e.k, 1];
    return ['x', e.v];
  });
  s.map('nested', t.tuple(Kind, Pair), (e) => ['A', [e.k, 2]]);
  s.map('enum', Kind, (e) => (e.v > 0 ? 'A' : 'B'));
  s.map('kinded', Kinded, (e) => ({ kind: e.v > 0 ? 'A' : 'B', kinds: ['A', 'B'], pair: null }));
  s.map('same', Ev, (e) => e);
  s.map('changed', Ev, (e) => ({ ...e, tags: [...e.tags, 'new'] }));
  s.map('numbers', t.list(t.int), (e) => [e.v, 2]);
  s.flatMap('pairs', Pair, (e, emit) => {
    emit([e.k, 1]);
  });
  s.process('process', { emits: Kinded, onRecord: (_e, ctx) => ctx.emit({ kind: 'A', kinds: [], pair: 'x' }) });
  keyed.windowJoin('join', keyed, { emits: Pair, window: windows.tumbling(10), join: (left, right) => [left.k, right.v] });
  keyed.windowJoin('joinKinded', keyed, {
    emits: Kinded,
    window: windows.tumbling(10),
    join: (left, right) => ({ kind: left.v > right.v ? 'A' : 'B', kinds: ['B'], pair: null }),
  });
});
test('tuples, enums and records of them are inferred', () => {
  expect(buildPlan(inferred).operators).toHaveLength(14);
});

/** What is not of the type does not compile. */
export const misfits = pipeline('misfits', (p) => {
  const s = p.source('in', read(Ev));
  // @ts-expect-error the parts are the other way round
  s.map('pair', Pair, (e) => [1, e.k]);
  // @ts-expect-error a part is missing
  s.map('short', Pair, (e) => [e.k]);
  // @ts-expect-error not one of the symbols
  s.map('enum', Kind, () => 'C');
  // @ts-expect-error not one of the symbols, within a record
  s.map('kinded', Kinded, () => ({ kind: 'C', kinds: [], pair: null }));
  // @ts-expect-error a field is missing
  s.map('missing', Kinded, () => ({ kind: 'A', kinds: [] }));
});

/** A record that a function receives is readonly all the way down: it is shared. */
export const shared = pipeline('shared', (p) => {
  const s = p.source('in', read(Ev));
  const keyed = s.keyBy((e) => e.k, t.string);
  s.map('map', Ev, (e) => {
    // @ts-expect-error what functions receive is readonly
    e.v = 1;
    // @ts-expect-error what functions receive is readonly
    e.tags.push('x');
    return e;
  });
  // @ts-expect-error what functions receive is readonly
  s.filter('filter', (e) => e.tags.sort().length > 0);
  s.flatMap('flatMap', Ev, (e) => {
    // @ts-expect-error what functions receive is readonly
    e.v++;
  });
  s.process('process', {
    emits: Ev,
    onRecord: (e) => {
      // @ts-expect-error what functions receive is readonly
      delete e.k;
    },
  });
  // @ts-expect-error what functions receive is readonly
  keyed.process('keyed', { emits: Ev, onRecord: (e) => void (e.k = '') });
  // @ts-expect-error what functions receive is readonly
  keyed.reduce('reduce', (a, b) => ((a.v += b.v), a));
  keyed.connect(keyed).process('connect', {
    emits: Ev,
    // @ts-expect-error what functions receive is readonly
    onRecord1: (e) => void (e.v = 1),
    // @ts-expect-error what functions receive is readonly
    onRecord2: (e) => void (e.v = 1),
  });
  // @ts-expect-error what functions receive is readonly
  keyed.intervalJoin('join', keyed, { emits: Ev, lower: 0, upper: 0, join: (a) => void (a.v = 1) });
  keyed.window(windows.tumbling(1)).aggregate('aggregate', {
    acc: t.int,
    emits: t.int,
    create: () => 0,
    // @ts-expect-error what functions receive is readonly
    add: (n, e) => n + e.v++,
    result: (n) => n,
  });
  keyed.connectBroadcast(s).process('broadcast', {
    emits: Ev,
    broadcastState: { rules: t.state.map(t.string, Ev) },
    // @ts-expect-error what functions receive is readonly
    onRecord: (e) => void (e.v = 1),
    // @ts-expect-error what functions receive is readonly
    onBroadcast: (e) => void (e.v = 1),
  });
});
