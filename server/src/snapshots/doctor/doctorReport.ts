import { diagnose, type DoctorFinding, type Examination } from 'tidemark/snapshot';
import type { DoctorReport, ReadProgress } from '../../protocol.ts';
import { KafkaError } from '../kafka/clientProperties.ts';
import type { KafkaCluster } from '../kafka/topicOffsets.ts';
import type { OpenedSnapshot } from '../openedSnapshot.ts';
import { examine } from './examine.ts';

interface ReportContext {
  readonly signal: AbortSignal;
  readonly report: (progress: ReadProgress) => void;
}

/** What will hurt later, by the clock of now. A cluster of Kafka that does not answer is one of them. @throws the signal's reason */
export async function doctorReport(
  opened: OpenedSnapshot,
  { scan, kafka }: { readonly scan: boolean; readonly kafka: Omit<KafkaCluster, 'signal'> | null },
  { signal, report }: ReportContext,
): Promise<DoctorReport> {
  const onProgress = (bytesRead: number, bytesTotal: number): void => report({ bytesRead, bytesTotal });
  const options = {
    asOf: Date.now(),
    asOfGiven: false,
    plan: null,
    other: null,
    looksOutside: false,
    scan: scan ? { ttl: null, signal, onProgress } : null,
  };
  try {
    return reportOf(opened, await examine(opened, { ...options, kafka: kafka && { ...kafka, signal } }));
  } catch (error) {
    // The rest is as good without it. It is asked first: nothing has been read in vain.
    if (!(error instanceof KafkaError)) throw error;
    const known = reportOf(opened, await examine(opened, { ...options, kafka: null }));
    return { ...known, findings: [...known.findings, topicsUnknown(error.message)] };
  }
}

function topicsUnknown(message: string): DoctorFinding {
  return {
    severity: 'warning',
    code: 'topicsUnknown',
    operator: null,
    operatorId: null,
    state: null,
    file: null,
    message: `${message}.`,
    remedy: 'Where its sources go on is not known then: make the cluster reachable, or leave tidemark.kafka.cluster empty.',
  };
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
