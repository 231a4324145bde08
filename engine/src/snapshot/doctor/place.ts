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

/** 1 KB = 1024 bytes. */
export function sizeText(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${units[unit] ?? ''}`;
}
