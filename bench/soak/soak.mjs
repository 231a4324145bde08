// Arguments: MINUTES real|virtual. Prints the heap after a collection, 30 times in the run.
import { pipeline, seconds, t } from 'tidemark';
import { generator } from 'tidemark/connectors';
import { buildPlan } from 'tidemark/plan';
import { createEngine } from 'tidemark/runtime';

const [minutes = '30', clock = 'real'] = process.argv.slice(2);
const isVirtual = clock === 'virtual';
const LENGTH_MS = Number(minutes) * 60_000;
const SAMPLES = 30;
/** Of both clocks; in virtual time less comes, and a short variant takes seconds. */
const RECORDS_PER_SECOND = isVirtual ? 500 : 10_000;
const TTL = seconds(30);
/** Growth from the second sixth of the samples to the last that counts as flat. */
const GROWTH_MAX = 1.1;
const GROWTH_MB_MAX = 2;

const start = Date.now();
let virtualNow = start;
const now = () => (isVirtual ? virtualNow : Date.now());
const refuse = () => {
  throw new Error('the soak touches no files');
};

const ttl = t.ttl(TTL);
const soak = pipeline('soak', { checkpointInterval: 0, restart: { kind: 'none' } }, (p) => {
  p.source('numbers', generator({ type: t.long, rate: isVirtual ? undefined : RECORDS_PER_SECOND, next: (n) => n }))
    // Every key comes twice, and one of 16 keys again and again.
    .keyBy((n) => (n % 2 === 0 ? n : -(n % 32)), t.long)
    .process('expiring', {
      emits: t.long,
      state: {
        seen: t.state.value(t.long, { ttl }),
        recent: t.state.list(t.long, { ttl }),
        byNumber: t.state.map(t.long, t.long, { ttl }),
      },
      onRecord(n, ctx) {
        ctx.state.seen.update(n);
        ctx.state.byNumber.put(n, n);
        if (ctx.key >= 0) ctx.state.recent.add(n);
        // The virtual clock is moved by records.
        virtualNow = start + (n / RECORDS_PER_SECOND) * 1000;
      },
    })
    .sink('nowhere', {
      name: 'nowhere',
      details: {},
      open: () => ({ write() {}, prepareCommit: () => [], commit() {}, finish() {}, close() {} }),
    });
});

const engine = createEngine(buildPlan(soak), {
  host: { files: {}, now, random: Math.random, log: (_level, text) => console.error(text), print: console.log, counter: refuse },
  store: { begin: refuse, retain: refuse },
  gate: null,
  restore: refuse,
  listener: (event) => {
    if (event.kind === 'failure') throw event.error;
  },
});

const heaps = [];
const pause = new Int32Array(new SharedArrayBuffer(4));
while (now() - start < LENGTH_MS) {
  const slice = engine.runSlice(isVirtual ? 0 : 20);
  if (slice.kind === 'idle') Atomics.wait(pause, 0, 0, Math.max(1, Math.min(slice.until - now(), 20)));
  if (now() - start < ((heaps.length + 1) * LENGTH_MS) / SAMPLES) continue;
  globalThis.gc();
  heaps.push(process.memoryUsage().heapUsed / 2 ** 20);
  const { recordsIn } = engine.status();
  console.log(
    `${String(Math.round((now() - start) / 1000)).padStart(6)} s  ${recordsIn.toLocaleString('en')} records  heap ${heaps.at(-1).toFixed(1)} MB`,
  );
}
const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
const [early, late] = [median(heaps.slice(SAMPLES / 6, SAMPLES / 3)), median(heaps.slice(-SAMPLES / 6))];
const isFlat = late <= early * GROWTH_MAX + GROWTH_MB_MAX;
console.log(`heap ${early.toFixed(1)} MB early, ${late.toFixed(1)} MB at the end: ${isFlat ? 'flat' : 'IT GROWS'}`);
process.exitCode = isFlat ? 0 : 1;
