import { expect, test } from 'vitest';
import { generator, print } from '../../src/connectors/index.ts';
import { pipeline, t, windows, type PipelineModule } from '../../src/index.ts';
import { buildPlan } from '../../src/plan/index.ts';
import { testPipeline } from '../../src/testing/index.ts';
import { Ledger, listSource, Numbered, World, type NumberedRecord } from './world.ts';

type Mutable = { -readonly [N in keyof NumberedRecord]: NumberedRecord[N] };
const RECORDS = Array.from({ length: 4 }, (_, i): NumberedRecord => ({ n: 1, key: 'k', at: i }));

/** A branch and an operator behind the state change their records. */
function changing(ledgers: { masked: Ledger; sums: Ledger; hidden: Ledger }, copyRecords: boolean, parallelism: number): PipelineModule {
  return pipeline('changing', { copyRecords, checkpointInterval: 0, parallelism, restart: { kind: 'none' } }, (p) => {
    const records = p
      .source<NumberedRecord>(
        'in',
        listSource(
          Numbered,
          RECORDS.map((record) => ({ ...record })),
          3,
          1,
        ) as never,
      )
      .watermarks('time', { timestamp: (r) => r.at });
    const change = (n: number) => (r: Readonly<NumberedRecord>) => {
      (r as Mutable).n = n;
      return r;
    };
    records.map('mask', Numbered, change(100)).sink('masked', ledgers.masked.sink());
    const keyed = records.keyBy((r) => r.key, t.string);
    keyed
      .reduce('sum', (a, b) => ({ ...b, n: a.n + b.n }))
      .map('hide', Numbered, change(0))
      .sink('hidden', ledgers.hidden.sink());
    keyed
      .window(windows.tumbling(1000))
      .process('window', {
        emits: Numbered,
        process: (all, ctx) => ctx.emit({ n: all.reduce((sum, { n }) => sum + n, 0), key: ctx.key, at: 0 }),
      })
      .sink('sums', ledgers.sums.sink());
  });
}

test.each([
  ['plain', 1],
  ['plain', 2],
  ['fused', 1],
  ['fused', 2],
] as const)("with copyRecords a record that is changed is nobody else's, as in Flink (%s, parallelism %i)", (form, parallelism) => {
  const ledgers = { masked: new Ledger(), sums: new Ledger(), hidden: new Ledger() };
  const world = new World();
  world.run(world.engine(buildPlan(changing(ledgers, true, parallelism)), { form }));
  const numbers = (ledger: Ledger): number[] => ledger.records.map((record) => (record as NumberedRecord).n);
  expect(numbers(ledgers.masked)).toEqual([100, 100, 100, 100]);
  expect(numbers(ledgers.hidden)).toEqual([0, 0, 0, 0]);
  expect(numbers(ledgers.sums)).toEqual([4]);
});

const Nested = t.record('Nested', { tags: t.list(t.string), inner: t.record('Inner', { n: t.int }), map: t.map(t.string, t.int) });
type Nested = t.Infer<typeof Nested>;

test.each([
  ['a field', 'tags', (r: Nested) => void (r.tags = [])],
  ['a field further down', 'n', (r: Nested) => void (r.inner.n = 2)],
  ['a list', '1', (r: Nested) => void r.tags.push('x')],
  ['a new field', 'extra', (r: Nested) => void Object.assign(r, { extra: 1 })],
  ['a field that is deleted', 'tags', (r: Nested) => deleteTags(r)],
])('in a test an operator that changes %s of its record fails, and the error names both', (_what, field, change) => {
  const module = pipeline('change', (p) => {
    p.source('in', generator({ type: Nested, count: 0, next: () => ({ tags: [], inner: { n: 1 }, map: new Map() }) }))
      .map('changes', Nested, (r) => {
        change(r as Nested);
        return r;
      })
      .sink('out', print());
  });
  const run = testPipeline(module);
  const problem = new RegExp(`operator "changes" changes "${field}" of a record that it was given or has emitted; .* \\{ \\.\\.\\.record`);
  expect(() => run.push('in', { tags: ['a'], inner: { n: 1 }, map: new Map([['a', 1]]) })).toThrow(problem);
});

function deleteTags(r: Nested): void {
  delete (r as Partial<Nested>).tags;
}

test('in a test a map that is changed fails as well', () => {
  const module = pipeline('change', (p) => {
    p.source('in', generator({ type: Nested, count: 0, next: () => ({ tags: [], inner: { n: 1 }, map: new Map() }) }))
      .map('changes', Nested, (r) => {
        (r.map as Map<string, number>).set('b', 2);
        return r;
      })
      .sink('out', print());
  });
  expect(() => testPipeline(module).push('in', { tags: ['a'], inner: { n: 1 }, map: new Map([['a', 1]]) })).toThrow(
    'a value that state handed out or an operator has emitted cannot be changed',
  );
});
