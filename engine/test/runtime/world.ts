import { expect } from 'vitest';
import type { Batch, ConnectorHost, OpenSink, OpenSource, SourceStatus } from '../../src/operators/connector.ts';
import { MIN_TIMESTAMP } from '../../src/operators/operator.ts';
import type { SinkConnector, SourceConnector } from '../../src/plan/operatorSpec.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { createSnapshotStore, restoreSnapshot } from '../../src/restore/index.ts';
import {
  createEngine,
  type Engine,
  type EngineEnvironment,
  type EngineEvent,
  type EngineOptions,
  type Gate,
} from '../../src/runtime/index.ts';
import { t } from '../../src/index.ts';
import { MemoryFiles } from '../restore/memoryFiles.ts';

/** An engine's whole world: a clock that moves when it is told to, files in memory, chance by seed. */
export class World {
  now = 1_800_000_000_000;
  readonly files = new MemoryFiles();
  readonly events: EngineEvent[] = [];
  readonly log: string[] = [];
  gate: Gate | null = null;
  #seed: number;
  #clock = 0;

  constructor(seed = 1) {
    this.#seed = seed;
  }

  random(): number {
    this.#seed = (Math.imul(this.#seed, 1664525) + 1013904223) >>> 0;
    return this.#seed / 2 ** 32;
  }

  engine(plan: Plan, options: Omit<EngineOptions, 'restored'> & { from?: string | null } = {}): Engine {
    const { from = null, ...rest } = options;
    const restored = from === null ? null : this.restore(plan, from);
    return createEngine(plan, this.environment(plan), { ...rest, restored });
  }

  restore(plan: Plan, location: string) {
    return restoreSnapshot({ files: this.files, location, plan, allowNonRestoredState: false, now: () => this.now }).state;
  }

  environment(plan: Plan): EngineEnvironment {
    const host: ConnectorHost = {
      files: this.files,
      now: () => this.now,
      random: () => this.random(),
      log: (_level, message) => void this.log.push(message),
      print: () => undefined,
      counter: () => ({ inc: () => undefined, value: 0 }),
      outputs: { overwrite: true, made: new Set() },
    };
    const store = createSnapshotStore({
      files: this.files,
      plan,
      program: null,
      savepoints: 'savepoints',
      checkpoints: 'checkpoints',
      now: () => this.now,
      clock: () => (this.#clock += 0.1),
      random: () => this.random(),
      claimed: null,
    });
    return {
      host,
      store,
      gate: this.gate,
      restore: (path) => this.restore(plan, path),
      listener: (event) => void this.events.push(event),
    };
  }

  /** Runs to the end; time passes when the engine waits for it, and one millisecond a round. */
  run(engine: Engine, rounds = 1_000_000): void {
    for (let i = 0; i < rounds; i++) {
      if (this.step(engine)) return;
    }
    throw new Error('the run does not end');
  }

  /** One round; true when the run is over. */
  step(engine: Engine): boolean {
    const result = engine.runSlice(0);
    if (result.kind === 'done') return true;
    if (result.kind === 'idle') {
      expect(result.until, 'an idle engine waits for something').toBeLessThan(Infinity);
      this.now = Math.max(this.now, result.until);
    } else this.now++;
    return false;
  }
}

/** Runs until the promise settles. */
export async function settle<T>(world: World, engine: Engine, promise: Promise<T>): Promise<T> {
  let isSettled = false;
  const done = promise.finally(() => (isSettled = true));
  done.catch(() => undefined);
  for (let i = 0; i < 100_000 && !isSettled; i++) {
    world.step(engine);
    await Promise.resolve();
    await Promise.resolve();
    await Promise.resolve();
  }
  return done;
}

/**
 * A source of given records in batches of given sizes, dealt round robin to subtasks. A split is `[residue, modulus, next]`: every
 * residue class of the records is a split of its own, so that any parallelism can take them over.
 */
export function listSource<T>(type: { readonly name: string }, records: readonly T[], batchSize = 3, splits = 4): SourceConnector {
  const open: OpenSource = (_host, subtask, restored) => {
    const mine =
      restored === null
        ? Array.from({ length: splits }, (_, i) => [i, i]).filter(([i]) => (i as number) % subtask.parallelism === subtask.subtask)
        : restored.map((bytes) => JSON.parse(new TextDecoder().decode(bytes)) as [number, number]);
    const cursors = mine.map(([residue, next]) => ({ residue: residue as number, next: next as number }));
    return {
      poll(batch: Batch, limit: number): SourceStatus {
        while (batch.count < Math.min(limit, batchSize)) {
          const cursor = cursors.filter(({ next }) => next < records.length).sort((a, b) => a.next - b.next)[0];
          if (cursor === undefined) return { kind: 'end' };
          batch.values[batch.count] = records[cursor.next];
          batch.timestamps[batch.count] = MIN_TIMESTAMP;
          batch.count++;
          cursor.next += splits;
        }
        return { kind: 'more' };
      },
      snapshot: () => cursors.map(({ residue, next }) => new TextEncoder().encode(JSON.stringify([residue, next]))),
      close: () => undefined,
    };
  };
  return { name: 'list', details: {}, type: type as never, open };
}

/** Everything that was ever written and committed, over all attempts and runs: a transaction is committed once, by its name. */
export class Ledger {
  readonly #committed = new Map<string, readonly unknown[]>();
  #transactions = 0;
  /** Watermarks and values as they came, by subtask. */
  readonly seen = new Map<number, unknown[]>();
  finished = 0;

  get records(): unknown[] {
    return [...this.#committed.values()].flat();
  }

  /** A sink with two-phase commit. */
  sink(): SinkConnector {
    const open: OpenSink = (_host, subtask, _type, restored) => {
      const seen: unknown[] = [];
      this.seen.set(subtask.subtask, seen);
      const pending: { readonly name: string; readonly records: readonly unknown[]; readonly checkpointId: number }[] = [];
      let current: unknown[] = [];
      const commit = ({ name, records }: { readonly name: string; readonly records: readonly unknown[] }): void => {
        this.#committed.set(name, records);
      };
      for (const bytes of restored ?? []) commit(JSON.parse(new TextDecoder().decode(bytes)) as { name: string; records: unknown[] });
      return {
        write: (value) => {
          seen.push(value);
          current.push(value);
        },
        prepareCommit: (checkpointId) => {
          pending.push({ name: `transaction-${String(this.#transactions++)}`, records: current, checkpointId });
          current = [];
          return pending.map((each) => new TextEncoder().encode(JSON.stringify(each)));
        },
        commit: (checkpointId) => {
          for (const each of pending.splice(0)) {
            if (each.checkpointId <= checkpointId) commit(each);
            else pending.push(each);
          }
        },
        finish: () => {
          this.finished++;
          for (const each of pending.splice(0)) commit(each);
          commit({ name: `transaction-${String(this.#transactions++)}`, records: current });
          current = [];
        },
        close: () => undefined,
      };
    };
    return { name: 'ledger', details: {}, open };
  }
}

export const Numbered = t.record('Numbered', { n: t.int, key: t.string, at: t.long });

export interface NumberedRecord {
  n: number;
  key: string;
  at: number;
}
