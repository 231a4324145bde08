import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { EXIT, UsageError, type CliIo } from './io.ts';
import { openedForReading, READING_OPTIONS } from './openedForReading.ts';
import { commonPlan, rewriteTo, targetOf, WRITING_OPTIONS } from './rewriting.ts';

/**
 * `tidemark split SNAPSHOT --keys EXPR --out TARGET [--rest TARGET]`: a savepoint with the state of the keys for which the expression is true,
 * and one with that of all others. State that does not belong to a key is in both.
 */
export async function split(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { ...READING_OPTIONS, ...WRITING_OPTIONS, keys: { type: 'string' }, rest: { type: 'string' } },
  });
  const [location, ...more] = positionals;
  const where = values.keys;
  if (location === undefined || more.length > 0) throw new UsageError('split needs a snapshot.');
  if (where === undefined) throw new UsageError(`--keys EXPR is needed, such as 'key startsWith "acme-"'.`);
  const target = targetOf(values, io);
  const rest = values.rest === undefined || values['dry-run'] ? null : resolve(io.cwd, values.rest);
  const common = commonPlan(values);
  return openedForReading(location, values, io, async (opened) => {
    const code = await rewriteTo([opened], { ...common, keys: { where, matching: true } }, target, values, io);
    if (code !== EXIT.ok || values.rest === undefined) return code;
    return rewriteTo([opened], { ...common, keys: { where, matching: false } }, rest, values, io);
  });
}
