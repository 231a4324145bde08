import { resolve } from 'node:path';
import type { ConflictRule } from 'tidemark/snapshot';
import { MODULE } from '../snapshots/userFunction.ts';
import { settleOf } from '../snapshots/rewrite/userModules.ts';
import { UsageError, type CliIo } from './io.ts';
import { READING_OPTIONS } from './openedForReading.ts';
import { commonPlan, numberOf, openedAll, rewriteTo, targetOf, WRITING_OPTIONS } from './rewriting.ts';
import { parsed, type CommandSyntax } from './syntax.ts';

export const mergeSyntax = {
  name: 'merge',
  operands: 'SNAPSHOT SNAPSHOT...',
  about: 'Writes one savepoint with the state of several, of the same plan or of different operators.',
  options: {
    ...WRITING_OPTIONS,
    'on-conflict': {
      value: 'fail|first|newest|MODULE',
      repeated: true,
      about: 'What happens to a key that several snapshots have. A JavaScript module decides key by key. Default: fail.',
    },
    'max-parallelism': { value: '[O=]N', repeated: true, about: 'The max parallelism of all operators, or of one.' },
    parallelism: { value: '[O=]N', repeated: true, about: 'The parallelism of all operators, or of one.' },
    ...READING_OPTIONS,
  },
} as const satisfies CommandSyntax;

/**
 * `tidemark merge SNAPSHOT SNAPSHOT... --out TARGET`: one savepoint with what all of them hold. Operators of one uid are put together, key by
 * key.
 */
export async function merge(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parsed(mergeSyntax, args);
  if (positionals.length < 2) throw new UsageError('merge needs two snapshots or more.');
  const { rule, module } = rulesIn(values['on-conflict'] ?? []);
  const settle = module === null ? null : await settleOf({ named: `--on-conflict ${module}`, path: resolve(io.cwd, module) });
  const target = targetOf(values, io);
  const edits = (['maxParallelism', 'parallelism'] as const).flatMap((edit) => {
    const option = edit === 'parallelism' ? edit : 'max-parallelism';
    return (values[option] ?? []).map((text) => ({ edit, ...numberOf(`--${option}`, text) }));
  });
  const plan = { ...commonPlan(values), onConflict: rule, edits } as const;
  return openedAll(positionals, values, io, (opened) => rewriteTo(opened, plan, target, values, io, { settle }));
}

const RULES: readonly string[] = ['fail', 'first', 'newest'] satisfies ConflictRule[];

/** A rule for all state, and a module for what belongs to keys; each at most once. @throws UsageError */
function rulesIn(given: readonly string[]): { readonly rule: ConflictRule; readonly module: string | null } {
  const rules = given.filter((text): text is ConflictRule => RULES.includes(text));
  const modules = given.filter((text) => !RULES.includes(text));
  for (const module of modules)
    if (!MODULE.test(module)) throw new UsageError(`--on-conflict ${module}: fail, first, newest or a module is needed.`);
  if (rules.length > 1 || modules.length > 1)
    throw new UsageError(`--on-conflict ${given.join(', ')}: give at most one rule and one module.`);
  return { rule: rules[0] ?? 'fail', module: modules[0] ?? null };
}
