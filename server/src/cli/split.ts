import { resolve } from 'node:path';
import type { OpenedSnapshot } from '../snapshots/openedSnapshot.ts';
import { EXIT, UsageError, type CliIo } from './io.ts';
import { openedForReading, READING_OPTIONS } from './openedForReading.ts';
import { commonPlan, printed, rewriteTo, targetOf, WRITING_OPTIONS, type WrittenJson } from './rewriting.ts';
import { parsed, type CommandSyntax } from './syntax.ts';

export const splitSyntax = {
  name: 'split',
  operands: 'SNAPSHOT',
  about: 'Writes the state of some keys, and that of all others, as savepoints of their own.',
  options: {
    keys: { value: 'EXPR', required: true, about: `Which keys go to --out, such as 'key startsWith "acme-"'.` },
    ...WRITING_OPTIONS,
    rest: { value: 'FOLDER', about: 'Where the state of all other keys goes.' },
    ...READING_OPTIONS,
  },
} as const satisfies CommandSyntax;

/**
 * `tidemark split SNAPSHOT --keys EXPR --out TARGET [--rest TARGET]`: a savepoint with the state of the keys for which the expression is true,
 * and one with that of all others. State that does not belong to a key is in both.
 */
export async function split(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parsed(splitSyntax, args);
  const [location, ...more] = positionals;
  const where = values.keys;
  if (location === undefined || more.length > 0) throw new UsageError('split needs a snapshot.');
  if (where === undefined) throw new UsageError(`--keys EXPR is needed, such as 'key startsWith "acme-"'.`);
  const target = targetOf(values, io);
  const rest = values.rest === undefined || values['dry-run'] ? null : resolve(io.cwd, values.rest);
  const common = commonPlan(values);
  const hasRest = values.rest !== undefined;
  const written: WrittenJson[] = [];
  const write = (opened: OpenedSnapshot, matching: boolean, to: string | null): Promise<number> =>
    rewriteTo([opened], { ...common, keys: { where, matching } }, to, values, io, { onJson: (each) => void written.push(each) });
  return openedForReading(location, values, io, async (opened) => {
    const first = await write(opened, true, target);
    const code = first !== EXIT.ok || !hasRest ? first : await write(opened, false, rest);
    const [one, two = null] = written;
    // The first is there also where the rest is refused.
    if (one !== undefined) printed(io)(hasRest ? { ...one, rest: two } : one);
    return code;
  });
}
