import { describe, expect, test } from 'vitest';
import { collect, files, generator } from '../../src/connectors/index.ts';
import { minutes, pipeline, t, triggers, windows, type PipelineBuilder, type PipelineSettings, type Stream } from '../../src/index.ts';
import { buildPlan, describePlan, PlanError, planWarnings, type Plan, type PlanOptions } from '../../src/plan/index.ts';
import { positionInStack } from '../../src/plan/sourcePosition.ts';

const Item = t.record('Item', { id: t.int, name: t.string });
const items = generator({ type: Item, next: (id) => ({ id, name: 'x' }) });
const build = (make: (p: PipelineBuilder) => void, settings: PipelineSettings = {}, options: PlanOptions = {}): Plan =>
  buildPlan(pipeline('test', settings, make), options);

function errorOf(make: (p: PipelineBuilder) => void, settings: PipelineSettings = {}, options: PlanOptions = {}): PlanError {
  try {
    build(make, settings, options);
  } catch (error) {
    if (error instanceof PlanError) return error;
    throw error;
  }
  throw new Error('a PlanError was expected');
}

let foreign: Stream<t.Infer<typeof Item>> | null = null;
build((p) => {
  foreign = p.source('elsewhere', items);
});

describe('errors name code, operator and place', () => {
  const bad = null as never;
  test.each<[string, string | null, string, (p: PipelineBuilder) => void, PipelineSettings?]>([
    ['duplicateUid', 'a', 'every operator needs a uid of its own', (p) => p.source('a', items).filter('a', () => true)],
    ['uid', null, 'the uid is empty', (p) => p.source('', items)],
    [
      'foreignStream',
      'out',
      'belongs to another pipeline',
      (p) => {
        p.source('a', items);
        foreign?.sink('out', collect());
      },
    ],
    ['foreignStream', null, 'belongs to another pipeline', (p) => p.source('a', items).union(foreign as never)],
    [
      'unknownSideOutput',
      'p',
      'no side output "x"; it has none',
      (p) =>
        (
          p.source('a', items).process('p', { emits: t.int, onRecord: () => undefined }) as unknown as { sideOutput(tag: string): void }
        ).sideOutput('x'),
    ],
    ['parallelism', 'a', 'parallelism 200 is above the max parallelism 128', (p) => p.source('a', items, { parallelism: 200 })],
    ['parallelism', 'a', 'parallelism must be a positive integer, not 0', (p) => p.source('a', items, { parallelism: 0 })],
    [
      'maxParallelism',
      null,
      'max parallelism must be an integer from 1 to 32768, not 40000',
      (p) => p.source('a', items),
      { maxParallelism: 40000 },
    ],
    [
      'window',
      'w',
      'a window needs a size',
      (p) =>
        p
          .source('a', items)
          .keyBy((r) => r.id, t.int)
          .window(windows.tumbling(0))
          .reduce('w', (a) => a),
    ],
    [
      'window',
      'w',
      'never fires by itself',
      (p) =>
        p
          .source('a', items)
          .keyBy((r) => r.id, t.int)
          .window(windows.global())
          .reduce('w', (a) => a),
    ],
    [
      'window',
      'w',
      'triggers.count needs a whole number',
      (p) =>
        p
          .source('a', items)
          .keyBy((r) => r.id, t.int)
          .window(windows.global())
          .trigger(triggers.count(0))
          .reduce('w', (a) => a),
    ],
    [
      'window',
      'w',
      'needs a merge',
      (p) =>
        p
          .source('a', items)
          .keyBy((r) => r.id, t.int)
          .window(windows.session(5))
          .aggregate('w', { acc: t.int, emits: t.int, create: () => 0, add: (a) => a, result: (a) => a }),
    ],
    [
      'state',
      'w',
      'use globalState',
      (p) =>
        p
          .source('a', items)
          .keyBy((r) => r.id, t.int)
          .window(windows.session(5))
          .process('w', { emits: t.int, windowState: { seen: t.state.value(t.int) }, process: () => undefined }),
    ],
    ['function', 'm', 'the function of map is not a function', (p) => p.source('a', items).map('m', t.int, bad)],
    ['function', 'm', 'is async', (p) => p.source('a', items).map('m', t.int, (async () => Promise.resolve(1)) as never)],
    ['key', null, 'Item is not a key', (p) => p.source('a', items).keyBy((r) => r.id, Item as never)],
    ['key', null, 'tuple<double> is not a key', (p) => p.source('a', items).keyBy((r) => r.id, t.tuple(t.double) as never)],
    [
      'state',
      'k',
      'state "count"',
      (p) =>
        p
          .source('a', items)
          .keyBy((r) => r.id, t.int)
          .window(windows.tumbling(5))
          .process('k', { emits: t.int, windowState: { count: t.state.value(t.int) }, process: () => undefined }),
    ],
    [
      'type',
      'k',
      'state "s": tuple<int> cannot be in a record',
      (p) =>
        p
          .source('a', items)
          .keyBy((r) => r.id, t.int)
          .process('k', { emits: t.int, state: { s: t.state.value(t.record('R', { x: t.tuple(t.int) })) }, onRecord: () => undefined }),
    ],
    ['connector', 'a', 'the second argument is a source', (p) => p.source('a', bad)],
    [
      'parameter',
      null,
      'declared twice',
      (p) => {
        p.parameter('x', { type: 'number', default: 1 });
        p.parameter('x', { type: 'number', default: 1 });
      },
    ],
    ['pipeline', null, 'has no operators', () => undefined],
  ])('%s at %j: %s', (code, uid, message, make, settings) => {
    const error = errorOf(make, settings);
    expect({ code: error.code, uid: error.uid }).toEqual({ code, uid });
    expect(error.message).toContain(message);
    if (message !== 'has no operators') expect(error.position?.file).toContain('plan.test.ts');
  });

  test('the place is that of the call, mapped', () => {
    const here = positionInStack(new Error().stack ?? '', 0);
    const error = errorOf((p) => p.source('', items), {}, { mapPosition: ({ line }) => ({ file: 'mapped.ts', line, column: 1 }) });
    expect(error.position).toEqual({ file: 'mapped.ts', line: (here?.line ?? 0) + 1, column: 1 });
  });
});

describe('two sinks', () => {
  const twice =
    (first: string, second: string, parallelism = 1) =>
    (p: PipelineBuilder) => {
      const source = p.source('items', items, { parallelism });
      source.sink('one', files.write({ path: first }), { parallelism });
      source.sink('two', files.write({ path: second }), { parallelism: 1 });
    };

  test.each([
    ['out/a.jsonl', 'out/a.jsonl', 1],
    ['out/a.jsonl', './out//b/../a.jsonl', 1],
    ['out/a.jsonl', 'out/a-1.jsonl', 2],
  ])('that write %s and %s at parallelism %i are refused', (first, second, parallelism) => {
    const error = errorOf(twice(first, second, parallelism));
    expect(error).toMatchObject({ code: 'connector', uid: 'two' });
    expect(error.message).toMatch(/which the sink "one" writes; give each sink a path of its own/);
  });

  test('with paths of their own are not', () => {
    build(twice('out/a.jsonl', 'out/b.jsonl', 2));
    build(twice('../a.jsonl', 'a.jsonl'));
    build(twice('a.jsonl', '/a.jsonl'));
  });
});

test('positions of stacks', () => {
  const stack = 'Error\n    at a (file:///x/y.ts:1:2)\n    at async b (/x y/z.ts:30:4)\n    at C:\\p\\q.ts:5:6\n    at native';
  expect(positionInStack(stack, 0)).toEqual({ file: 'file:///x/y.ts', line: 1, column: 2 });
  expect(positionInStack(stack, 1)).toEqual({ file: '/x y/z.ts', line: 30, column: 4 });
  expect(positionInStack(stack, 2)).toEqual({ file: 'C:\\p\\q.ts', line: 5, column: 6 });
  expect(positionInStack(stack, 3)).toBeNull();
});

test('edges: forward, rebalance where the parallelism differs, hash, broadcast, side outputs, unions', () => {
  const plan = build(
    (p) => {
      const a = p.source('a', items, { parallelism: 1 });
      const b = a.map('b', Item, (r) => r);
      const c = b.process('c', { emits: Item, sideOutputs: { odd: Item }, onRecord: () => undefined });
      c.sideOutput('odd').union(b).sink('d', collect());
      c.keyBy((r) => r.name, t.string)
        .connectBroadcast(a)
        .process('e', {
          emits: t.int,
          broadcastState: { s: t.state.map(t.string, t.int) },
          onRecord: () => undefined,
          onBroadcast: () => undefined,
        })
        .sink('f', collect());
    },
    {},
    { parallelism: 2 },
  );
  expect(describePlan(plan).edges).toEqual([
    { from: 'a', to: 'b', input: 0, partitioning: 'rebalance', sideOutput: null },
    { from: 'b', to: 'c', input: 0, partitioning: 'forward', sideOutput: null },
    { from: 'c', to: 'd', input: 0, partitioning: 'forward', sideOutput: 'odd' },
    { from: 'b', to: 'd', input: 0, partitioning: 'forward', sideOutput: null },
    { from: 'c', to: 'e', input: 0, partitioning: 'hash', sideOutput: null },
    { from: 'a', to: 'e', input: 1, partitioning: 'broadcast', sideOutput: null },
    { from: 'e', to: 'f', input: 0, partitioning: 'forward', sideOutput: null },
  ]);
});

test('descriptions are for people', () => {
  const plan = build((p) => {
    p.source('a', items)
      .watermarks('wm', { timestamp: (r) => r.id, outOfOrderness: minutes(10) })
      .keyBy((r) => r.name, t.string)
      .window(windows.sliding(minutes(60), minutes(5)))
      .sideOutputLate('late')
      .process('w', { emits: t.int, globalState: { seen: t.state.list(t.int) }, process: () => undefined })
      .sink('out', collect());
  });
  expect(describePlan(plan).operators.map(({ uid, kind, detail, emits, states }) => [uid, kind, detail, emits, states])).toEqual([
    ['a', 'source', 'generator', 'Item', []],
    ['wm', 'watermarks', 'up to 10 min out of order', 'Item', []],
    [
      'w',
      'window',
      'sliding 1 h every 5 min, process, keyed by string',
      'int',
      [
        { name: 'window-contents', kind: 'list', type: 'Item' },
        { name: 'seen', kind: 'list', type: 'int' },
      ],
    ],
    ['out', 'sink', 'collect', null, []],
  ]);
  expect(planWarnings(plan).map(({ code, uid }) => [code, uid])).toEqual([['unusedSideOutput', 'w']]);
});

test('warnings: no sink, no watermarks', () => {
  const plan = build((p) => {
    const a = p.source('a', items);
    a.keyBy((r) => r.id, t.int)
      .window(windows.tumbling(5))
      .reduce('w', (x) => x);
    a.sink('out', collect());
  });
  expect(planWarnings(plan).map(({ code, uid }) => [code, uid])).toEqual([
    ['noSink', 'w'],
    ['noWatermarks', 'w'],
  ]);
});

describe('parameters', () => {
  const valueOf = (
    parameters: NonNullable<PlanOptions['parameters']>,
    kind: 'string' | 'number' | 'boolean' | 'duration' = 'number',
    fallback: unknown = 1,
  ): unknown => {
    const plan = build(
      (p) => {
        p.parameter('x', { type: kind, default: fallback as never });
        p.source('a', items);
      },
      {},
      { parameters },
    );
    const [parameter] = plan.parameters;
    return [parameter?.value, parameter?.origin];
  };
  test.each([
    [{}, 'number', 1, [1, 'default']],
    [{ environment: { TIDEMARK_PARAM_x: '2' } }, 'number', 1, [2, 'environment']],
    [{ environment: { TIDEMARK_PARAM_x: '2' }, launch: { x: 3 } }, 'number', 1, [3, 'launch']],
    [{ launch: { x: 3 }, file: { x: '5' } }, 'number', 1, [5, 'file']],
    [{ launch: { x: 3 }, file: { x: '5' }, commandLine: { x: '4' } }, 'number', 1, [4, 'commandLine']],
    [{ commandLine: { x: 'false' } }, 'boolean', true, [false, 'commandLine']],
    [{ commandLine: { x: '1.5 min' } }, 'duration', 1, [90_000, 'commandLine']],
    [{ commandLine: { x: '10' } }, 'string', '', ['10', 'commandLine']],
  ] as const)('%j as %s', (sources, kind, fallback, expected) => {
    expect(valueOf(sources, kind, fallback)).toEqual(expected);
  });
  test('wrong and unknown values are refused', () => {
    expect(() => valueOf({ commandLine: { x: 'fast' } })).toThrow('"fast" from the command line is not a number');
    expect(() => valueOf({ commandLine: { speed: 1 } })).toThrow(
      'parameter "speed" from the command line is none of the pipeline\'s: it has x',
    );
  });
});

describe('secret parameters', () => {
  const declared = (parameters: NonNullable<PlanOptions['parameters']>, type: 'string' | 'number' = 'string') => {
    const values: unknown[] = [];
    const plan = build(
      (p) => {
        values.push(p.parameter('token', { type, default: type === 'string' ? '' : 0, secret: true }));
        p.source('a', items);
      },
      {},
      { parameters },
    );
    return { values, plan: JSON.stringify(plan.parameters) };
  };

  test.each([{ file: { token: 'hunter2' } }, { launch: { token: 'hunter2' } }, { environment: { TIDEMARK_PARAM_token: 'hunter2' } }])(
    'have the value of %j, which is not in the plan',
    (parameters) => {
      const { values, plan } = declared(parameters);
      expect(values).toEqual(['hunter2']);
      expect(plan).toContain('"name":"token"');
      expect(plan).not.toContain('hunter2');
    },
  );

  test('are refused on the command line, and no message has their value', () => {
    const message = (parameters: NonNullable<PlanOptions['parameters']>, type: 'string' | 'number'): string => {
      try {
        return declared(parameters, type).plan;
      } catch (error) {
        return (error as Error).message;
      }
    };
    const refused = message({ commandLine: { token: 'hunter2' } }, 'string');
    expect(refused).toContain('give it with --param-file FILE (a line token=...) or in the environment variable TIDEMARK_PARAM_token');
    expect(refused).not.toContain('hunter2');
    expect(message({ file: { token: 'hunter2' } }, 'number')).toContain(
      'parameter "token": (secret) from a file of parameters is not a number (',
    );
  });
});

test('a module without a pipeline', () => {
  expect(() => buildPlan(undefined as never)).toThrow('export default pipeline');
  expect(() => pipeline('a/b', () => undefined)).toThrow('is not a name for a pipeline');
});
