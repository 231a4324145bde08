/** A command as one types it, without `tidemark`, and what it does. */
export interface Example {
  readonly args: readonly string[];
  readonly about: string;
}

const example = (about: string, ...args: readonly string[]): Example => ({ about, args });

/** Examples of every command, by its name: shown by `tidemark help COMMAND`, and on the command's page in docs/cli. */
export const EXAMPLES: Readonly<Record<string, readonly Example[]>> = {
  run: [
    example('Runs a pipeline from the beginning.', 'run', 'orders.pipeline.ts'),
    example(
      'Goes on from the newest savepoint or checkpoint, or begins where there is none.',
      'run',
      'orders.pipeline.ts',
      '--from',
      'latest-or-fresh',
    ),
    example(
      'Restores from a savepoint of a Flink cluster.',
      'run',
      'orders.pipeline.ts',
      '--from',
      's3://bucket/savepoints/savepoint-1a2b3c',
    ),
    example('Gives two parameters.', 'run', 'orders.pipeline.ts', '--param', 'input=orders.csv', '--param', 'limit=1000'),
    example(
      'Starts again with its state when a source file changes, and shows the dataflow on a port of this machine.',
      'run',
      'orders.pipeline.ts',
      '--watch',
      '--ui',
      '8080',
    ),
  ],
  savepoint: [
    example("Takes a savepoint into the pipeline's own folder.", 'savepoint', 'orders'),
    example('Takes one elsewhere.', 'savepoint', 'orders', '--target', '/backup/orders'),
  ],
  stop: [
    example('Stops with a savepoint; run --from latest goes on from it.', 'stop', 'orders'),
    example('Lets all windows fire first.', 'stop', 'orders', '--drain'),
  ],
  list: [example('Lists the pipelines that run.', 'list')],
  clean: [
    example('Shows what can be removed from the project of the current folder.', 'clean'),
    example('Removes it.', 'clean', '--remove'),
  ],
  inspect: [
    example('Shows operators, states, types and sizes.', 'inspect', 'savepoint-1a2b3c'),
    example(
      'Reads a checkpoint whose files were copied to this machine.',
      'inspect',
      'chk-42',
      '--path-map',
      's3://bucket/flink=/mnt/flink',
    ),
    example('Names operators by the uids in a file.', 'inspect', 'savepoint-1a2b3c', '--uids', 'uids.txt'),
  ],
  dump: [
    example('Writes all state as JSON Lines.', 'dump', 'savepoint-1a2b3c'),
    example('Shows one key of one operator.', 'dump', 'savepoint-1a2b3c', '--operator', 'totals', '--key', 'customer-7'),
    example('Shows entries for which a condition is true.', 'dump', 'savepoint-1a2b3c', '--where', 'value.count > 5 && key startsWith "A"'),
    example('Counts and adds in place of entries.', 'dump', 'savepoint-1a2b3c', '--state', 'total', '--aggregate', 'count(), sum(value)'),
    example('Writes a Parquet file.', 'dump', 'savepoint-1a2b3c', '--format', 'parquet', '--out', 'state.parquet'),
  ],
  stats: [
    example('Tells sizes, skew, the largest keys, and timers.', 'stats', 'savepoint-1a2b3c'),
    example('Counts what a TTL of seven days has expired.', 'stats', 'savepoint-1a2b3c', '--operator', 'sessions', '--ttl', '7d'),
  ],
  pack: [
    example('Packs a snapshot into one file.', 'pack', 'chk-42', '--out', 'chk-42.tar'),
    example('Seals it with a passphrase.', 'pack', 'chk-42', '--out', 'chk-42.tar.age', '--new-passphrase-file', 'passphrase.txt'),
  ],
  unpack: [
    example('Unpacks an archive and compares its checksums.', 'unpack', 'chk-42.tar', '--out', 'chk-42'),
    example('Unpacks a sealed one.', 'unpack', 'chk-42.tar.age', '--out', 'chk-42', '--passphrase-file', 'passphrase.txt'),
  ],
  diff: [
    example('Shows what has changed.', 'diff', 'savepoint-1', 'savepoint-2'),
    example('Counts only.', 'diff', 'savepoint-1', 'savepoint-2', '--summary'),
    example(
      'Says by its exit code whether a sum has stayed as it was.',
      'diff',
      'savepoint-1',
      'savepoint-2',
      '--expect',
      'sum(value) of totals unchanged',
    ),
    example(
      'Does not look at timers and at one field.',
      'diff',
      'savepoint-1',
      'savepoint-2',
      '--ignore',
      'timers',
      '--ignore',
      'value.updatedAt',
    ),
  ],
  bisect: [
    example(
      'Finds the first checkpoint with a negative balance.',
      'bisect',
      'checkpoints',
      '--expect',
      'count() of accounts where value < 0 == 0',
    ),
  ],
  edit: [
    example('Writes any layout as a canonical savepoint.', 'edit', 'chk-42', '--out', 'savepoint-new'),
    example('Says what would be done, and writes nothing.', 'edit', 'savepoint-1a2b3c', '--rename-uid', 'totals=order-totals', '--dry-run'),
    example('Sets entries as a changed dump says.', 'edit', 'savepoint-1a2b3c', '--out', 'savepoint-new', '--set', 'changed.jsonl'),
    example(
      'Deletes old entries.',
      'edit',
      'savepoint-1a2b3c',
      '--out',
      'savepoint-new',
      '--delete-where',
      'sessions/last:value < 1700000000000',
    ),
    example(
      'Changes the max parallelism; keys move to their key groups.',
      'edit',
      'savepoint-1a2b3c',
      '--out',
      'savepoint-new',
      '--max-parallelism',
      '256',
    ),
    example(
      'Reads a Kafka topic from its beginning again.',
      'edit',
      'savepoint-1a2b3c',
      '--out',
      'savepoint-new',
      '--move-offset',
      'orders:orders-topic=earliest',
    ),
    example(
      'Gives the state the types that a pipeline declares now.',
      'edit',
      'savepoint-1a2b3c',
      '--out',
      'savepoint-new',
      '--migrate-to',
      'orders.pipeline.ts',
    ),
  ],
  merge: [
    example('Puts the state of two jobs together.', 'merge', 'savepoint-1', 'savepoint-2', '--out', 'savepoint-new'),
    example(
      'Where both have a key, the newer wins.',
      'merge',
      'savepoint-1',
      'savepoint-2',
      '--out',
      'savepoint-new',
      '--on-conflict',
      'newest',
    ),
  ],
  split: [
    example(
      'Writes the keys of one customer and all others apart.',
      'split',
      'savepoint-1a2b3c',
      '--keys',
      'key startsWith "acme-"',
      '--out',
      'acme',
      '--rest',
      'others',
    ),
  ],
  redact: [
    example('Writes rules to begin from.', 'redact', 'savepoint-1a2b3c', '--print-rules', '--out', 'rules.jsonc'),
    example(
      'Writes a savepoint without what the rules remove.',
      'redact',
      'savepoint-1a2b3c',
      'rules.jsonc',
      '--out',
      'redacted',
      '--salt-file',
      'salt.txt',
    ),
  ],
  check: [
    example('Says what a restore does to each state.', 'check', 'orders.pipeline.ts', 'savepoint-1a2b3c'),
    example('Adds what Flink 2.3 does with the same change.', 'check', 'orders.pipeline.ts', 'savepoint-1a2b3c', '--flink', '2.3'),
  ],
  doctor: [
    example('Looks at the snapshot alone.', 'doctor', 'savepoint-1a2b3c'),
    example(
      'Reads all state, and compares with an older snapshot of the job.',
      'doctor',
      'savepoint-2',
      '--against',
      'savepoint-1',
      '--scan',
    ),
    example('Asks a Kafka cluster whether the offsets are still there.', 'doctor', 'savepoint-1a2b3c', '--kafka', 'localhost:9092'),
  ],
};
