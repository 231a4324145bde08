import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Failure } from '../../src/control.ts';
import { buildPrograms, EngineProcess } from './engineProcess.ts';

let dist: string;
let workspace: string;
let remove: () => void;
let engine: EngineProcess | null = null;

beforeAll(async () => {
  ({ dist, workspace, remove } = await buildPrograms());
});
afterAll(() => remove());
afterEach(() => engine?.end());

/** Reads `orders.jsonl`, and emits what a parameter of its own says. The restart strategy would try again for seconds. */
const PIPELINE = `import { pipeline, t } from 'tidemark';
import { files, collect } from 'tidemark/connectors';
const Order = t.record('Order', { id: t.string, cents: t.int });
export default pipeline('NAME', { restart: { kind: 'fixedDelay', attempts: 5, delay: 60000 } }, (p) => {
  const wrong = p.parameter('wrong', { type: 'boolean', default: false });
  const orders = p.source('orders', files.read({ path: 'NAME.jsonl', type: Order }));
  const doubled = orders.map('double', Order, (order) => ({ ...order, cents: wrong ? ('a lot' as never) : order.cents * 2 }));
  doubled.sink('out', collect());
});
`;

function program(name: string): string {
  const file = join(workspace, `${name}.pipeline.ts`);
  writeFileSync(file, PIPELINE.replaceAll('NAME', name));
  return file;
}

const lineOf = (text: string): number => PIPELINE.split('\n').findIndex((line) => line.includes(text)) + 1;
const places = ({ stack }: Failure): unknown[] => stack.map(({ name, position }) => [name, position?.path, position?.line]);

describe('an error leads to its place, and is not tried again where it would come again', () => {
  it('an input file that is not there: the operator that reads it', async () => {
    const file = program('missing');
    engine = new EngineProcess(dist, file);
    const first = await engine.firstMessage();
    expect(first).toMatchObject({ kind: 'failed', failure: { uid: 'orders' } });
    const { failure } = first as Extract<typeof first, { kind: 'failed' }>;
    expect(failure.message).toBe("there is no file missing.jsonl; paths are relative to the pipeline's folder");
    expect(places(failure)).toEqual([['operator "orders"', file, lineOf("p.source('orders'")]]);
  });

  it('a bad line: the line, then the operator', async () => {
    const file = program('bad');
    writeFileSync(join(workspace, 'bad.jsonl'), '{"id":"a","cents":1}\n{"id":"b","cents":"two"}\n');
    engine = await new EngineProcess(dist, file).begin();
    const { outcome, failure } = await engine.event('ended');
    expect([outcome, failure?.uid, failure?.restartsInMs]).toEqual(['failed', 'orders', null]);
    expect(failure?.message).toBe('bad.jsonl, line 2: cents: int expected, found "two"');
    expect(places(failure!)).toEqual([
      ['input', join(workspace, 'bad.jsonl'), 2],
      ['operator "orders"', file, lineOf("p.source('orders'")],
    ]);
    const status = engine.events.filter(({ event }) => event === 'stateChanged').at(-1);
    expect(status?.body).toEqual({ state: 'failed' });
  });

  it('a value that the type of the operator does not allow: the operator', async () => {
    const file = program('emitted');
    writeFileSync(join(workspace, 'emitted.jsonl'), '{"id":"a","cents":1}\n');
    engine = await new EngineProcess(dist, file, { parameters: { wrong: true }, debug: true }).begin();
    const { failure } = await engine.event('ended');
    expect([failure?.uid, failure?.restartsInMs]).toEqual(['double', null]);
    expect(failure?.message).toContain('cents');
    expect(places(failure!)).toEqual([['operator "double"', file, lineOf("'double'")]]);
  });

  it('results of an earlier run: a code by which clients offer a way out', async () => {
    const file = join(workspace, 'again.pipeline.ts');
    const text = PIPELINE.replaceAll('NAME', 'again').replace('collect()', "files.write({ path: 'again-out.jsonl' })");
    writeFileSync(file, text.replace(', collect', ''));
    writeFileSync(join(workspace, 'again.jsonl'), '{"id":"a","cents":1}\n');
    engine = await new EngineProcess(dist, file).begin();
    expect((await engine.event('ended')).outcome).toBe('finished');
    await engine.exit();
    engine = new EngineProcess(dist, file);
    expect(await engine.firstMessage()).toMatchObject({ kind: 'failed', failure: { uid: 'out', code: 'resultsExist' } });
    engine = await new EngineProcess(dist, file, { overwrite: true }).begin();
    expect((await engine.event('ended')).outcome).toBe('finished');
  });
});
