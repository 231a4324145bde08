import type { OperatorStatePart } from '../snapshotHeaders.ts';
import { argumentOf, type Examination } from './examination.ts';
import type { DoctorFinding } from './finding.ts';
import { counted, inOperator } from './place.ts';
import { shellOption } from './shellWord.ts';

/**
 * Every subtask gets all elements of a union state when it is restored. Where each of them writes all of them again, the state grows by the
 * parallelism with each restore. A subtask that has the same element more than once is where that has happened.
 */
export function* unionFindings(examination: Examination): Generator<DoctorFinding> {
  for (const operator of examination.headers.operators) {
    const parts = new Map<string, OperatorStatePart[]>();
    for (const part of operator.operatorStates) {
      if (part.distinct === null) continue;
      const known = parts.get(part.meta.name);
      if (known === undefined) parts.set(part.meta.name, [part]);
      else known.push(part);
    }
    for (const [name, own] of parts) {
      const count = own.reduce((sum, part) => sum + part.count, 0);
      const repeated = own.filter((part) => part.distinct !== null && part.count > part.distinct);
      if (repeated.length === 0) continue;
      const most = Math.max(...repeated.map((part) => part.count - (part.distinct ?? 0)));
      yield {
        ...inOperator(examination, operator, name),
        severity: 'warning',
        code: 'unionGrows',
        message: `This union state has ${counted(count, 'element')}, and ${String(repeated.length)} of ${counted(own.length, 'subtask')} ${repeated.length === 1 ? 'has' : 'have'} equal ones, up to ${counted(most, 'copy', 'copies')} too many: a function that adds what it restores to what it has multiplies the state by its parallelism (${String(operator.metadata.parallelism)}) with each restore.`,
        remedy: `Let the function keep only its own elements after a restore. The lines of copies, with "delete": true, in a file for --set of tidemark edit delete them. The elements are shown by:\ntidemark dump SNAPSHOT ${shellOption('operator', argumentOf(examination, operator))} ${shellOption('state', name)}`,
      };
    }
  }
}
