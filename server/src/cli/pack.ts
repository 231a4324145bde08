import { resolve } from 'node:path';
import type { ArchiveSeal } from '../protocol.ts';
import { packSnapshot } from '../snapshots/pack.ts';
import { untilInterrupted } from './interrupt.ts';
import { EXIT, plural, sizeText, UsageError, type CliIo } from './io.ts';
import { openedForReading, PLACE_OPTIONS } from './openedForReading.ts';
import { ReadProgress } from './readProgress.ts';
import { passphraseIn } from './sealKeys.ts';
import { parsed, type CommandSyntax, type OptionValues } from './syntax.ts';

const RECIPIENT = /^age1[a-z0-9]+$/;

export const packSyntax = {
  name: 'pack',
  operands: 'SNAPSHOT',
  about: 'Packs a snapshot with all its files into one archive. It can be sealed in the format of age.',
  options: {
    out: { value: 'FILE.tar', required: true, about: 'The archive. A sealed one ends in .tar.age.' },
    encrypt: { about: 'Seals the archive. Needs --new-passphrase-file or --recipient.' },
    'new-passphrase-file': { value: 'FILE', about: 'Seals the archive with the passphrase in the first line of this file.' },
    recipient: { value: 'age1...', repeated: true, about: 'Seals the archive for the owner of this public key.' },
    ...PLACE_OPTIONS,
  },
} as const satisfies CommandSyntax;

/** `tidemark pack SNAPSHOT --out FILE`: all of a snapshot in one archive, sealed where that is asked for. */
export async function pack(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parsed(packSyntax, args);
  const [location, ...more] = positionals;
  if (location === undefined || more.length > 0) throw new UsageError('pack takes one snapshot.');
  const out = values.out ?? '';
  const seal = await sealOf(values, io.cwd);
  const isSealed = seal.passphrase !== null || seal.recipients.length > 0;
  const ending = isSealed ? '.tar.age' : '.tar';
  if (!out.endsWith(ending)) throw new UsageError(`--out FILE is needed, and FILE ends in ${ending}: by that it is opened again.`);
  return openedForReading(location, values, io, (opened) =>
    untilInterrupted(async (signal) => {
      const progress = new ReadProgress(io, 'packed');
      try {
        const packed = await packSnapshot(opened, resolve(io.cwd, out), seal, { signal, onProgress: progress.show.bind(progress) });
        progress.end();
        io.err(
          `${plural(packed.files, 'file')}, ${sizeText(packed.content)}, ${isSealed ? 'sealed ' : ''}in ${out} (${sizeText(packed.size)})\n`,
        );
        return EXIT.ok;
      } finally {
        progress.end();
      }
    }),
  );
}

type SealValues = OptionValues<(typeof packSyntax)['options']>;

/** A passphrase or recipients: age allows no file to have both. */
async function sealOf({ encrypt, 'new-passphrase-file': file, recipient: recipients = [] }: SealValues, cwd: string): Promise<ArchiveSeal> {
  if (file !== undefined && recipients.length > 0) throw new UsageError('--new-passphrase-file or --recipient, not both.');
  if (encrypt && file === undefined && recipients.length === 0)
    throw new UsageError('--encrypt needs --new-passphrase-file FILE or --recipient age1...');
  for (const recipient of recipients) {
    if (!RECIPIENT.test(recipient)) throw new UsageError(`--recipient ${recipient}: a public key of age is expected, such as age1...`);
  }
  return { passphrase: file === undefined ? null : await passphraseIn(file, cwd), recipients };
}
