import { labelOf, type Examination } from './examination.ts';
import type { DoctorFinding } from './finding.ts';
import type { OperatorHeaders } from '../snapshotHeaders.ts';

type Place = Pick<DoctorFinding, 'operator' | 'operatorId' | 'state' | 'file'>;

export const WHOLE: Place = { operator: null, operatorId: null, state: null, file: null };

export function inOperator(examination: Examination, operator: OperatorHeaders, state: string | null = null): Place {
  return { operator: labelOf(examination, operator), operatorId: operator.metadata.operatorId, state, file: null };
}

export function inFile(file: string): Place {
  return { ...WHOLE, file };
}

export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? noun : plural}`;
}

/** The first few of a list, for people. */
export function firstOf(names: readonly string[], most = 3): string {
  const more = names.length - most;
  return names.slice(0, most).join(', ') + (more > 0 ? ` and ${more.toLocaleString('en')} more` : '');
}
