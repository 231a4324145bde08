// Renaming the uid of an operator with a million keys: `tidemark edit` beside Flink's SavepointWriter, in turn in one run.
//
//     npm run bench:rewrite [-- --runs N --no-build --short]
//
// The savepoint is that of bench/snapshots, which makes it where it is not there yet. Tidemark looks at the lengths and the key group of every
// entry while it copies; Flink copies the files of the state. Both savepoints must hold a million entries under the new uid. Medians of wall
// times; exit code 1 when they do not or the bar is missed. Quote the ratio from a quiet machine. Needs Java and Maven.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  bar,
  cache,
  compileFlink,
  figures,
  filled,
  finish,
  isShort,
  java,
  medians,
  ratioBar,
  result,
  root,
  tidemark,
} from '../snapshots/besideFlink.mjs';

const RATIO_BAR = 10;
const KEYS = isShort ? 10_000 : 1_000_000;
const work = join(root, 'build/bench-rewrite');

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: isShort ? '1' : '5' },
    'no-build': { type: 'boolean', default: false },
    short: { type: 'boolean', default: false },
  },
});

async function entriesOf(folder) {
  const { stdout } = await tidemark(['dump', folder, '--operator', 'renamed', '--state', 'stat', '--aggregate', 'count()']);
  return Number(/= (\d+)$/m.exec(stdout)?.[1]);
}

mkdirSync(cache, { recursive: true });
const classpath = compileFlink();
const source = await filled(classpath, KEYS, 'hashmap', 'canonical');

const ours = [];
const flinks = [];
const counts = new Set();
for (let run = 0; run < Number(options.runs); run++) {
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  ours.push(await tidemark(['edit', source, '--rename-uid', 'stats=renamed', '--out', join(work, 'tidemark')]));
  flinks.push(await java(classpath, '-Xmx2g', 'tidemark.bench.Rename', [source, join(work, 'flink')]));
  for (const each of ['tidemark', 'flink']) counts.add(await entriesOf(join(work, each)));
}
rmSync(work, { recursive: true, force: true });

const [we, flink] = [medians(ours), medians(flinks)];
result(`entries under the new uid: ${[...counts].join(', ')}`, counts.size === 1 && counts.has(KEYS));
console.log(`         Tidemark: ${figures(we)}\n         Flink:    ${figures(flink)}`);
ratioBar(we, flink, RATIO_BAR);
finish();
