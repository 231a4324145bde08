import { resolve } from 'node:path';
import { unpackSnapshot } from '../snapshots/unpackSnapshot.ts';
import { Interrupted, untilInterrupted } from './interrupt.ts';
import { EXIT, plural, sizeText, UsageError, type CliIo } from './io.ts';
import { ReadProgress } from './readProgress.ts';
import { KEY_OPTIONS, keysIn } from './sealKeys.ts';
import { parsed, type CommandSyntax } from './syntax.ts';

export const unpackSyntax = {
  name: 'unpack',
  operands: 'FILE',
  about: 'Unpacks an archive that pack made, and compares every checksum.',
  options: {
    out: { value: 'FOLDER', required: true, about: 'The folder of the snapshot. It must not exist.' },
    ...KEY_OPTIONS,
  },
} as const satisfies CommandSyntax;

/** `tidemark unpack FILE --out FOLDER`: the snapshot of an archive that `pack` made, every file compared with its checksum. */
export async function unpack(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parsed(unpackSyntax, args);
  const [archive, ...more] = positionals;
  const { out } = values;
  if (archive === undefined || more.length > 0 || out === undefined) throw new UsageError('unpack takes one archive, and --out FOLDER.');
  const keys = await keysIn(values, io.cwd);
  const progress = new ReadProgress(io, 'unpacked');
  try {
    const { files, content } = await untilInterrupted((signal) =>
      unpackSnapshot(resolve(io.cwd, archive), resolve(io.cwd, out), keys, { signal, onProgress: progress.show.bind(progress) }),
    );
    progress.end();
    io.err(`${plural(files, 'file')}, ${sizeText(content)}, in ${out}; every checksum holds\n`);
    return EXIT.ok;
  } catch (error) {
    if (error instanceof Interrupted) return EXIT.interrupted;
    io.err(`${archive} cannot be unpacked: ${error instanceof Error ? error.message : String(error)}\n`);
    return EXIT.failed;
  } finally {
    progress.end();
  }
}
