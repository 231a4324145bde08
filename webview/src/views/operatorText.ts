import { backlog, bytes, exact, rate, watermark } from '../format.ts';
import type { PageOperator } from '../protocol.ts';
import { backlogOf, mainDirection, markOf, rateOf, statusOf, totals, watermarkOf, type Model } from '../store.ts';
import { kindName } from './icons.ts';

export function matches(operator: PageOperator, query: string): boolean {
  const wanted = query.trim().toLowerCase();
  return wanted === '' || `${operator.uid} ${kindName(operator.kind)} ${operator.detail}`.toLowerCase().includes(wanted);
}

/** One sentence with everything the node shows: its label for screen readers and its tooltip. */
export function operatorSentence(model: Model, operator: PageOperator): string {
  const parts = [
    `${kindName(operator.kind)} ${operator.uid}`,
    ...(markOf(model, operator.uid) === null ? [] : [`${String(markOf(model, operator.uid))} here`]),
    `${operator.parallelism} ${operator.parallelism === 1 ? 'subtask' : 'subtasks'}`,
  ];
  const status = statusOf(model, operator.uid);
  if (status !== null) {
    const all = totals(status);
    parts.push(
      `${exact(all.recordsIn)} records in, ${exact(all.recordsOut)} out`,
      `rate ${rate(rateOf(model, operator.uid, mainDirection(operator.kind)))}`,
    );
    if (operator.states.length > 0) parts.push(`state ${bytes(all.stateBytes)}`);
    const waiting = backlogOf(status);
    if (waiting.amount > 0) parts.push(`${backlog(waiting)}${waiting.unit === 'records' ? ' records' : ''} waiting`);
    const mark = watermarkOf(status);
    if (mark !== null) parts.push(`watermark ${watermark(mark)}`);
  }
  return parts.join(', ');
}
