import { resolve } from 'node:path';
import type { CliIo } from './io.ts';
import { EXIT, sizeText } from './io.ts';
import { withRunningPipeline } from './runningPipeline.ts';
import { parsed, type CommandSyntax } from './syntax.ts';

export const savepointSyntax = {
  name: 'savepoint',
  operands: 'PIPELINE',
  about: 'Takes a savepoint of a running pipeline, and prints its folder. The pipeline goes on.',
  options: {
    target: { value: 'FOLDER', about: "Where the savepoint goes. Default: the pipeline's own savepoints." },
    json: { about: 'Prints JSON.' },
  },
} as const satisfies CommandSyntax;

export function savepoint(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parsed(savepointSyntax, args);
  const target = values.target === undefined ? null : resolve(io.cwd, values.target);
  return withRunningPipeline(positionals[0], io, async (control, { pipeline }) => {
    const taken = await control.request('savepoint', { target });
    io.err(values.json ? '' : `Savepoint of ${pipeline}, ${sizeText(taken.stateBytes)}, ${String(Math.round(taken.durationMs))} ms:\n`);
    // Scripts take the path: it stays as it is, unless it goes to a terminal.
    io.data(values.json ? `${JSON.stringify(taken)}\n` : `${taken.path}\n`);
    return EXIT.ok;
  });
}
