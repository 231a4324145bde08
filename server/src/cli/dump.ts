import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { dumpLines, readSnapshot } from 'tidemark/snapshot';
import { fileStorage } from '../snapshots/fileStorage.ts';
import { EXIT, UsageError, type CliIo } from './io.ts';

/** Lines go out in pieces of about this many characters. */
const PIECE = 1 << 16;

/** `tidemark dump SNAPSHOT`: all its state as JSON Lines. `--json` changes nothing, for the output is JSON as it is. */
export async function dump(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { limit: { type: 'string' }, json: { type: 'boolean', default: false } },
  });
  const [location, ...more] = positionals;
  if (location === undefined || more.length > 0) throw new UsageError('dump needs a snapshot.');
  let left = values.limit === undefined ? Infinity : Number(values.limit);
  if (!(left >= 0) || (left !== Infinity && !Number.isInteger(left)))
    throw new UsageError(`--limit ${String(values.limit)}: a whole number is needed.`);
  let text = '';
  try {
    const snapshot = await readSnapshot(fileStorage, resolve(io.cwd, location));
    for await (const line of dumpLines(snapshot)) {
      if (left-- <= 0) break;
      text += `${line}\n`;
      if (text.length < PIECE) continue;
      io.out(text);
      text = '';
    }
  } catch (error) {
    io.out(text);
    io.err(`${location} cannot be read: ${error instanceof Error ? error.message : String(error)}\n`);
    return EXIT.notRestored;
  }
  io.out(text);
  return EXIT.ok;
}
