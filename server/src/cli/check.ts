import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { PipelineLoadError, snapshotFiles } from 'tidemark/host';
import {
  CheckedSnapshot,
  finding,
  findingText,
  SnapshotDamage,
  verifySnapshot,
  type FlinkTarget,
  type RestoreFinding,
} from 'tidemark/restore';
import { shellOption, type KeyedStatistics } from 'tidemark/snapshot';
import type { CheckReport } from '../protocol.ts';
import { statisticsOf } from '../snapshots/doctor/examine.ts';
import { sourceFindings } from '../snapshots/doctor/sourceFindings.ts';
import type { OpenedSnapshot } from '../snapshots/openedSnapshot.ts';
import { withPlaces } from '../snapshots/remedyPlaces.ts';
import { absoluteLocation } from '../snapshots/storage/openStorage.ts';
import { EXIT, linesText, plural, UsageError, type CliIo } from './io.ts';
import { openedForReading, READING_OPTIONS, readingArguments } from './openedForReading.ts';
import { untilInterrupted } from './interrupt.ts';
import { loadedPlan, type LoadedPlan } from './loadedPlan.ts';
import { parsed, type CommandSyntax } from './syntax.ts';

interface Program {
  readonly plan: LoadedPlan;
  /** Of the module. */
  readonly folder: string;
}

/** A local folder that has checksums is compared with them before anything else is read of it. @throws SnapshotDamage */
async function verifyLocal(location: string): Promise<void> {
  const found = await stat(location).catch(() => null);
  const isFolder = found?.isDirectory() === true || location.endsWith('_metadata');
  if (!isFolder) return;
  const [first] = (await verifySnapshot(snapshotFiles('/'), location, { most: 1 })) ?? [];
  if (first !== undefined) throw new SnapshotDamage(location, first.file, first.reason);
}

interface CheckOpenedOptions {
  readonly allowNonRestoredState: boolean;
  readonly flink: FlinkTarget | null;
  /** Counts timers that are due, by reading all keyed state; null leaves it. */
  readonly scan: { readonly asOf: number; readonly signal: AbortSignal } | null;
}

async function checkOpened(opened: OpenedSnapshot, { plan, folder }: Program, options: CheckOpenedOptions): Promise<CheckReport> {
  const checked = new CheckedSnapshot(opened.snapshot, opened.manifest);
  const { findings } = await checked.check(plan, options, options.scan?.signal);
  const sources = await sourceFindings(plan, await checked.headers(), folder);
  const timers = options.scan === null ? [] : await timerFindings(opened, plan, options.scan);
  const all = [...findings, ...sources, ...timers];
  return {
    compatible: all.every(({ severity }) => severity !== 'error'),
    findings: all.map((each) => ({ ...each, changes: [...each.changes] })),
  };
}

async function timerFindings(
  opened: OpenedSnapshot,
  plan: Program['plan'],
  { asOf, signal }: { readonly asOf: number; readonly signal: AbortSignal },
): Promise<RestoreFinding[]> {
  const statistics = await statisticsOf(opened, asOf, { ttl: null, signal, onProgress: () => undefined });
  return plan.operators.flatMap(({ uid, operatorId }) => dueTimers(uid, statistics.get(operatorId), asOf));
}

const HOUR_MS = 3_600_000;

function dueTimers(uid: string, found: KeyedStatistics | undefined, asOf: number): RestoreFinding[] {
  const timers = (found?.states ?? []).flatMap((each) =>
    each.timers !== null && each.timers.due > 0 && each.state.startsWith('_timer_state/processing_') ? [each.timers] : [],
  );
  if (timers.length === 0) return [];
  const count = plural(
    timers.reduce((sum, { due }) => sum + due, 0),
    'processing-time timer',
  );
  const first = Math.min(...timers.flatMap((each) => each.first ?? []));
  const hours = Math.floor((asOf - first) / HOUR_MS) + 1;
  const shift = Number.isFinite(first)
    ? {
        words: 'To move all of its timers by the same time, so that none is due yet:',
        command: `tidemark edit SNAPSHOT --out OUT ${shellOption('shift-timers', `${uid}:${String(hours)}h`)}`,
      }
    : 'The option --shift-timers of tidemark edit moves them.';
  return [finding('warning', 'timersDue', uid, null, `has ${count} that are due: they fire at once.`, shift)];
}

export const checkSyntax = {
  name: 'check',
  operands: 'PIPELINE SNAPSHOT',
  about: 'Says whether a pipeline can be restored from a snapshot, and what the restore does to each state.',
  options: {
    flink: { value: '2.3|1.20', about: 'Says also what this version of Flink does with the same change.' },
    scan: { about: 'Reads all keyed state and counts timers that are due.' },
    parallelism: { value: 'N', about: 'For operators that set no parallelism of their own.' },
    'allow-non-restored-state': { about: 'State that the pipeline does not have is not an error.' },
    ...READING_OPTIONS,
    json: { about: 'Prints JSON.' },
  },
} as const satisfies CommandSyntax;

/** `tidemark check PIPELINE SNAPSHOT` */
export async function check(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parsed(checkSyntax, args);
  const [module, location, ...more] = positionals;
  if (module === undefined || location === undefined || more.length > 0) throw new UsageError('check needs a pipeline and a snapshot.');
  const parallelism = values.parallelism === undefined ? null : Number(values.parallelism);
  if (parallelism !== null && (!Number.isInteger(parallelism) || parallelism < 1))
    throw new UsageError(`--parallelism ${String(values.parallelism)}: a whole number from 1 on is needed.`);
  const flink = flinkTarget(values.flink);
  let program: Program;
  try {
    const path = resolve(io.cwd, module);
    program = { plan: await loadedPlan(path, parallelism), folder: dirname(path) };
    await verifyLocal(absoluteLocation(io.cwd, location));
  } catch (error) {
    const exitCode = error instanceof PipelineLoadError ? EXIT.notLoaded : error instanceof SnapshotDamage ? EXIT.notRestored : null;
    if (exitCode === null) throw error;
    io.err(`${(error as Error).message}\n`);
    return exitCode;
  }
  return openedForReading(location, values, io, async (opened) => {
    const found = await untilInterrupted((signal) =>
      checkOpened(opened, program, {
        allowNonRestoredState: values['allow-non-restored-state'],
        flink,
        scan: values.scan ? { asOf: Date.now(), signal } : null,
      }),
    );
    const places = { snapshot: location, options: readingArguments(values), pipeline: module, cwd: io.cwd };
    const report = { ...found, findings: withPlaces(found.findings, places) };
    io.out(values.json ? `${JSON.stringify(report, null, 2)}\n` : reportText(report));
    return report.compatible ? EXIT.ok : EXIT.notRestored;
  });
}

function flinkTarget(text: string | undefined): FlinkTarget | null {
  if (text === undefined || text === '2.3' || text === '1.20') return text ?? null;
  throw new UsageError(`--flink ${text}: 2.3 or 1.20 is needed.`);
}

const MARKS = { error: 'error  ', warning: 'warning', info: 'ok     ' } as const;

function reportText({ compatible, findings }: CheckReport): string {
  const lines = findings.flatMap((each) => [...findingLines(each), ...schemasText(each)]);
  const errors = findings.filter((each) => each.severity === 'error').length;
  const verdict = compatible ? 'The snapshot can be restored.' : `The snapshot cannot be restored: ${plural(errors, 'error')}.`;
  return linesText([...lines, verdict]);
}

/** Commands are in lines of their own. */
function findingLines({ severity, ...found }: CheckReport['findings'][number]): string[] {
  const [words = null, ...commands] = found.remedy?.split(/\n(?=tidemark )/) ?? [];
  return [`${MARKS[severity]}  ${findingText({ ...found, remedy: words })}`, ...commands.map((line) => `         ${line}`)];
}

/** Both types, one below the other, where they do not fit. */
function schemasText({ severity, schemas }: CheckReport['findings'][number]): string[] {
  if (severity !== 'error' || schemas === null) return [];
  return [`         snapshot: ${schemas.written}`, `         pipeline: ${schemas.wanted}`];
}
