import { parseArgs } from 'node:util';
import { UsageError, type CliIo } from './io.ts';
import { READING_OPTIONS } from './openedForReading.ts';
import { wholeNumber } from './selection.ts';
import { commonPlan, openedAll, rewriteTo, targetOf, WRITING_OPTIONS } from './rewriting.ts';

/**
 * `tidemark merge SNAPSHOT SNAPSHOT... --out TARGET`: one savepoint with what all of them hold. Operators of one uid are put together, key by
 * key.
 */
export async function merge(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...READING_OPTIONS,
      ...WRITING_OPTIONS,
      'on-conflict': { type: 'string', default: 'fail' },
      'max-parallelism': { type: 'string', multiple: true },
      parallelism: { type: 'string', multiple: true },
    },
  });
  const rule = values['on-conflict'];
  if (positionals.length < 2) throw new UsageError('merge needs two snapshots or more.');
  if (rule !== 'fail' && rule !== 'first' && rule !== 'newest')
    throw new UsageError(`--on-conflict ${rule}: fail, first or newest is needed.`);
  const target = targetOf(values, io);
  const edits = (['maxParallelism', 'parallelism'] as const).flatMap((edit) => {
    const option = edit === 'parallelism' ? edit : 'max-parallelism';
    return (values[option] ?? []).map((text) => ({ edit, ...numberOf(`--${option}`, text) }));
  });
  const plan = { ...commonPlan(values), onConflict: rule, edits } as const;
  return openedAll(positionals, values, io, (opened) => rewriteTo(opened, plan, target, values, io));
}

/** `N` for all operators, or `OPERATOR=N`. @throws UsageError */
function numberOf(option: string, text: string): { readonly operator?: string; readonly value: number } {
  const at = text.lastIndexOf('=');
  const value = wholeNumber(option, text.slice(at + 1)) ?? 0;
  return at < 0 ? { value } : { operator: text.slice(0, at), value };
}
