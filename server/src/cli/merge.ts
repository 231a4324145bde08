import { parseArgs } from 'node:util';
import { UsageError, type CliIo } from './io.ts';
import { READING_OPTIONS } from './openedForReading.ts';
import { commonPlan, openedAll, rewriteTo, targetOf, WRITING_OPTIONS } from './rewriting.ts';

/**
 * `tidemark merge SNAPSHOT SNAPSHOT... --out TARGET`: one savepoint with what all of them hold. Operators of one uid are put together, key by
 * key.
 */
export async function merge(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { ...READING_OPTIONS, ...WRITING_OPTIONS, 'on-conflict': { type: 'string', default: 'fail' } },
  });
  const rule = values['on-conflict'];
  if (positionals.length < 2) throw new UsageError('merge needs two snapshots or more.');
  if (rule !== 'fail' && rule !== 'first' && rule !== 'newest')
    throw new UsageError(`--on-conflict ${rule}: fail, first or newest is needed.`);
  const target = targetOf(values, io);
  const plan = { ...commonPlan(values), onConflict: rule } as const;
  return openedAll(positionals, values, io, (opened) => rewriteTo(opened, plan, target, values, io));
}
