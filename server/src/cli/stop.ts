import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { CliIo } from './io.ts';
import { EXIT, sizeText } from './io.ts';
import { withRunningPipeline } from './runningPipeline.ts';

export function stop(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { target: { type: 'string' }, drain: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
  });
  const target = values.target === undefined ? null : resolve(io.cwd, values.target);
  return withRunningPipeline(positionals[0], io, async (control, { pipeline }) => {
    const taken = await control.request('stopWithSavepoint', { target, drain: values.drain });
    io.err(values.json ? '' : `${pipeline} has stopped. Savepoint, ${sizeText(taken.stateBytes)}:\n`);
    // Scripts take the path: it stays as it is, unless it goes to a terminal.
    io.data(values.json ? `${JSON.stringify(taken)}\n` : `${taken.path}\n`);
    return EXIT.ok;
  });
}
