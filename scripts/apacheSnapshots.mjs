/**
 * Fetches the snapshots that Apache Flink's own tests restore, from the jars of those tests, into build/apache-snapshots, where the engine's
 * tests look for them: `node scripts/apacheSnapshots.mjs`. Does nothing where they are there already. Needs Maven.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const pom = join(root, 'test/flink/apache/pom.xml');
const folder = join(root, 'build/apache-snapshots');
const unfinished = `${folder}.unfinished`;
const stamp = join(folder, 'pom.sha256');

/** Removes what belongs to no snapshot. Returns how many there are. */
function keepSnapshots(path) {
  const entries = readdirSync(path, { withFileTypes: true });
  if (entries.some((entry) => entry.name === '_metadata')) return 1;
  let count = 0;
  for (const entry of entries) {
    const inside = entry.isDirectory() ? keepSnapshots(join(path, entry.name)) : 0;
    if (inside === 0) rmSync(join(path, entry.name), { recursive: true });
    count += inside;
  }
  return count;
}

const wanted = createHash('sha256').update(readFileSync(pom)).digest('hex');
if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) {
  console.log("the snapshots of Flink's tests are there");
} else {
  rmSync(unfinished, { recursive: true, force: true });
  const args = [
    '-q',
    '-B',
    '-Dstyle.color=never',
    `-Dmaven.repo.local=${join(root, '.cache/m2')}`,
    `-Dtarget=${unfinished}`,
    'dependency:unpack',
  ];
  const { error, status } = spawnSync('mvn', args, {
    cwd: dirname(pom),
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (error !== undefined) {
    console.log("SKIPPED apache snapshots: there is no mvn on the PATH, and the snapshots of Flink's own tests come from Maven");
  } else if (status !== 0) {
    console.log(`FAILED apache snapshots: mvn ended with exit code ${String(status)}`);
    process.exitCode = 1;
  } else {
    const count = keepSnapshots(unfinished);
    rmSync(folder, { recursive: true, force: true });
    renameSync(unfinished, folder);
    writeFileSync(stamp, wanted);
    console.log(`${String(count)} snapshots of Flink's tests`);
  }
}
