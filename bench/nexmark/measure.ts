import { buildPlan } from 'tidemark/plan';
import { createEngine, type EngineEnvironment } from 'tidemark/runtime';
import { Check } from './check.ts';
import { query } from './queries.ts';

/** Arguments: QUERY CHECKED_EVENTS EVENTS RUNS. Prints one line of JSON for the checked run and one for each measured run, as Nexmark.java does. */
const [name = 'q0', checkedEvents = '1000000', events = '4000000', runs = '3'] = process.argv.slice(2);

function refuse(): never {
  throw new Error('a benchmark touches no files and takes no snapshots');
}

const environment: EngineEnvironment = {
  host: {
    files: {
      size: refuse,
      read: refuse,
      exists: refuse,
      list: refuse,
      makeFolder: refuse,
      openForWriting: refuse,
      rename: refuse,
      remove: refuse,
    },
    now: Date.now,
    random: Math.random,
    log: (_level, message) => {
      console.error(message);
    },
    print: console.log,
    counter: refuse,
    outputs: { overwrite: false, made: new Set() },
  },
  store: { begin: refuse, retain: refuse },
  gate: null,
  restore: refuse,
  listener: (event) => {
    if (event.kind === 'failure') throw event.error;
  },
};

function run(count: number, check: Check | null): void {
  const engine = createEngine(buildPlan(query(name, count, check)), environment);
  for (;;) {
    const slice = engine.runSlice(50);
    if (slice.kind === 'done') break;
    // Only processing-time windows wait, for less than their size.
    if (slice.kind === 'idle') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Math.min(slice.until - Date.now(), 10));
  }
}

const check = new Check();
run(Number(checkedEvents), check);
console.log(JSON.stringify({ kind: 'check', rows: check.rows, checksum: check.checksum }));
run(Number(events) / 2, null);
for (let i = 0; i < Number(runs); i++) {
  const cpu = process.cpuUsage();
  const wall = process.hrtime.bigint();
  run(Number(events), null);
  const { user, system } = process.cpuUsage(cpu);
  console.log(
    JSON.stringify({ kind: 'run', cpuSeconds: (user + system) / 1e6, wallSeconds: Number(process.hrtime.bigint() - wall) / 1e9 }),
  );
}
