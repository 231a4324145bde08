import { describe, expect, test } from 'vitest';
import type { Engine } from '../../src/runtime/index.ts';
import { World } from '../runtime/world.ts';
import { Chance } from './chance.ts';
import { planOf, randomRecipe, type Recipe } from './randomPlan.ts';

/** TIDEMARK_SEED=n runs that one alone. */
const only = process.env['TIDEMARK_SEED'];
const count = process.env['TIDEMARK_FULL'] === '1' ? 2000 : 100;
const seeds = only === undefined ? Array.from({ length: count }, (_, i) => i + 1) : [Number(only)];
const MAX_ROUNDS = 5000;

/** Every line of every sink, as a set with repetitions. */
function outputOf(world: World): Map<string, string[]> {
  const lines = new Map<string, string[]>();
  for (const [path, bytes] of world.files.content) {
    const sink = /^out\/(sink\d+)(-\d+)?\.jsonl$/.exec(path)?.[1];
    if (sink === undefined) continue;
    const text = new TextDecoder().decode(bytes);
    lines.set(sink, [...(lines.get(sink) ?? []), ...text.split('\n').filter((line) => line !== '')].sort());
  }
  return lines;
}

/** Parallelism 1, no faults, from operator to operator. */
function calmRun(recipe: Recipe): Map<string, string[]> {
  const world = new World();
  const calm = { parallelism: 1, parallelismOf: () => undefined, checkpointInterval: 0, retainedCheckpoints: 1, hazard: () => undefined };
  world.run(world.engine(planOf(recipe, calm), { form: 'plain' }), MAX_ROUNDS);
  return outputOf(world);
}

/** A run at the mercy of chance: user code throws, the disk is full, the process dies, and it is stopped and restored at other parallelisms. */
class RoughRun {
  readonly world: World;
  readonly #recipe: Recipe;
  readonly #chance: Chance;
  #hazards: number;
  /** Of this kind of accident none is left. */
  readonly happened = { thrown: 0, diskFull: 0, died: 0, stopped: 0, savepoints: 0 };

  constructor(seed: number, recipe: Recipe) {
    this.#chance = new Chance(seed ^ 0x5eed);
    this.world = new World(seed);
    this.#recipe = recipe;
    this.#hazards = this.#chance.int(0, 8);
  }

  async run(): Promise<void> {
    for (let lives = this.#chance.int(1, 6); lives > 0; lives--) if (await this.#live()) return;
    this.#hazards = 0;
    const engine = this.#engine();
    for (let i = 0; i < MAX_ROUNDS; i++) {
      if (await this.#step(engine)) {
        this.#expectFinished(engine);
        return;
      }
    }
    throw new Error('the run does not end');
  }

  /** Until the process dies, or the run has been stopped; true when it has come to its end. */
  async #live(): Promise<boolean> {
    const chance = this.#chance;
    const engine = this.#engine();
    const { files } = this.world;
    for (let rounds = chance.int(1, 40); rounds > 0; rounds--) {
      if (chance.is(0.08)) {
        this.happened.savepoints++;
        engine.savepoint(null).catch(() => undefined);
      }
      if (files.failFrom < Infinity) {
        if (chance.is(0.4)) files.failFrom = Infinity;
      } else if (chance.is(0.03)) {
        this.happened.diskFull++;
        files.failFrom = files.changes + chance.int(0, 5);
      }
      if (await this.#step(engine)) return this.#expectFinished(engine);
    }
    files.failFrom = Infinity;
    if (chance.is(0.5)) {
      // Code that has died closes nothing.
      this.happened.died++;
      return false;
    }
    let isStopped = false;
    engine.stopWithSavepoint(null, false).then(
      () => (isStopped = true),
      () => undefined,
    );
    this.happened.stopped++;
    for (let i = 0; i < MAX_ROUNDS; i++) {
      if (!(await this.#step(engine))) continue;
      await Promise.resolve();
      return engine.status().state === 'stopped' && isStopped ? false : this.#expectFinished(engine);
    }
    throw new Error('the run does not stop');
  }

  #expectFinished(engine: Engine): true {
    expect(engine.status().state).toBe('finished');
    return true;
  }

  async #step(engine: Engine): Promise<boolean> {
    const isDone = this.world.step(engine);
    for (let i = 0; i < 3; i++) await Promise.resolve();
    return isDone;
  }

  #engine(): Engine {
    const chance = this.#chance;
    const plan = planOf(this.#recipe, {
      parallelism: chance.int(1, 5),
      parallelismOf: () => (chance.is(0.3) ? chance.int(1, 5) : undefined),
      checkpointInterval: chance.int(2, 25),
      retainedCheckpoints: chance.int(1, 3),
      hazard: () => {
        if (this.#hazards === 0 || !chance.is(0.01)) return;
        this.#hazards--;
        this.happened.thrown++;
        throw new Error('an accident');
      },
    });
    // As when debugging: record by record, what state hands out frozen, all values looked at.
    const isGated = chance.is(0.2);
    this.world.gate = isGated ? { enter: () => undefined, leave: () => undefined } : null;
    return this.world.engine(plan, { from: this.#newest(), form: isGated || chance.is(0.5) ? 'plain' : 'fused' });
  }

  /** The newest snapshot that sinks have committed with: any but a savepoint in passing. */
  #newest(): string | null {
    const triggers = new Map<number, string>();
    let path: string | null = null;
    for (const event of this.world.events) {
      if (event.kind === 'snapshotStarted') triggers.set(event.checkpointId, event.trigger);
      if (event.kind === 'snapshotCompleted' && triggers.get(event.snapshot.checkpointId) !== 'command') path = event.snapshot.path;
    }
    return path;
  }
}

describe('random pipelines over random data, through accidents and rescaling, give what one calm subtask gives', () => {
  test.each(seeds)(
    'seed %i',
    async (seed) => {
      const recipe = randomRecipe(new Chance(seed));
      const rough = new RoughRun(seed, recipe);
      const told = (): string =>
        `TIDEMARK_SEED=${String(seed)}: ${recipe.steps.map(({ kind }) => kind).join(', ')}; ${JSON.stringify(rough.happened)}`;
      try {
        await rough.run();
        expect(outputOf(rough.world), told()).toEqual(calmRun(recipe));
        expect(
          [...rough.world.files.content.keys()].filter((path) => path.endsWith('.pending')),
          told(),
        ).toEqual([]);
      } catch (error) {
        const failures = rough.world.events.flatMap((event) =>
          event.kind === 'failure'
            ? [`${String(event.uid)}: ${event.error.message}`]
            : event.kind === 'snapshotFailed'
              ? [event.reason]
              : [],
        );
        throw new Error([told(), ...failures.slice(-5), String(error)].join('\n'), { cause: error });
      }
    },
    30_000,
  );
});
