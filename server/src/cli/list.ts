import { parseArgs } from 'node:util';
import { runningPipelines } from '../run/registry.ts';
import type { CliIo } from './io.ts';
import { EXIT } from './io.ts';
import { runsTable } from './runningPipeline.ts';

export function list(args: readonly string[], io: CliIo): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { json: { type: 'boolean', default: false } } });
  const runs = runningPipelines();
  if (values.json) io.out(`${JSON.stringify(runs)}\n`);
  else if (runs.length === 0) io.err('No pipeline is running.\n');
  else io.out(`${runsTable(runs)}\n`);
  return Promise.resolve(EXIT.ok);
}
