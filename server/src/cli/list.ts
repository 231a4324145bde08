import { runningPipelines } from '../run/registry.ts';
import type { CliIo } from './io.ts';
import { EXIT } from './io.ts';
import { runsTable } from './runningPipeline.ts';
import { parsed, type CommandSyntax } from './syntax.ts';

export const listSyntax = {
  name: 'list',
  operands: '',
  about: 'Lists the pipelines that run.',
  options: { json: { about: 'Prints JSON.' } },
} as const satisfies CommandSyntax;

export function list(args: readonly string[], io: CliIo): Promise<number> {
  const { values } = parsed(listSyntax, args);
  const runs = runningPipelines();
  if (values.json) io.out(`${JSON.stringify(runs)}\n`);
  else if (runs.length === 0) io.err('No pipeline is running.\n');
  else io.out(`${runsTable(runs)}\n`);
  return Promise.resolve(EXIT.ok);
}
