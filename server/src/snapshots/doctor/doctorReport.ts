import { diagnose, type Examination } from 'tidemark/snapshot';
import type { DoctorReport, ReadProgress } from '../../protocol.ts';
import type { OpenedSnapshot } from '../openedSnapshot.ts';
import { examine } from './examine.ts';

interface ReportContext {
  readonly signal: AbortSignal;
  readonly report: (progress: ReadProgress) => void;
}

/** What will hurt later, by the clock of now. @throws the signal's reason */
export async function doctorReport(opened: OpenedSnapshot, scan: boolean, { signal, report }: ReportContext): Promise<DoctorReport> {
  const onProgress = (bytesRead: number, bytesTotal: number): void => report({ bytesRead, bytesTotal });
  const options = { asOf: Date.now(), plan: null, other: null, scan: scan ? { ttl: null, signal, onProgress } : null };
  return reportOf(opened, await examine(opened, options));
}

export function reportOf({ snapshot }: OpenedSnapshot, examination: Examination): DoctorReport {
  return {
    location: snapshot.folder,
    asOf: examination.asOf,
    scanned: examination.statistics !== null,
    findings: diagnose(examination),
    unreferenced: [...(examination.checkpointRoot?.unreferenced ?? [])],
  };
}
