import { files } from '../../src/connectors/index.ts';
import { pipeline, t, triggers, windows, type KeyedStream, type PipelineBuilder, type Stream } from '../../src/index.ts';
import { buildPlan } from '../../src/plan/index.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { listSource } from '../runtime/world.ts';
import type { Chance } from './chance.ts';

export const Sim = t.record('Sim', { key: t.string, n: t.int, at: t.long });
export type Sim = t.Infer<typeof Sim>;

/**
 * Times are whole tens, or one less where windows and timers end. So no record begins in the very millisecond in which a session ends:
 * whether it joins that one is a matter of order.
 */
const TICK = 10;
/** How far a record may come after one of a later time; watermarks allow for it, so that nothing is ever late. */
const DISORDER = 60;
const BUCKET = 40;
/** Later than all data: a timer for it fires when the input ends. */
const LAST = 8.64e15;
/** Sums stay below it, whatever their order. */
const MODULUS = 10_007;

const KINDS = [
  'map',
  'filter',
  'flatMap',
  'split',
  'union',
  'buckets',
  'lasting',
  'reduce',
  'tumbling',
  'sliding',
  'session',
  'count',
  'intervalJoin',
  'windowJoin',
  'connect',
  'keyedBroadcast',
  'broadcast',
] as const;

interface Step {
  readonly kind: (typeof KINDS)[number];
  readonly on: number;
  readonly other: number;
  readonly keyBy: number;
  readonly size: number;
}

/** What a pipeline is made of: the same for all runs of a seed. */
export interface Recipe {
  readonly left: readonly Sim[];
  readonly right: readonly Sim[];
  readonly rules: readonly Sim[];
  readonly steps: readonly Step[];
}

export function randomRecipe(chance: Chance): Recipe {
  let joins = 2;
  const steps = Array.from({ length: chance.int(1, 7) }, (): Step => {
    let kind = chance.pick(KINDS);
    // Each multiplies the records.
    if ((kind.endsWith('Join') || kind === 'flatMap') && joins-- <= 0) kind = 'buckets';
    return { kind, on: chance.int(0, 20), other: chance.int(0, 20), keyBy: chance.int(0, 2), size: chance.int(1, 5) };
  });
  return { left: records(chance, chance.int(0, 200)), right: records(chance, chance.int(0, 200)), rules: rules(), steps };
}

function records(chance: Chance, count: number): Sim[] {
  return Array.from({ length: count }, (_, i) => ({
    key: chance.pick(['a', 'b', 'c', 'd', 'e']),
    n: chance.int(0, 999),
    at: 10_000 + TICK * (i - chance.int(0, DISORDER / TICK)),
  }));
}

function rules(): Sim[] {
  return ['a', 'b', 'c', 'd', 'e'].map((key, i) => ({ key, n: i + 2, at: 10_000 }));
}

/** What may differ from run to run, and must not matter. */
export interface Conditions {
  readonly parallelism: number;
  /** Of one operator; undefined for that of the pipeline. */
  readonly parallelismOf: () => number | undefined;
  readonly checkpointInterval: number;
  readonly retainedCheckpoints: number;
  /** Called by user code with every record: may throw. */
  readonly hazard: () => void;
}

export function planOf(recipe: Recipe, conditions: Conditions): Plan {
  const { parallelism, checkpointInterval, retainedCheckpoints } = conditions;
  const restart = { kind: 'fixedDelay', attempts: 1000, delay: 5 } as const;
  const module = pipeline('simulated', { checkpointInterval, retainedCheckpoints, maxParallelism: 16, restart }, (p) => {
    new RandomPipeline(p, recipe, conditions).build();
  });
  return buildPlan(module, { parallelism });
}

class RandomPipeline {
  readonly #p: PipelineBuilder;
  readonly #recipe: Recipe;
  readonly #conditions: Conditions;
  readonly #streams: Stream<Sim>[] = [];
  #rules: Stream<Sim> | null = null;
  #sinks = 0;

  constructor(p: PipelineBuilder, recipe: Recipe, conditions: Conditions) {
    this.#p = p;
    this.#recipe = recipe;
    this.#conditions = conditions;
  }

  build(): void {
    const { left, right, steps } = this.#recipe;
    this.#streams.push(this.#source('left', left), this.#source('right', right));
    for (const [i, step] of steps.entries()) this.#add(`${step.kind}-${String(i)}`, step);
    for (const stream of this.#streams.slice(-2)) this.#sink(stream);
  }

  #source(uid: string, list: readonly Sim[]): Stream<Sim> {
    return this.#p.source<Sim>(uid, listSource(Sim, list, 2) as never).watermarks(`${uid}-time`, {
      timestamp: (record) => record.at,
      outOfOrderness: DISORDER,
    });
  }

  #sink(stream: Stream<Sim>): void {
    const uid = `sink${String(this.#sinks++)}`;
    stream.sink(uid, files.write({ path: `out/${uid}.jsonl` }));
  }

  #options(): { parallelism?: number } {
    const parallelism = this.#conditions.parallelismOf();
    return parallelism === undefined ? {} : { parallelism };
  }

  #add(uid: string, step: Step): void {
    const stream = this.#stream(step.on);
    const made = this.#made(uid, step, stream, this.#stream(step.other));
    // Their times are not ticks, or no times at all.
    const isLast = step.kind === 'count' || step.kind === 'session';
    if (!isLast) this.#streams.push(made);
    if (isLast || step.on % 3 === 0) this.#sink(made);
  }

  #stream(number: number): Stream<Sim> {
    const stream = this.#streams[number % this.#streams.length];
    if (stream === undefined) throw new RangeError('no stream');
    return stream;
  }

  #made(uid: string, step: Step, stream: Stream<Sim>, other: Stream<Sim>): Stream<Sim> {
    const { hazard } = this.#conditions;
    const { size } = step;
    const options = this.#options();
    switch (step.kind) {
      case 'map':
        return stream.map(uid, Sim, (r) => (hazard(), { ...r, n: (r.n * 7 + size) % MODULUS }), options);
      case 'filter':
        return stream.filter(uid, (r) => (hazard(), r.n % 5 !== size - 1), options);
      case 'flatMap':
        return stream.flatMap(
          uid,
          Sim,
          (r, emit) => {
            emit(r);
            hazard();
            if (r.n % 3 === 0) emit({ ...r, n: r.n + 1 });
          },
          options,
        );
      case 'split': {
        const split = stream.process(uid, {
          emits: Sim,
          sideOutputs: { odd: Sim },
          ...options,
          onRecord(r, ctx) {
            hazard();
            if (r.n % 2 === 1) ctx.output('odd', r);
            else ctx.emit(r);
          },
        });
        this.#streams.push(split.sideOutput('odd'));
        return split;
      }
      case 'union':
        return stream.union(other);
      case 'broadcast':
        return stream.connectBroadcast(this.#broadcastRules()).process(uid, {
          emits: Sim,
          broadcastState: { rules: t.state.map(t.string, t.int) },
          ...options,
          onRecord(r, ctx) {
            hazard();
            ctx.emit(r);
          },
          onBroadcast: (rule, ctx) => ctx.broadcastState.rules.put(rule.key, rule.n),
        });
      default:
        return this.#keyed(uid, step, keyedBy(stream, step.keyBy), keyedBy(other, step.keyBy), options);
    }
  }

  #broadcastRules(): Stream<Sim> {
    return (this.#rules ??= this.#source('rules', this.#recipe.rules));
  }

  #keyed(
    uid: string,
    step: Step,
    keyed: KeyedStream<string, Sim>,
    other: KeyedStream<string, Sim>,
    options: { parallelism?: number },
  ): Stream<Sim> {
    const { hazard } = this.#conditions;
    const { size } = step;
    switch (step.kind) {
      case 'lasting':
        return keyed.process(uid, {
          emits: Sim,
          state: {
            seen: t.state.list(t.int),
            sum: t.state.reducing(t.long, (a: number, b: number) => a + b),
            first: t.state.value(t.long),
            mean: t.state.aggregating({
              in: t.long,
              out: t.long,
              acc: t.tuple(t.long, t.long),
              create: () => [0, 0] as [number, number],
              add: (a: readonly [number, number], v: number) => [a[0] + 1, a[1] + v] as [number, number],
              result: (a: readonly [number, number]) => Math.floor(a[1] / a[0]),
            }),
          },
          ...options,
          onRecord(r, { state, timers }) {
            state.seen.add(r.n);
            state.sum.add(r.n);
            hazard();
            state.mean.add(r.n);
            state.first.update(Math.min(state.first.value() ?? Infinity, r.at));
            timers.registerEventTimeTimer(LAST);
            timers.registerEventTimeTimer(r.at + 1000);
            timers.deleteEventTimeTimer(r.at + 1000);
          },
          onTimer(_time, ctx) {
            const { state } = ctx;
            const seen = [...state.seen.get()].sort((a, b) => a - b);
            const n = seen.reduce((hash, each) => (hash * 31 + each) % MODULUS, Number(state.sum.get()) + Number(state.mean.get()));
            ctx.emit({ key: ctx.key, n: n % MODULUS, at: state.first.value() ?? 0 });
          },
        });
      case 'reduce': {
        // What it emits on the way depends on the order; of each key, the highest sum is the last.
        const folded = keyed.reduce(
          uid,
          (a, b) => (hazard(), { key: a.key < b.key ? a.key : b.key, n: a.n + b.n, at: a.at < b.at ? a.at : b.at }),
          options,
        );
        return keyedBy(folded, 2).process(`${uid}-last`, {
          emits: Sim,
          state: { last: t.state.value(Sim) },
          onRecord(r, { state, timers }) {
            if (r.n >= (state.last.value()?.n ?? 0)) state.last.update({ ...r, key: 'x' });
            timers.registerEventTimeTimer(LAST);
          },
          onTimer(_time, ctx) {
            const last = ctx.state.last.value();
            if (last !== null) ctx.emit({ ...last, n: last.n % MODULUS, at: 0 });
          },
        });
      }
      case 'tumbling':
        return keyed
          .window(windows.tumbling(TICK * size))
          .allowedLateness(size % 2 === 0 ? 0 : 50)
          .aggregate(uid, {
            acc: t.long,
            create: () => 0,
            add: (sum, r) => (hazard(), (sum + r.n) % MODULUS),
            result: (sum) => sum,
            emits: Sim,
            process: (n, ctx) => ctx.emit({ key: ctx.key, n, at: ctx.window.start }),
            ...options,
          });
      case 'sliding':
        return keyed.window(windows.sliding(6 * TICK, TICK * size)).reduce(uid, {
          reduce: (a, b) => ({ key: a.key < b.key ? a.key : b.key, n: (a.n + b.n) % MODULUS, at: Math.min(a.at, b.at) }),
          emits: Sim,
          globalState: { windows: t.state.value(t.int) },
          process(r, ctx) {
            hazard();
            ctx.globalState.windows.update((ctx.globalState.windows.value() ?? 0) + 1);
            ctx.emit({ ...r, at: ctx.window.end });
          },
          ...options,
        });
      case 'session':
        return keyed
          .window(windows.session(TICK * size - 5))
          .trigger(size % 2 === 0 ? triggers.eventTime() : triggers.purging(triggers.eventTime()))
          .process(uid, {
            emits: Sim,
            process(all, ctx) {
              hazard();
              const n = all
                .map((r) => r.n)
                .sort((a, b) => a - b)
                .reduce((hash, each) => (hash * 31 + each) % MODULUS, 7);
              ctx.emit({ key: ctx.key, n, at: ctx.window.end - ctx.window.start });
            },
            ...options,
          });
      case 'count':
        return keyed.countWindow(size + 1).aggregate(uid, {
          acc: t.int,
          create: () => 0,
          add: (sum) => (hazard(), sum + 1),
          result: (sum) => sum,
          emits: Sim,
          process: (n, ctx) => ctx.emit({ key: ctx.key, n, at: 0 }),
          ...options,
        });
      case 'intervalJoin':
        return keyed.intervalJoin(uid, other, {
          lower: -6 * size,
          upper: 3 * size,
          emits: Sim,
          join(l, r, ctx) {
            hazard();
            ctx.emit({ key: l.key, n: (l.n * 3 + r.n) % MODULUS, at: ctx.rightTimestamp - ctx.leftTimestamp });
          },
          ...options,
        });
      case 'windowJoin':
        return keyed.windowJoin(uid, other, {
          window: windows.tumbling(TICK * size),
          emits: Sim,
          join: (l, r) => (hazard(), { key: l.key, n: (l.n * 3 + r.n) % MODULUS, at: Math.min(l.at, r.at) }),
          ...options,
        });
      case 'keyedBroadcast':
        return keyed.connectBroadcast(this.#broadcastRules()).process(uid, {
          emits: Sim,
          state: { sum: t.state.value(t.int) },
          broadcastState: { rules: t.state.map(t.string, t.int) },
          ...options,
          onRecord(r, { state, timers }) {
            hazard();
            state.sum.update(((state.sum.value() ?? 0) + r.n) % MODULUS);
            timers.registerEventTimeTimer(LAST);
          },
          onBroadcast(rule, ctx) {
            hazard();
            ctx.broadcastState.rules.put(rule.key, rule.n);
          },
          // By now every rule has come.
          onTimer(_time, ctx) {
            const factor = [...ctx.broadcastState.rules.values()].reduce((a, b) => a + b, 0);
            ctx.emit({ key: ctx.key, n: ((ctx.state.sum.value() ?? 0) * factor) % MODULUS, at: 0 });
          },
        });
      case 'connect': {
        const { add, ...spec } = bucketed(hazard);
        return keyed.connect(other).process(uid, { ...spec, ...options, onRecord1: add(1), onRecord2: add(3) });
      }
      default: {
        const { add, ...spec } = bucketed(hazard);
        return keyed.process(uid, { ...spec, ...options, onRecord: add(1) });
      }
    }
  }
}

/** Sums by time, which go out when their time is over. */
function bucketed(hazard: () => void) {
  return {
    emits: Sim,
    add: (factor: number) => (r: Sim, ctx: any) => {
      hazard();
      const bucket = Math.floor(Number(ctx.timestamp) / BUCKET);
      ctx.state.sums.put(bucket, (Number(ctx.state.sums.get(bucket) ?? 0) + factor * r.n) % MODULUS);
      ctx.timers.registerEventTimeTimer((bucket + 1) * BUCKET - 1);
    },
    state: { sums: t.state.map(t.long, t.int) },
    onTimer(time: number, ctx: any): void {
      const bucket = Math.floor(time / BUCKET);
      const n = ctx.state.sums.get(bucket) as number | null;
      ctx.state.sums.remove(bucket);
      if (n !== null) ctx.emit({ key: String(ctx.key), n, at: bucket });
    },
  };
}

/** Keys of three kinds; the result is always seen as text. */
function keyedBy(stream: Stream<Sim>, kind: number): KeyedStream<string, Sim> {
  switch (kind) {
    case 0:
      return stream.keyBy((r) => r.key, t.string);
    case 1:
      return stream.keyBy((r) => `${r.key}/${String(r.n % 2)}`, t.string);
    default:
      return stream.keyBy(() => 'all', t.string);
  }
}
