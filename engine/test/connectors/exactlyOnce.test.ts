import fc from 'fast-check';
import { expect, test } from 'vitest';
import { files, generator } from '../../src/connectors/index.ts';
import { t } from '../../src/index.ts';
import type { Batch, OpenSink, OpenSource, SinkWriter, SourceReader } from '../../src/operators/connector.ts';
import type { Sink, Source } from '../../src/plan/connectors.ts';
import type { Type } from '../../src/types/type.ts';
import { memoryHost, type TestHost } from './memoryHost.ts';

const Item = t.record('Item', { id: t.int, text: t.string });
type Item = t.Infer<typeof Item>;

interface Checkpoint {
  readonly splits: readonly Uint8Array[][];
  readonly transactions: readonly Uint8Array[][];
}

/** Flink's dealing of list state: unchanged at the same parallelism, else in contiguous pieces, the first ones larger. */
function deal(states: readonly Uint8Array[][], parallelism: number): Uint8Array[][] {
  if (states.length === parallelism) return states.map((state) => [...state]);
  const all = states.flat();
  const [size, extra] = [Math.floor(all.length / parallelism), all.length % parallelism];
  return Array.from({ length: parallelism }, (_, i) => {
    const start = i * size + Math.min(i, extra);
    return all.slice(start, start + size + (i < extra ? 1 : 0));
  });
}

/** Source subtask i feeds sink subtask i: the least that can be restarted, rescaled and killed. */
class TinyRun {
  readonly #readers: SourceReader[];
  readonly #writers: SinkWriter[];
  #id: number;

  constructor(host: TestHost, source: Source<Item>, sink: Sink<unknown>, parallelism: number, from: Checkpoint | null, id: number) {
    const subtask = (i: number): { uid: string; subtask: number; parallelism: number } => ({ uid: 'x', subtask: i, parallelism });
    const subtasks = Array.from({ length: parallelism }, (_, i) => i);
    const splits = from === null ? null : deal(from.splits, parallelism);
    const transactions = from === null ? null : deal(from.transactions, parallelism);
    this.#id = id;
    this.#readers = subtasks.map((i) => (source.open as OpenSource)(host, subtask(i), splits?.[i] ?? null));
    this.#writers = subtasks.map((i) =>
      (sink.open as OpenSink)(host, subtask(i), Item as unknown as Type<unknown>, transactions?.[i] ?? null),
    );
  }

  /** False when all has been read. */
  step(limit: number): boolean {
    let any = false;
    this.#readers.forEach((reader, i) => {
      const batch: Batch = { values: [], timestamps: [], count: 0 };
      if (reader.poll(batch, limit).kind !== 'end') any = true;
      for (let k = 0; k < batch.count; k++) this.#writers[i]?.write(batch.values[k], 0);
    });
    return any;
  }

  checkpoint(): Checkpoint {
    this.#id++;
    return {
      splits: this.#readers.map((reader) => [...reader.snapshot()]),
      transactions: this.#writers.map((writer) => [...writer.prepareCommit(this.#id, 'checkpoint')]),
    };
  }

  /** `subtasks`: how many are told before a crash. */
  commit(subtasks: number): void {
    for (const writer of this.#writers.slice(0, subtasks)) writer.commit(this.#id);
  }

  finish(): void {
    for (const writer of this.#writers) writer.finish();
  }
}

type Action =
  | { readonly do: 'step'; readonly limit: number }
  | { readonly do: 'checkpoint'; readonly told: number }
  | { readonly do: 'crash'; readonly parallelism: number };

const actions = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('step' as const), limit: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ do: fc.constant('checkpoint' as const), told: fc.nat(4) }),
    fc.record({ do: fc.constant('crash' as const), parallelism: fc.integer({ min: 1, max: 4 }) }),
  ),
  { maxLength: 30 },
);

/** All that is in the files, by the reader that other tests check. */
function outputOf(host: TestHost): Item[] {
  expect([...host.files.files.keys()].filter((file) => file.endsWith('.pending'))).toEqual([]);
  const open = files.read({ path: 'out', type: Item }).open as OpenSource;
  const reader = open(host, { uid: 'x', subtask: 0, parallelism: 1 }, null);
  const batch: Batch = { values: [], timestamps: [], count: 0 };
  const found: Item[] = [];
  while (reader.poll(batch, 100).kind !== 'end') found.push(...(batch.values.slice(0, batch.count) as Item[]));
  return found.sort((a, b) => a.id - b.id);
}

function runWithFaults(source: Source<Item>, host: TestHost, format: string, steps: readonly Action[], first: number): void {
  const sink = files.write({ path: `out/items.${format}` });
  let last: Checkpoint | null = null;
  let id = 0;
  let run = new TinyRun(host, source, sink, first, null, id);
  for (const action of steps) {
    host.clock += 15;
    if (action.do === 'step') run.step(action.limit);
    else if (action.do === 'checkpoint') {
      last = run.checkpoint();
      id++;
      run.commit(action.told);
    } else run = new TinyRun(host, source, sink, action.parallelism, last, id);
  }
  // Code that was not told of a checkpoint hears of the next one.
  while (run.step(5)) host.clock += 15;
  run.finish();
}

const items = fc
  .array(fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\\', ']', '}', 'é', ' '), maxLength: 6 }), { maxLength: 60 })
  .map((texts) => texts.map((text, id) => ({ id, text })));
const csvCell = (text: string): string => `"${text.replaceAll('"', '""')}"`;
const texts = {
  jsonl: (all: Item[]) => all.map((item) => `${JSON.stringify(item)}\n`).join(''),
  json: (all: Item[]) => JSON.stringify(all, null, 1),
  csv: (all: Item[]) => `\uFEFFid,text\r\n${all.map((item) => `${String(item.id)},${csvCell(item.text)}\r\n`).join('')}`,
};

test.each([
  ['jsonl', 'jsonl', false],
  ['json', 'jsonl', false],
  ['csv', 'csv', false],
  ['jsonl', 'csv', true],
] as const)('%s to %s (ordered: %s): every record once, whatever crashes and rescales', (from, to, ordered) => {
  fc.assert(
    fc.property(items, actions, fc.integer({ min: 1, max: 4 }), (all, steps, first) => {
      const host = memoryHost();
      host.files.put(`in/a.${from}`, texts[from](all.slice(0, 20)));
      host.files.put(`in/b.${from}`, texts[from](all.slice(20)));
      const source = files.read({
        path: 'in',
        type: Item,
        pace: { by: (item: Item) => item.id * 10, speedup: 1 },
        ...(ordered ? { orderBy: (item: Item) => -item.id } : {}),
      });
      runWithFaults(source, host, to, steps, first);
      expect(outputOf(host)).toEqual(all);
    }),
    { numRuns: 150 },
  );
});

test('a generator makes the same records whatever crashes and rescales', () => {
  fc.assert(
    fc.property(fc.nat(60), actions, fc.integer({ min: 1, max: 4 }), (count, steps, first) => {
      const host = memoryHost();
      const source = generator({ type: Item, count, next: (id, random) => ({ id, text: String(random()) }) });
      runWithFaults(source, host, 'jsonl', steps, first);
      const calm = memoryHost();
      runWithFaults(source, calm, 'jsonl', [], 1);
      expect(outputOf(host).map((item) => item.id)).toEqual(Array.from({ length: count }, (_, i) => i));
      expect(outputOf(host)).toEqual(outputOf(calm));
    }),
    { numRuns: 100 },
  );
});
