import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { UsageError } from './io.ts';
import { parsed, type CommandSyntax } from './syntax.ts';

export interface RunCommandOptions {
  readonly program: string;
  /** Absolute path, `latest` or `latest-or-fresh`. */
  readonly from: string | null;
  readonly claim: boolean;
  readonly parallelism: number | null;
  readonly parameters: Readonly<Record<string, string>>;
  /** Of files: not seen in the list of processes. */
  readonly fileParameters: Readonly<Record<string, string>>;
  readonly allowNonRestoredState: boolean;
  /** Results of earlier runs may be replaced. */
  readonly overwrite: boolean;
  readonly watch: boolean;
  /** Port of the page; 0 takes any free one; null serves none. */
  readonly uiPort: number | null;
  readonly json: boolean;
}

export const runSyntax = {
  name: 'run',
  operands: 'PIPELINE',
  about: 'Runs a *.pipeline.ts. Ctrl-C stops it with a checkpoint.',
  options: {
    from: {
      value: 'SNAPSHOT|latest|latest-or-fresh',
      about:
        "Restores from a savepoint or checkpoint. latest is the pipeline's own newest; latest-or-fresh starts from the beginning where there is none.",
    },
    claim: { about: 'The run owns that snapshot, and deletes it when newer checkpoints make it needless.' },
    'no-claim': { about: 'The run leaves that snapshot alone. This is the default.' },
    parallelism: { value: 'N', about: 'For operators that set no parallelism of their own.' },
    param: { value: 'NAME=VALUE', repeated: true, about: 'A parameter of the pipeline.' },
    'param-file': {
      value: 'FILE',
      repeated: true,
      about: 'Parameters from a file with one NAME=VALUE a line; secret ones are taken from there and from the environment alone.',
    },
    'allow-non-restored-state': { about: 'State that the pipeline does not have is dropped, and listed.' },
    overwrite: { about: 'A run from the beginning may replace the results of earlier runs in the files of its sinks.' },
    watch: { about: 'When a source file changes: stops with a savepoint, and goes on from it with the new code.' },
    ui: { value: '[PORT]', about: 'Serves the dataflow page on 127.0.0.1. Default: any free port.' },
    json: { about: 'Progress as JSON Lines on standard error.' },
  },
} as const satisfies CommandSyntax;

const LATEST = new Set(['latest', 'latest-or-fresh']);

/** @throws UsageError */
export function parseRunOptions(args: readonly string[], cwd: string): RunCommandOptions {
  const { values, positionals } = parsed(runSyntax, withUiPort(args));
  const [pipeline, ...more] = positionals;
  if (pipeline === undefined) throw new UsageError('Which pipeline? Give the path of a *.pipeline.ts file.');
  if (more.length > 0) throw new UsageError(`One pipeline at a time: what is "${more.join(' ')}"?`);
  if (values.claim && values['no-claim']) throw new UsageError('--claim and --no-claim exclude each other.');
  if (values.claim && values.from === undefined) throw new UsageError('--claim needs --from.');
  return {
    program: resolve(cwd, pipeline),
    from: values.from === undefined || LATEST.has(values.from) ? (values.from ?? null) : existingPath(cwd, values.from),
    claim: values.claim,
    parallelism: values.parallelism === undefined ? null : wholeNumber('--parallelism', values.parallelism, 1, 32768),
    parameters: Object.fromEntries((values.param ?? []).map(parameter)),
    fileParameters: Object.fromEntries((values['param-file'] ?? []).flatMap((file) => parametersIn(file, cwd))),
    allowNonRestoredState: values['allow-non-restored-state'],
    overwrite: values.overwrite,
    watch: values.watch,
    uiPort: values.ui === undefined ? null : wholeNumber('--ui', values.ui, 0, 65535),
    json: values.json,
  };
}

/** `--ui` may come without a port: then any free port is taken. */
function withUiPort(args: readonly string[]): string[] {
  return args.flatMap((argument, index) => {
    if (argument !== '--ui') return [argument];
    return /^\d+$/.test(args[index + 1] ?? '') ? [argument] : ['--ui=0'];
  });
}

function existingPath(cwd: string, path: string): string {
  if (/^s3[anp]?:\/\//i.test(path)) return path;
  const absolute = resolve(cwd, path);
  if (!existsSync(absolute)) throw new UsageError(`There is no snapshot at ${absolute}.`);
  return absolute;
}

function parameter(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at <= 0) throw new UsageError(`--param ${text}: a parameter is given as name=value.`);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** Lines that are empty or begin with # say nothing. No message has a value. @throws UsageError */
function parametersIn(file: string, cwd: string): [string, string][] {
  let text: string;
  try {
    text = readFileSync(resolve(cwd, file), 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  const named = new Set<string>();
  return text.split(/\r?\n/).flatMap((line, index): [string, string][] => {
    if (line.trim() === '' || line.startsWith('#')) return [];
    const at = line.indexOf('=');
    const name = line.slice(0, at);
    if (at <= 0) throw new UsageError(`${file}, line ${String(index + 1)}: a parameter is given as NAME=VALUE.`);
    if (named.has(name)) throw new UsageError(`${file}, line ${String(index + 1)}: parameter "${name}" is given twice.`);
    named.add(name);
    return [[name, line.slice(at + 1)]];
  });
}

function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most)
    throw new UsageError(`${option} ${text}: a whole number from ${String(least)} to ${String(most)} is needed.`);
  return value;
}
