/** `tidemark`: one command a file. Data goes to stdout, everything for people to stderr. docs/cli.md documents it. */
import { UserModuleError } from '../snapshots/userFunction.ts';
import { commandNamed, COMMANDS } from './commands.ts';
import { EXAMPLES } from './examples.ts';
import { allHelp, commandHelp, helpData, usageText } from './help.ts';
import type { CliIo } from './io.ts';
import { cliIo, EXIT, UsageError } from './io.ts';
import type { CommandSyntax } from './syntax.ts';
import { VERSION } from './version.ts';

async function main(argv: readonly string[], io: CliIo): Promise<number> {
  const [name, ...args] = argv;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    if (name !== undefined) return help(args, io);
    io.out(allHelp(SYNTAXES, VERSION));
    return EXIT.usage;
  }
  if (name === '--version' || name === '-v') {
    io.out(`${VERSION}\n`);
    return EXIT.ok;
  }
  const found = commandNamed(name);
  if (found === null) return noCommand(name, io);
  if (args.includes('--help') || args.includes('-h')) {
    io.out(helpOf(found.syntax));
    return EXIT.ok;
  }
  try {
    return await found.run(args, io);
  } catch (error) {
    if (error instanceof UserModuleError) {
      io.err(`${error.message}\n`);
      return EXIT.usage;
    }
    if (isUsageError(error)) {
      io.err(`${error.message}\nUsage: ${usageText(found.syntax)}\n`);
      return EXIT.usage;
    }
    io.err(`${error instanceof Error ? error.message : String(error)}\n`);
    return EXIT.failed;
  }
}

const SYNTAXES = COMMANDS.map(({ syntax }) => syntax);

const helpOf = (syntax: CommandSyntax): string => commandHelp(syntax, EXAMPLES[syntax.name] ?? []);

/** `tidemark help [COMMAND] [--json]` */
function help(args: readonly string[], io: CliIo): number {
  const json = args.includes('--json');
  const [name, ...more] = args.filter((each) => each !== '--json');
  const found = name === undefined ? null : commandNamed(name);
  if (name !== undefined && found === null) return noCommand(name, io);
  if (more.length > 0) {
    io.err(`help takes one command: what is "${more.join(' ')}"?\n`);
    return EXIT.usage;
  }
  const chosen = found === null ? SYNTAXES : [found.syntax];
  if (json) io.out(`${JSON.stringify(helpData(chosen, VERSION, EXAMPLES), null, 2)}\n`);
  else io.out(found === null ? allHelp(SYNTAXES, VERSION) : helpOf(found.syntax));
  return EXIT.ok;
}

function noCommand(name: string, io: CliIo): number {
  io.err(`There is no command "${name}". Commands: ${SYNTAXES.map((each) => each.name).join(', ')}. See tidemark --help.\n`);
  return EXIT.usage;
}

/** Ours, and those of Node's own argument parser. */
function isUsageError(error: unknown): error is Error {
  return (
    error instanceof UsageError ||
    (error instanceof TypeError && String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS'))
  );
}

// A reader of our output that has seen enough, such as `head`, is not a failure.
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
