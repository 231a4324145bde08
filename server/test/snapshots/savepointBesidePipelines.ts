import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSnapshot, type OpenedSnapshot } from '../../src/snapshots/openedSnapshot.ts';
import { countingPipeline, takeSavepoint } from '../savepointOfPipeline.ts';
import { buildPlanProcess } from './planProcessProgram.ts';

/** A savepoint of a pipeline that counts, in a folder for other pipelines, and the process that builds them. */
export interface SavepointBesidePipelines {
  readonly folder: string;
  readonly opened: OpenedSnapshot;
  /** Of the process. */
  readonly program: string;
  /** Writes a pipeline, and returns its path. */
  pipeline(name: string, text: string): string;
  remove(): Promise<void>;
}

export async function savepointBesidePipelines(): Promise<SavepointBesidePipelines> {
  const { program, remove } = await buildPlanProcess();
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-pipelines-'));
  writeFileSync(join(folder, 'package.json'), '{}');
  const pipeline = (name: string, text: string): string => {
    const path = join(folder, `${name}.pipeline.ts`);
    writeFileSync(path, text);
    return path;
  };
  const opened = await openSnapshot(await takeSavepoint(pipeline('v1', countingPipeline({ count: '{ n: t.long }' }))));
  return {
    folder,
    opened,
    program,
    pipeline,
    remove: async () => {
      await opened.storage.close?.();
      remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
