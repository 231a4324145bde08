import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import * as tidemark from 'tidemark';
import * as connectors from 'tidemark/connectors';
import { loadPlan, PipelineLoadError, registerEngineModules, snapshotFiles } from 'tidemark/host';
import { checkRestore, findingText, openSnapshot, SnapshotDamage, type RestoreReport } from 'tidemark/restore';
import * as testing from 'tidemark/testing';
import type { CheckReport } from '../protocol.ts';
import { EXIT, plural, UsageError, type CliIo } from './io.ts';

export interface CheckProgramOptions {
  readonly program: string;
  /** A snapshot's folder. */
  readonly location: string;
  /** Null leaves it to the pipeline. */
  readonly parallelism: number | null;
  readonly allowNonRestoredState: boolean;
}

/** Says whether a pipeline module can be restored from a snapshot. @throws PipelineLoadError, SnapshotDamage */
export async function checkProgram({ program, location, parallelism, allowNonRestoredState }: CheckProgramOptions): Promise<CheckReport> {
  registerEngineModules({ tidemark, 'tidemark/connectors': connectors, 'tidemark/testing': testing });
  const { plan } = await loadPlan(program, { parallelism, parameters: {} });
  return toCheckReport(checkRestore(plan, openSnapshot(snapshotFiles('/'), location), { allowNonRestoredState }));
}

function toCheckReport({ compatible, findings }: RestoreReport): CheckReport {
  return { compatible, findings: findings.map((finding) => ({ ...finding })) };
}

/** `tidemark check PIPELINE SNAPSHOT` */
export async function check(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      parallelism: { type: 'string' },
      'allow-non-restored-state': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const [program, location, ...more] = positionals;
  if (program === undefined || location === undefined || more.length > 0) throw new UsageError('check needs a pipeline and a snapshot.');
  const parallelism = values.parallelism === undefined ? null : Number(values.parallelism);
  if (parallelism !== null && (!Number.isInteger(parallelism) || parallelism < 1))
    throw new UsageError(`--parallelism ${String(values.parallelism)}: a whole number from 1 on is needed.`);
  let report: CheckReport;
  try {
    report = await checkProgram({
      program: resolve(io.cwd, program),
      location: localFolder(io.cwd, location),
      parallelism,
      allowNonRestoredState: values['allow-non-restored-state'],
    });
  } catch (error) {
    const exitCode = error instanceof PipelineLoadError ? EXIT.notLoaded : error instanceof SnapshotDamage ? EXIT.notRestored : null;
    if (exitCode === null) throw error;
    io.err(`${(error as Error).message}\n`);
    return exitCode;
  }
  if (values.json) io.out(`${JSON.stringify(report, null, 2)}\n`);
  else io.out(reportText(report));
  return report.compatible ? EXIT.ok : EXIT.notRestored;
}

const MARKS = { error: 'error  ', warning: 'warning', info: 'ok     ' } as const;

function reportText({ compatible, findings }: CheckReport): string {
  const lines = findings.map((finding) => `${MARKS[finding.severity]}  ${findingText(finding)}`);
  const errors = findings.filter((finding) => finding.severity === 'error').length;
  const verdict = compatible ? 'The snapshot can be restored.' : `The snapshot cannot be restored: ${plural(errors, 'error')}.`;
  return `${[...lines, verdict].join('\n')}\n`;
}

/** The restore that this speaks of takes local folders. */
function localFolder(cwd: string, location: string): string {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(location) || /\.(zip|tar|tgz|tar\.gz)$/i.test(location)) {
    throw new UsageError(`check takes the folder of a snapshot, not ${location}: copy or unpack it first.`);
  }
  return resolve(cwd, location);
}
