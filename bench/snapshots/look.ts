// What is waited for when a snapshot is opened: the tree of its operators and states, and one key. In the process that serves the editor
// Node has long started, so the clock starts when this code does. Prints a line of JSON with milliseconds.
import { describeStates, queryRows } from 'tidemark/snapshot';
import { openSnapshot } from '../../server/src/snapshots/openedSnapshot.ts';

const [location = '', keysText = ''] = process.argv.slice(2);
const KEYS_LOOKED_FOR = 9;

const from = performance.now();
const opened = await openSnapshot(location);
const { operators } = opened.snapshot;
for (const operator of operators) await describeStates(operator);
const treeMs = performance.now() - from;

const stats = operators.find(({ metadata }) => metadata.uid === 'stats');
if (stats === undefined) throw new Error(`${location} has no operator "stats"`);
const keyMs: number[] = [];
for (let i = 0; i < KEYS_LOOKED_FOR; i++) {
  const key = Math.floor(((i + 0.5) / KEYS_LOOKED_FOR) * Number(keysText));
  const start = performance.now();
  let found = 0;
  await queryRows(stats, { key: String(key) }, () => {
    found++;
    return false;
  });
  keyMs.push(performance.now() - start);
  if (found !== 1) throw new Error(`key ${String(key)} is found ${String(found)} times`);
}
console.log(JSON.stringify({ treeMs, keyMs }));
