/** `tidemark`: one command a file. Data goes to stdout, everything for people to stderr. docs/cli.md documents it. */
import { bisect } from './bisect.ts';
import { check } from './check.ts';
import { diff } from './diff.ts';
import { doctor } from './doctor.ts';
import { dump } from './dump.ts';
import { UserModuleError } from '../snapshots/userFunction.ts';
import { edit } from './edit.ts';
import { inspect } from './inspect.ts';
import type { CliIo, Command } from './io.ts';
import { cliIo, EXIT, UsageError } from './io.ts';
import { list } from './list.ts';
import { merge } from './merge.ts';
import { pack } from './pack.ts';
import { redact } from './redact.ts';
import { run } from './run.ts';
import { savepoint } from './savepoint.ts';
import { split } from './split.ts';
import { stats } from './stats.ts';
import { stop } from './stop.ts';
import { unpack } from './unpack.ts';
import { VERSION } from './version.ts';

const COMMANDS: Readonly<Record<string, { readonly command: Command; readonly usage: string; readonly about: string }>> = {
  run: {
    command: run,
    usage:
      'run PIPELINE [--from SAVEPOINT|latest] [--claim|--no-claim] [--parallelism N] [--param name=value]... [--allow-non-restored-state] [--watch] [--ui [PORT]] [--json]',
    about: 'runs a *.pipeline.ts; Ctrl-C stops it with a checkpoint',
  },
  savepoint: {
    command: savepoint,
    usage: 'savepoint PIPELINE [--target FOLDER] [--json]',
    about: 'takes a savepoint of a running pipeline',
  },
  stop: { command: stop, usage: 'stop PIPELINE [--drain] [--target FOLDER] [--json]', about: 'stops a running pipeline with a savepoint' },
  list: { command: list, usage: 'list [--json]', about: 'lists running pipelines' },
  inspect: {
    command: inspect,
    usage: 'inspect SNAPSHOT [--path-map FROM=TO]... [--uids FILE] [--json]',
    about: 'shows what is in a savepoint or checkpoint',
  },
  dump: {
    command: dump,
    usage:
      'dump SNAPSHOT [--path-map FROM=TO]... [--operator O] [--state S] [--key K] [--prefix TEXT] [--key-group N] [--subtask N] [--where EXPR] [--limit N] [--format jsonl|csv|parquet] [--out FILE] [--raw-text] [--aggregate EXPRS]',
    about: 'writes the state of a snapshot, or what of it is asked for, as JSON Lines, CSV or Parquet',
  },
  stats: {
    command: stats,
    usage: 'stats SNAPSHOT [--path-map FROM=TO]... [--operator O] [--state S] [--top N] [--at TIME] [--ttl DURATION] [--json]',
    about: 'reads all keyed state and tells sizes, skew, the largest keys, timers and TTL',
  },
  pack: {
    command: pack,
    usage: 'pack SNAPSHOT --out FILE.tar [--encrypt --new-passphrase-file FILE | --recipient age1...]',
    about: 'packs a snapshot with all its files into one archive, sealed in the format of age (then .tar.age)',
  },
  unpack: {
    command: unpack,
    usage: 'unpack FILE --out FOLDER [--passphrase-file FILE] [--identity FILE]...',
    about: 'unpacks such an archive and compares every checksum',
  },
  diff: {
    command: diff,
    usage:
      "diff BEFORE AFTER [--summary] [--json] [--operator O]... [--state S]... [--key K] [--ignore WHAT]... [--rename OLD=NEW]... [--accept-proposals] [--tolerance N] [--limit N] [--read-shared] [--assert-same] [--expect 'sum(value.n) of OPERATOR/STATE unchanged'|MODULE]... [--path-map FROM=TO]...",
    about: 'shows what has changed between two snapshots, whatever wrote them; exit code 0 same, 1 different, 2 error',
  },
  bisect: {
    command: bisect,
    usage: 'bisect CHECKPOINTS... --expect EXPECTATION|MODULE [--json] [--path-map FROM=TO]...',
    about: 'finds the first of a row of checkpoints for which something does not hold',
  },
  edit: {
    command: edit,
    usage:
      'edit [SNAPSHOT] [--out FOLDER] [--rename-uid OLD=NEW] [--drop-operator O] [--drop-state O/S] [--keep O[/S]] [--max-parallelism [O=]N] [--parallelism [O=]N] [--set FILE.jsonl] [--delete-where O/S:EXPR] [--remove-timers O[/S]] [--shift-timers O[/S]:DURATION] [--move-offset O[:TOPIC[/PARTITION]]=OFFSET] [--rename-field O/S:OLD=NEW] [--drop-field O/S:FIELD] [--add-field O/S:FIELD:TYPE=VALUE] [--fill-field O/S:FIELD=VALUE] [--order-fields O/S:FIELD,...] [--promote-field O/S:FIELD:TYPE] [--migrate-to PIPELINE] [--key-hash MODULE] [--plan FILE] [--metadata-version 4|5|6] [--drop-in-flight] [--move-files FROM=TO] [--uids FILE] [--path-map FROM=TO]... [--dry-run] [--json]',
    about: 'writes a new canonical savepoint beside the old one, with changes, or as it is',
  },
  merge: {
    command: merge,
    usage:
      'merge SNAPSHOT SNAPSHOT... --out FOLDER [--on-conflict fail|first|newest|MODULE]... [--max-parallelism [O=]N] [--parallelism [O=]N] [--metadata-version 4|5|6] [--drop-in-flight] [--path-map FROM=TO]... [--dry-run] [--json]',
    about: 'writes one savepoint with the state of several, of the same plan or of different operators',
  },
  split: {
    command: split,
    usage:
      'split SNAPSHOT --keys EXPR --out FOLDER [--rest FOLDER] [--metadata-version 4|5|6] [--drop-in-flight] [--path-map FROM=TO]... [--dry-run] [--json]',
    about: 'writes the state of some keys, and that of all others, as savepoints of their own',
  },
  redact: {
    command: redact,
    usage:
      'redact SNAPSHOT RULES --out FOLDER [--salt-file FILE] [--metadata-version 4|5|6] [--drop-in-flight] [--path-map FROM=TO]... [--dry-run] [--json], or redact SNAPSHOT --print-rules [--out FILE]',
    about: 'writes a savepoint without what must not leave: values are dropped, hashed, masked or replaced as rules say',
  },
  check: {
    command: check,
    usage:
      'check PIPELINE SNAPSHOT [--flink 2.3|1.20] [--scan] [--parallelism N] [--allow-non-restored-state] [--path-map FROM=TO]... [--json]',
    about: 'says whether a pipeline can be restored from a snapshot',
  },
  doctor: {
    command: doctor,
    usage:
      'doctor SNAPSHOT [--path-map FROM=TO]... [--uids FILE] [--plan-uids FILE|PIPELINE] [--against SNAPSHOT] [--scan [--ttl DURATION]] [--at TIME] [--kafka BROKERS|FILE.properties] [--json]',
    about: 'tells what in a snapshot will hurt later, and what to do about it',
  },
};

function help(): string {
  const lines = Object.values(COMMANDS).map(({ usage, about }) => `  tidemark ${usage}\n      ${about}`);
  return `Stateful streaming pipelines in TypeScript, with Apache Flink savepoints. Version ${VERSION}.\n\n${lines.join('\n')}\n\nPIPELINE is a *.pipeline.ts file; for savepoint and stop also a pipeline's name or the id that list shows.\n`;
}

async function main(argv: readonly string[], io: CliIo): Promise<number> {
  const [name, ...args] = argv;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    io.out(help());
    return name === undefined ? EXIT.usage : EXIT.ok;
  }
  if (name === '--version' || name === '-v') {
    io.out(`${VERSION}\n`);
    return EXIT.ok;
  }
  const found = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (found === undefined) {
    io.err(`There is no command "${name}". Commands: ${Object.keys(COMMANDS).join(', ')}. See tidemark --help.\n`);
    return EXIT.usage;
  }
  if (args.includes('--help') || args.includes('-h')) {
    io.out(`tidemark ${found.usage}\n    ${found.about}\n`);
    return EXIT.ok;
  }
  try {
    return await found.command(args, io);
  } catch (error) {
    if (isUsageError(error)) {
      io.err(`${error.message}\nUsage: tidemark ${found.usage}\n`);
      return EXIT.usage;
    }
    io.err(`${error instanceof Error ? error.message : String(error)}\n`);
    return EXIT.failed;
  }
}

/** Ours, those of modules that options name, and those of Node's own argument parser. */
function isUsageError(error: unknown): error is Error {
  return (
    error instanceof UsageError ||
    error instanceof UserModuleError ||
    (error instanceof TypeError && String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS'))
  );
}

// A reader of our output that has seen enough, such as `head`, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  throw error;
});

const io = cliIo({
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  drained: () =>
    process.stdout.writableNeedDrain
      ? new Promise((resolve) => {
          process.stdout.once('drain', resolve);
        })
      : undefined,
  terminal: process.stdout.isTTY,
  live: process.stderr.isTTY,
  cwd: process.cwd(),
});
main(process.argv.slice(2), io).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    io.err(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = EXIT.failed;
  },
);
