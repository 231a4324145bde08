import { resolve } from 'node:path';
import type { CliIo } from './io.ts';
import { EXIT, sizeText } from './io.ts';
import { withRunningPipeline } from './runningPipeline.ts';
import { parsed, type CommandSyntax } from './syntax.ts';

export const stopSyntax = {
  name: 'stop',
  operands: 'PIPELINE',
  about: 'Stops a running pipeline with a savepoint, and prints the folder of the savepoint.',
  options: {
    target: { value: 'FOLDER', about: "Where the savepoint goes. Default: the pipeline's own savepoints." },
    drain: { about: 'Lets all timers and windows fire first. Use it when the pipeline will not come back.' },
    json: { about: 'Prints JSON.' },
  },
} as const satisfies CommandSyntax;

export function stop(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parsed(stopSyntax, args);
  const target = values.target === undefined ? null : resolve(io.cwd, values.target);
  return withRunningPipeline(positionals[0], io, async (control, { pipeline }) => {
    const taken = await control.request('stopWithSavepoint', { target, drain: values.drain });
    io.err(values.json ? '' : `${pipeline} has stopped. Savepoint, ${sizeText(taken.stateBytes)}:\n`);
    // Scripts take the path: it stays as it is, unless it goes to a terminal.
    io.data(values.json ? `${JSON.stringify(taken)}\n` : `${taken.path}\n`);
    return EXIT.ok;
  });
}
