import { countText } from 'tidemark/snapshot';
import { shownText } from '../shownText.ts';

export { countText, sizeText } from 'tidemark/snapshot';

/** Where a command reads and writes: data on stdout, everything for people on stderr. */
export interface CliIo {
  /** Text for people, or JSON: control characters in it are shown as `\u001b`, wherever it goes. */
  out(text: string): void;
  /** Data that is not JSON, such as CSV: it stays as it is, unless stdout is a terminal. */
  data(text: string): void;
  /** Text for people, as `out`. */
  err(text: string): void;
  /** Takes the place of the line that a terminal shows last on stderr; empty takes it away. Only where `live`. */
  line(text: string): void;
  /** Kept when the one that reads stdout has caught up; nothing where it has, or where nobody needs to wait. */
  drained?(): Promise<void> | undefined;
  /** stderr is a terminal: progress may be one live line. */
  readonly live: boolean;
  readonly cwd: string;
}

interface Streams extends Pick<CliIo, 'drained' | 'live' | 'cwd'> {
  /** Whether stdout is a terminal. */
  readonly terminal: boolean;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

const CLEAR_LINE = '\r\x1b[K';

/** All output of commands goes through here: what strangers named or wrote reaches no terminal as a control sequence. */
export function cliIo({ out, err, terminal, ...more }: Streams): CliIo {
  return {
    ...more,
    out: (text) => out(shownText(text)),
    data: (text) => out(terminal ? shownText(text) : text),
    err: (text) => err(shownText(text)),
    line: (text) => err(CLEAR_LINE + shownText(text)),
  };
}

/** A command's arguments make no sense. `usage` is shown. */
export class UsageError extends Error {
  override readonly name = 'UsageError';

  /** It may name what strangers have named: it stays one line. */
  constructor(message: string) {
    super(oneLine(message));
  }
}

/** Documented in docs/cli.md. */
export const EXIT = {
  ok: 0,
  /** The pipeline failed, or a command could not do what it was asked. */
  failed: 1,
  usage: 2,
  /** The pipeline module could not be loaded. */
  notLoaded: 3,
  /** A snapshot is damaged, or does not fit the pipeline. */
  notRestored: 4,
  /** No such pipeline is running. */
  notRunning: 5,
  /** Another run of the pipeline has not ended. */
  runningAlready: 6,
  /** The memory of the run was full. */
  outOfMemory: 7,
  /** Ended before its time by Ctrl-C or `cancel`. */
  interrupted: 130,
} as const;

/** A command: what is left of the command line after its name; resolves to the exit code. */
export type Command = (args: readonly string[], io: CliIo) => Promise<number>;

/** Lines for people. A line feed within one, such as in a name that a stranger chose, is shown as `\n`: nobody forges a line of a report. */
export function linesText(lines: readonly string[]): string {
  return lines.map((line) => `${oneLine(line)}\n`).join('');
}

function oneLine(text: string): string {
  return text.replaceAll(/\r?\n/g, '\\n');
}

export function plural(count: number, noun: string): string {
  return `${countText(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** Event times have no zone of their own: UTC, to the second. */
export function timeText(time: number): string {
  return new Date(time).toISOString().replace('T', ' ').slice(0, 19);
}
