import { expect, test } from 'vitest';
import { pipeline } from '../../src/index.ts';
import { buildPlan } from '../../src/plan/index.ts';
import { Ledger, listSource, Numbered, settle, World, type NumberedRecord } from './world.ts';

const RECORD_MS = 5;
const records = Array.from({ length: 100_000 }, (_, n): NumberedRecord => ({ n, key: 'k', at: n }));

/** A world in which user code takes its time. */
function slow(): { world: World; plan: ReturnType<typeof buildPlan> } {
  const world = new World();
  const module = pipeline('slow', { checkpointInterval: 0 }, (p) => {
    p.source('numbers', listSource(Numbered, records, 1_000_000) as never)
      .map('slow', Numbered as never, (record: unknown) => {
        world.now += RECORD_MS;
        return record;
      })
      .sink('sink', new Ledger().sink());
  });
  return { world, plan: buildPlan(module) };
}

test('slow user code makes batches small, so that slices stay short', () => {
  const { world, plan } = slow();
  const engine = world.engine(plan);
  const took = Array.from({ length: 40 }, () => {
    const before = world.now;
    engine.runSlice(10);
    return world.now - before;
  });
  expect(Math.min(...took)).toBeGreaterThanOrEqual(10);
  expect(Math.max(...took.slice(5))).toBeLessThanOrEqual(10 + 2 * RECORD_MS);
  expect(Math.max(...took)).toBeLessThanOrEqual(16 * RECORD_MS);
});

test('a savepoint does not wait for many rounds of slow user code', async () => {
  const { world, plan } = slow();
  const engine = world.engine(plan);
  for (let i = 0; i < 5; i++) engine.runSlice(10);
  const before = world.now;
  await settle(world, engine, engine.savepoint(null));
  expect(world.now - before).toBeLessThanOrEqual(8 * RECORD_MS);
});
