import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { describeStates, type OperatorDescription } from 'tidemark/snapshot';
import type { SnapshotSummary } from '../protocol.ts';
import { openSnapshot, operatorLabel, summaryOf } from '../snapshots/openedSnapshot.ts';
import { EXIT, plural, sizeText, timeText, UsageError, type CliIo } from './io.ts';

interface OperatorReport extends OperatorDescription {
  readonly uid: string;
  readonly operatorId: string;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly finished: boolean;
  readonly stateBytes: number;
}

/** `tidemark inspect SNAPSHOT`: what it is, its operators, and their states; no entry of state is read. */
export async function inspect(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false } },
  });
  const [location, ...more] = positionals;
  if (location === undefined || more.length > 0) throw new UsageError('inspect needs a snapshot.');
  try {
    const { summary, operators } = await report(resolve(io.cwd, location));
    io.out(values.json ? `${JSON.stringify({ ...summary, operators }, null, 2)}\n` : reportText(summary, operators));
    return summary.verified?.ok === false ? EXIT.notRestored : EXIT.ok;
  } catch (error) {
    io.err(`${location} cannot be read: ${error instanceof Error ? error.message : String(error)}\n`);
    return EXIT.notRestored;
  }
}

async function report(location: string): Promise<{ summary: SnapshotSummary; operators: OperatorReport[] }> {
  const opened = await openSnapshot(location);
  const operators: OperatorReport[] = [];
  for (const operator of opened.snapshot.operators) {
    const { operatorId, parallelism, maxParallelism, finished } = operator.metadata;
    const description = await describeStates(operator);
    operators.push({
      uid: operatorLabel(opened, operator),
      operatorId,
      parallelism,
      maxParallelism,
      finished,
      stateBytes: operator.stateSize,
      ...description,
    });
  }
  return { summary: await summaryOf(opened), operators };
}

function reportText(summary: SnapshotSummary, operators: readonly OperatorReport[]): string {
  const { pipeline, kind, checkpointId, createdAt, sizeBytes, version, verified } = summary;
  const lines = [
    summary.location,
    `  ${kind === 'unknown' ? 'snapshot' : kind} ${String(checkpointId)}${pipeline === null ? '' : ` of ${pipeline}`}${createdAt === null ? '' : `, ${timeText(createdAt)} UTC`}`,
    `  ${sizeText(sizeBytes)} of state, ${plural(operators.length, 'operator')}, metadata version ${String(version)}`,
    verified === null
      ? '  no tidemark.json: written by Flink'
      : verified.ok
        ? '  all checksums hold'
        : `  DAMAGED: ${verified.reason ?? ''}`,
  ];
  for (const operator of operators) lines.push('', ...operatorText(operator));
  return `${lines.join('\n')}\n`;
}

function operatorText({ uid, parallelism, maxParallelism, finished, stateBytes, key, states, unreadable }: OperatorReport): string[] {
  const facts = [`parallelism ${String(parallelism)} of at most ${String(maxParallelism)}`, sizeText(stateBytes)];
  if (key !== null) facts.push(`keyed by ${key}`);
  if (finished) facts.push('finished');
  const width = Math.max(0, ...states.map((state) => state.name.length));
  const lines = states.map((state) => {
    const count = state.count === null ? '' : `, ${plural(state.count, 'element')}`;
    return `    ${state.name.padEnd(width)}  ${state.kind}: ${state.type}${count}`;
  });
  if (unreadable !== null) lines.push(`    ${unreadable}: cannot be read yet`);
  return [`  ${uid}  (${facts.join(', ')})`, ...lines];
}
