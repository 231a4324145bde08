/**
 * A real Kafka, and a job of real Flink that reads from it: where its offsets are moved to is where it goes on, and the doctor sees what of
 * the topic is gone. Returns checks by name, each with its problems.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const PER_PARTITION = 100;
const PATIENCE_MS = 240_000;

/** The command line is that of the user: `tidemark ARGS` prints, and ends with a code. */
export async function kafkaProof({ classpath, folder, javaOptions, tidemark }) {
  mkdirSync(folder, { recursive: true });
  const java = spawn('java', [...javaOptions, '-Xmx1g', '-cp', classpath, 'tidemark.kafka.KafkaProof', join(folder, 'broker')], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // What hangs ends in an error, not in a run that never ends.
  const patience = setTimeout(() => java.kill(), PATIENCE_MS);
  let said = '';
  java.stderr.on('data', (text) => (said += text));
  const lines = createInterface(java.stdout)[Symbol.asyncIterator]();
  /** The next line that begins with the word. */
  const answer = async (word) => {
    for (;;) {
      const { done, value } = await lines.next();
      if (done) throw new Error(`the job with Kafka failed: ${said}`);
      if (value.startsWith(`${word} `) || value === word) return value.slice(word.length + 1);
      said += `${value}\n`;
    }
  };
  const ask = (line, word) => {
    java.stdin.write(`${line}\n`);
    return answer(word);
  };
  const read = async (snapshot, count, name) => {
    const seen = join(folder, `${name}.seen`);
    const taken = await ask(`read ${snapshot} ${count} ${seen} ${join(folder, name)}`, 'taken');
    return { savepoint: taken.replace(/^file:/, ''), seen: readFileSync(seen, 'utf8').trim().split('\n').sort() };
  };
  // The metadata of Flink 1 has no uids.
  const uids = join(folder, 'uids.txt');
  writeFileSync(uids, 'orders\n');
  const edited = async (savepoint, name, ...options) => {
    const out = join(folder, name);
    const { code, text } = tidemark(['edit', savepoint, '--out', out, '--uids', uids, ...options]);
    if (code !== 0) throw new Error(`tidemark edit: ${text}`);
    return out;
  };
  const findings = async (savepoint, cluster) => {
    const { code, text } = tidemark(['doctor', savepoint, '--kafka', cluster, '--uids', uids, '--json']);
    if (code > 1) throw new Error(`tidemark doctor: ${text}`);
    return JSON.parse(text).findings.filter((each) => /^(topic|offsets)/.test(each.code));
  };
  const checks = [];
  const expect = (name, found, expected) => {
    const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
    checks.push([name, a === b ? [] : [`expected ${b}`, `found    ${a}`]]);
  };
  try {
    const [brokers, secured] = (await answer('ready')).split(' ');
    const first = await read('-', 2 * PER_PARTITION, 'first');
    expect('reads both partitions from Kafka', first.seen.length, 2 * PER_PARTITION);
    expect('has offsets that the topic has', await findings(first.savepoint, brokers), []);

    const moved = await edited(
      first.savepoint,
      'moved',
      '--move-offset',
      'orders:orders/0=40',
      '--move-offset',
      'orders:orders/1=earliest',
    );
    const again = await read(moved, 2 * PER_PARTITION - 40, 'again');
    expect('goes on where its offsets in Kafka were moved to', again.seen, records(40, 0));
    const unmoved = await edited(again.savepoint, 'unmoved', '--move-offset', 'orders:orders/1=98');
    const rest = await read(unmoved, 2, 'rest');
    expect('goes on at the offsets that were not moved as before', rest.seen, ['1-98', '1-99']);

    await ask('forget 0 50', 'forgotten');
    const gone = await findings(moved, brokers);
    expect(
      'is told of records that Kafka no longer has',
      gone.map(({ code, operator, message }) => [code, operator, message]),
      [
        [
          'offsetsGone',
          'orders',
          'goes on before the first record of 1 partition of topic orders: 10 records are gone (orders-0 at 40, which begins at 50).',
        ],
      ],
    );
    expect('is told the same over TLS, with a password', await findings(moved, secured), gone);
    const remedy = [...(gone[0]?.remedy ?? '').matchAll(/--move-offset (\S+=earliest)/g)].flatMap(([, place]) => ['--move-offset', place]);
    const mended = await edited(moved, 'mended', ...remedy);
    expect('finds nothing any more once that is done which the finding says', await findings(mended, brokers), []);
    expect('reads what is left then', (await read(mended, 2 * PER_PARTITION - 50, 'left')).seen, records(50, 0));
    const ahead = await edited(first.savepoint, 'ahead', '--move-offset', 'orders:orders/1=300');
    expect('is told of offsets that Kafka does not have yet', codes(await findings(ahead, brokers)), ['offsetsAhead']);
    return checks;
  } finally {
    clearTimeout(patience);
    java.stdin.end();
    java.kill();
  }
}

const codes = (findings) => findings.map(({ code }) => code);

/** From these offsets on. */
function records(...from) {
  return from.flatMap((start, partition) => Array.from({ length: PER_PARTITION - start }, (_, i) => `${partition}-${start + i}`)).sort();
}
