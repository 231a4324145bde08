/** Thread entry: a share of a scan. It asks for units until there are none, and then says what it has found. */
import { parentPort, workerData } from 'node:worker_threads';
import { JobScan, readSnapshot, type PathMapping, type ScanJob, type ScanResult, type ScanUnit } from 'tidemark/snapshot';
import { loadAllDecoders, type DecoderSources } from '../decoders/loadDecoders.ts';
import { openStorage } from '../storage/openStorage.ts';

/** What a thread opens to read the same snapshot. */
export interface ScanSource {
  /** As `openStorage` says it: an archive that has been unpacked is not unpacked again. */
  readonly source: string;
  readonly pathMap: readonly PathMapping[];
  readonly decoders: DecoderSources;
  /** By operator id, where `_metadata` does not say them: decoders are declared for the state of a uid. */
  readonly uids: ReadonlyMap<string, string>;
  /** Of a sealed archive. */
  readonly fileKey: Uint8Array | null;
}

export interface ScanWorkerData extends ScanSource {
  /** 32 hex digits. */
  readonly operator: string;
  readonly job: ScanJob;
}

/** Units to scan; none are the end. */
export type ToScanWorker = readonly ScanUnit[];

export type FromScanWorker =
  | { readonly is: 'next'; readonly bytes: number }
  | { readonly is: 'result'; readonly result: ScanResult }
  | { readonly is: 'error'; readonly name: string; readonly message: string };

const port = parentPort;
if (port === null) throw new Error('this is the entry of a thread');
const post = (message: FromScanWorker): void => port.postMessage(message);
const guarded = (work: () => Promise<void>): void => {
  work().catch((error: unknown) => {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    post({ is: 'error', name, message });
  });
};

guarded(async () => {
  const { source, pathMap, decoders: sources, uids, fileKey, operator: id, job } = workerData as ScanWorkerData;
  const { storage, location } = await openStorage(source, {
    pathMap,
    ...(fileKey === null ? {} : { keys: { passphrases: [], identities: [], fileKey } }),
  });
  // Statistics do not read values. What is wrong with decoders has been said by code that opened the snapshot first.
  const loaded = job.kind === 'statistics' ? null : await loadAllDecoders(sources);
  const uidOf = (operatorId: string): string | null => uids.get(operatorId) ?? null;
  const { operators } = await readSnapshot(storage, location, loaded === null ? null : { decoders: loaded.decoders, uidOf });
  const operator = operators.find(({ metadata }) => metadata.operatorId === id);
  if (operator === undefined) throw new Error(`${source} no longer has the operator ${id}`);
  const scan = new JobScan(operator, job);
  port.on('message', (units: ToScanWorker) => {
    guarded(async () => {
      if (units.length === 0) {
        await storage.close?.();
        post({ is: 'result', result: scan.result() });
        port.close();
        return;
      }
      for (const unit of units) await scan.scan(unit);
      post({ is: 'next', bytes: units.reduce((sum, { size }) => sum + size, 0) });
    });
  });
  post({ is: 'next', bytes: 0 });
});
