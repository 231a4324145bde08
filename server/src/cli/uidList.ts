import { readFile } from 'node:fs/promises';
import * as tidemark from 'tidemark';
import * as connectors from 'tidemark/connectors';
import { loadPlan, registerEngineModules } from 'tidemark/host';
import * as testing from 'tidemark/testing';
import { UsageError } from './io.ts';

/** A file with one uid a line. @throws UsageError */
export async function uidsIn(option: string, file: string): Promise<string[]> {
  try {
    return (await readFile(file, 'utf8')).split(/\r?\n/).filter((line) => line !== '');
  } catch (error) {
    throw new UsageError(`${option}: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

/** Of a pipeline, which is built for that, or from a file with one uid a line. @throws UsageError */
export async function plannedUids(option: string, file: string): Promise<string[]> {
  if (!file.endsWith('.pipeline.ts')) return uidsIn(option, file);
  registerEngineModules({ tidemark, 'tidemark/connectors': connectors, 'tidemark/testing': testing });
  try {
    const { plan } = await loadPlan(file, { parallelism: null, parameters: {} });
    return plan.operators.map(({ uid }) => uid);
  } catch (error) {
    throw new UsageError(`${option}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
