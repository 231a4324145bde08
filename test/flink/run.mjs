/**
 * Real Flink as judge of our snapshots: `node test/flink/run.mjs`. Needs Java and Maven; the last line counts.
 * The engine writes a savepoint of a pipeline that has every kind of state; Flink reads it back, restores a job of the same uids
 * and types from it, and takes one of its own, which the engine restores. A real Kafka has what a job of real Flink reads.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { kafkaProof } from './kafkaProof.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const judge = join(here, 'judge');
const kafka = join(here, 'kafka');
const work = join(root, 'build/flink');
const repository = join(root, '.cache/m2');

/** Not every patch release of Flink is published with its Avro format, and its connectors have versions of their own. */
const VERSIONS = [
  { flink: '2.3.0', avro: '2.3.0', connector: '5.0.0-2.2' },
  { flink: '1.20.5', avro: '1.20.0', connector: '3.4.0-1.20' },
];

/** What Flink's own start scripts open on Java 17. */
const OPENED = ['java.lang', 'java.util', 'java.util.concurrent', 'java.nio', 'java.net', 'java.time', 'sun.nio.ch'];
/** A JVM lives a minute or two: what its slower compiler gains is less than what it takes. */
const JAVA_OPTIONS = ['-XX:TieredStopAtLevel=1', ...OPENED.map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`)];

let passed = 0;
let failed = 0;

function check(name, problems) {
  if (problems.length === 0) {
    passed++;
    console.log(`ok     ${name}`);
    return;
  }
  failed++;
  console.log(`FAILED ${name}`);
  for (const problem of problems.slice(0, 6)) console.log(`       ${problem}`);
  if (problems.length > 6) console.log(`       and ${problems.length - 6} more`);
}

function missingTool() {
  for (const [tool, args] of [
    ['java', ['-version']],
    ['mvn', ['-version']],
  ]) {
    const { error, status } = spawnSync(tool, args, { stdio: 'ignore' });
    if (error !== undefined || status !== 0) return tool;
  }
  return null;
}

/** Compiles a project against a version of Flink, unless nothing has changed since. Returns the class path. */
function compile(project, { flink, avro, connector }) {
  const target = join(project, 'target', flink);
  const classpath = join(target, 'classpath.txt');
  const stamp = join(target, 'sources.sha256');
  const hash = sourcesHash(project);
  if (!existsSync(stamp) || !existsSync(classpath) || readFileSync(stamp, 'utf8') !== hash) {
    rmSync(target, { recursive: true, force: true });
    const args = [
      '-q',
      '-B',
      '-Dstyle.color=never',
      `-Dmaven.repo.local=${repository}`,
      `-Dflink.version=${flink}`,
      `-Dflink.avro.version=${avro}`,
      `-Dflink.connector.version=${connector}`,
      'compile',
    ];
    execFileSync('mvn', args, { cwd: project, stdio: ['ignore', 'inherit', 'inherit'], shell: process.platform === 'win32' });
    writeFileSync(stamp, hash);
  }
  return [join(target, 'classes'), readFileSync(classpath, 'utf8').trim()].join(delimiter);
}

/** The class path with other classes of the job's state: pairs of what is in their source, and what comes in its place. */
function withClasses(classpath, classes, folder) {
  const file = join(folder, 'Types_.java');
  writeFileSync(file, replaced(join(judge, 'src/main/java/lab/Types_.java'), classes));
  execFileSync('javac', ['-cp', classpath, '-d', folder, file], { stdio: ['ignore', 'inherit', 'inherit'] });
  return [folder, classpath].join(delimiter);
}

/** What is changed in the schema of the job's records: pairs, as of classes. */
const PLACES = [
  ['{ "name": "name", "type": "string" }', '{ "name": "title", "type": "string" }'],
  [
    '{ "name": "height", "type": ["null", "double"] }',
    '{ "name": "height", "type": ["null", "double"] }, { "name": "zip", "type": "int" }',
  ],
  ['{ "type": "array", "items": "int" }', '{ "type": "array", "items": "long" }'],
];

/** The class path with another schema of the job's records. */
function withSchema(classpath, changes, folder) {
  writeFileSync(join(folder, 'everything.avsc'), replaced(join(judge, 'src/main/resources/everything.avsc'), changes));
  return [folder, classpath].join(delimiter);
}

/** The text of a file with others in place of some. */
function replaced(file, changes) {
  let text = readFileSync(file, 'utf8');
  for (const [from, to] of changes) {
    if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
    text = text.replace(from, to);
  }
  return text;
}

function sourcesHash(project) {
  const hash = createHash('sha256');
  const visit = (path) => {
    if (statSync(path).isDirectory()) for (const name of readdirSync(path).sort()) visit(join(path, name));
    else hash.update(relative(project, path)).update(readFileSync(path));
  };
  visit(join(project, 'pom.xml'));
  visit(join(project, 'src'));
  return hash.digest('hex');
}

/** Runs commands of the judge in one JVM. Returns the paths of the savepoints that it took, in order. */
function runJudge(classpath, commands) {
  const args = [
    ...JAVA_OPTIONS,
    '-Xmx1g',
    '-cp',
    classpath,
    'tidemark.judge.Judge',
    ...commands.flatMap((command) => [...command.map(String), '--']),
  ];
  const { stdout, stderr, status, error } = spawnSync('java', args, { encoding: 'utf8', timeout: 300_000, maxBuffer: 64 << 20 });
  if (error !== undefined || status !== 0) throw new Error(`the judge failed: ${error?.message ?? ''}\n${stdout}\n${stderr}`);
  return [...stdout.matchAll(/^resumed (?:file:)?(\S+)/gm)].map((match) => match[1]);
}

async function engineSide() {
  const outfile = join(work, 'engineSide.mjs');
  await build({
    entryPoints: [join(here, 'engineSide.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'bundle',
    external: ['esbuild', 'esbuild-wasm'],
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  return import(pathToFileURL(outfile).href);
}

/** Runs the built command line. */
function tidemark(args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'dist/cli.cjs'), ...args], { encoding: 'utf8' });
  return { code: status, text: stdout === '' ? stderr : stdout };
}

async function main() {
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const engine = await engineSide();
  const { alike, differences, missingStates } = engine;

  const fired = engine.writeSavepoint(join(work, 'fired'), { parallelism: 2, metadataVersion: 4, windowsFire: true });
  const resting = engine.writeSavepoint(join(work, 'resting'), { parallelism: 1, metadataVersion: 4, windowsFire: false });
  const named = engine.writeSavepoint(join(work, 'named'), { parallelism: 3, metadataVersion: 6, windowsFire: true });
  const past = engine.writeSavepoint(join(work, 'past'), { parallelism: 2, metadataVersion: 4, windowsFire: true, isPast: true });
  const migrated = join(work, 'migrated');
  const migratedLines = await engine.migrate(past, migrated);
  const places = join(work, 'places');
  const placesLines = await engine.changePlaces(fired, places);
  const firedLines = await engine.dump(fired);
  const restingLines = await engine.dump(resting);
  const namedLines = await engine.dump(named);
  check('the savepoint has entries of every state', [
    ...missingStates(fired, firedLines, engine.NEVER_FILLED),
    ...missingStates(resting, restingLines, engine.NEVER_FILLED_AT_REST),
  ]);

  for (const version of VERSIONS) {
    const name = `Flink ${version.flink}`;
    const classpath = compile(judge, version);
    const folder = (part) => {
      const path = join(work, version.flink, part);
      mkdirSync(path, { recursive: true });
      return path;
    };
    const file = (part) => join(folder('dumps'), `${part}.jsonl`);
    const readsNames = version.flink.startsWith('2.');
    const written = await Promise.all(
      engine.repairs(version.flink).map(async (repair, i) => {
        const target = join(folder('repaired'), String(i));
        const expected = await engine.repair(repair, join(work, version.flink, 'fixtures', String(i)), target);
        return { ...repair, expected, target };
      }),
    );
    const repairs = written.flatMap((repair, i) =>
      ['hashmap', 'rocksdb'].map((backend) => ({
        ...repair,
        backend,
        command: ['zoo', repair.target, folder(`zoo-${i}-${backend}`), backend, ...repair.changes],
      })),
    );
    const taken = runJudge(classpath, [
      ['dump', fired, file('fired')],
      ['dump', resting, file('resting')],
      ...(readsNames ? [['dump', named, file('named')]] : []),
      ['resume', fired, folder('idle-hashmap'), 'hashmap', 3, 0, 0],
      ['resume', fired, folder('idle-rocksdb'), 'rocksdb', 1, 0, 0],
      ['resume', migrated, folder('migrated-hashmap'), 'hashmap', 3, 0, 0],
      ['resume', migrated, folder('migrated-rocksdb'), 'rocksdb', 1, 0, 0],
      ['resume', fired, folder('gone-on'), 'hashmap', 2, 300, 40],
      ['resume', '-', folder('afresh'), 'rocksdb', 1, 0, engine.COUNT],
      ['keyGroups', engine.KEY_POJO_MAX, file('keyGroups')],
      ...repairs.filter(({ classes }) => classes === undefined).map(({ command }) => command),
    ]);
    const [idleHashmap, idleRocksdb, migratedHashmap, migratedRocksdb, goneOn, afresh, ...restored] = taken;
    // Each set of classes needs a JVM of its own.
    const withOthers = new Map();
    for (const { classes } of repairs) {
      if (classes === undefined || withOthers.has(classes)) continue;
      const own = repairs.filter((each) => each.classes === classes).map(({ command }) => command);
      withOthers.set(classes, runJudge(withClasses(classpath, classes, folder(`classes-${withOthers.size}`)), own));
    }
    const zoos = repairs.map(({ classes }) => (withOthers.get(classes) ?? restored).shift());
    const read = (part) => readFileSync(file(part), 'utf8').trim().split('\n');
    check(
      `${name} reads back every entry of a savepoint of the engine (parallelism 2, windows have fired)`,
      differences(firedLines, read('fired')),
    );
    check(
      `${name} reads back every entry of a savepoint of the engine (parallelism 1, nothing has fired)`,
      differences(restingLines, read('resting')),
    );
    if (readsNames)
      check(
        `${name} reads back every entry, with names and uids (metadata version 6, parallelism 3)`,
        differences(namedLines, read('named')),
      );
    check(
      `${name} restores it on HashMap at parallelism 3; retaken, entries are the same`,
      differences(alike(firedLines), alike(await engine.dump(idleHashmap))),
    );
    check(
      `${name} restores it on RocksDB at parallelism 1; retaken, entries are the same`,
      differences(alike(firedLines), alike(await engine.dump(idleRocksdb))),
    );
    for (const [backend, retaken] of [
      ['HashMap', migratedHashmap],
      ['RocksDB', migratedRocksdb],
    ]) {
      check(
        `${name} restores a savepoint that was migrated to other types of records on ${backend}; retaken, entries are the expected ones`,
        differences(alike(migratedLines), alike(await engine.dump(retaken))),
      );
    }
    const changed = runJudge(
      withSchema(classpath, PLACES, folder('schema')),
      ['hashmap', 'rocksdb'].map((backend) => ['resume', places, folder(`places-${backend}`), backend, 2, 0, 0]),
    );
    for (const [i, backend] of ['HashMap', 'RocksDB'].entries()) {
      check(
        `${name} restores records of Avro whose fields were changed inside of others on ${backend}; retaken, entries are the expected ones`,
        differences(alike(placesLines), alike(await engine.dump(changed[i]))),
      );
    }
    for (const [i, repair] of repairs.entries()) {
      check(
        `${name} restores ${repair.fixture}, ${repair.name}, on ${repair.backend}; retaken, entries are the expected ones`,
        differences(repair.expected, await engine.heldEntries(zoos[i], repair.expected, repair.derived)),
      );
    }
    const rehashed = repairs.find(({ keyHash }) => keyHash !== undefined);
    check(
      `every key that has a hash of its own is where ${name} looks for it`,
      await engine.misplacedKeys(rehashed.target, readFileSync(file('keyGroups'), 'utf8')),
    );
    const goneOnLines = await engine.dump(goneOn);
    check(
      `${name} goes on from it`,
      goneOnLines.length > firedLines.length ? [] : [`${goneOnLines.length} lines after ${firedLines.length}`],
    );
    for (const parallelism of [1, 3]) {
      const restored = engine.resume(goneOn, join(work, version.flink, `engine-${parallelism}`), parallelism);
      check(
        `the engine restores what ${name} wrote at parallelism ${parallelism}; retaken, entries are the same`,
        differences(alike(goneOnLines), alike(await engine.dump(restored))),
      );
    }
    check(
      `the engine and ${name} hold the same state after the same records`,
      differences(engine.comparable(restingLines), engine.comparable(await engine.dump(afresh))),
    );
    const proofs = await kafkaProof({
      classpath: compile(kafka, version),
      folder: folder('kafka'),
      javaOptions: JAVA_OPTIONS,
      tidemark,
    });
    for (const [proof, problems] of proofs) check(`${name} ${proof}`, problems);
  }
}

const missing = missingTool();
if (missing !== null) {
  console.log(`SKIPPED flink: there is no ${missing} on the PATH, and the judge needs Java 17 or later, for Kafka, and Maven`);
  if (process.env.CI === 'true') failed++;
} else {
  try {
    await main();
  } catch (error) {
    failed++;
    console.log(`FAILED ${error instanceof Error ? error.stack : String(error)}`);
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
