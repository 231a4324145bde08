import { parseTree } from 'jsonc-parser';
import type { RewriteRefused } from 'tidemark/snapshot';
import type { PlanProblem } from '../../protocol.ts';
import { problemAt } from '../rewrite/problemAt.ts';

/** Why rules cannot be heeded, one mistake a line, each at the rule that it names. */
export function rulesProblems(text: string, { message }: RewriteRefused): PlanProblem[] {
  const root = parseTree(text, [], { allowTrailingComma: true });
  return message.split('\n').map((reason) => {
    if (root === undefined) return { severity: 'error', offset: 0, length: text.length, message: reason };
    const [, number] = /\brule (\d+)/.exec(reason) ?? [];
    return problemAt(root, number === undefined ? ['default'] : ['rules', Number(number) - 1], 'error', reason);
  });
}
