import { resolve } from 'node:path';
import { ControlClient } from '../controlClient.ts';
import type { RegisteredRun } from '../run/registry.ts';
import { runningPipelines } from '../run/registry.ts';
import type { CliIo } from './io.ts';
import { shownText } from '../shownText.ts';
import { EXIT } from './io.ts';

/** The runs that `wanted` may mean: an id, a pipeline's name, or the path of its module. */
export function matchingRuns(runs: readonly RegisteredRun[], wanted: string, cwd: string): readonly RegisteredRun[] {
  const byId = runs.filter(({ id }) => id === wanted);
  return byId.length > 0 ? byId : runs.filter(({ pipeline, program }) => pipeline === wanted || program === resolve(cwd, wanted));
}

function shownCell(text: string): string {
  return shownText(text).replaceAll(/\r?\n/g, '\\n');
}

export function runsTable(runs: readonly RegisteredRun[]): string {
  const rows = runs.map(({ id, pipeline, pid, startedAt, program }) => [
    id,
    pipeline,
    String(pid),
    new Date(startedAt).toLocaleString('sv'),
    program,
  ]);
  // As they are shown, so that columns are as wide as what is in them.
  const all = [['id', 'pipeline', 'process', 'started', 'program'], ...rows].map((row) => row.map(shownCell));
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Does something with the one running pipeline that is meant. When it is not clear which, says which there are. */
export async function withRunningPipeline(
  wanted: string | undefined,
  io: CliIo,
  act: (control: ControlClient, run: RegisteredRun) => Promise<number>,
): Promise<number> {
  const runs = runningPipelines();
  if (runs.length === 0) {
    io.err('No pipeline is running.\n');
    return EXIT.notRunning;
  }
  const matching = wanted === undefined ? [] : matchingRuns(runs, wanted, io.cwd);
  const [run] = matching;
  if (run === undefined || matching.length > 1) {
    const problem =
      wanted === undefined
        ? 'Which pipeline?'
        : matching.length > 1
          ? `"${wanted}" runs ${String(matching.length)} times: say which by its id.`
          : `No pipeline "${wanted}" is running.`;
    io.err(`${problem} Running now:\n${runsTable(matching.length > 1 ? matching : runs)}\n`);
    return wanted === undefined ? EXIT.usage : EXIT.notRunning;
  }
  const control = await ControlClient.connect(run.socket);
  try {
    await control.hello('commandLine');
    return await act(control, run);
  } finally {
    control.close();
  }
}
