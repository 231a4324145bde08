import { describeStates, readHeaders, snapshotFacts, usesForSt, type OperatorDescription, type SnapshotFacts } from 'tidemark/snapshot';
import type { OperatorOverview, SnapshotOverview, StateBytes } from '../protocol.ts';
import { damagedFiles } from '../snapshots/damagedFiles.ts';
import type { OpenedSnapshot } from '../snapshots/openedSnapshot.ts';
import { overviewOf } from '../snapshots/overview.ts';
import { openedForReading, READING_OPTIONS } from './openedForReading.ts';
import { EXIT, linesText, plural, sizeText, timeText, UsageError, type CliIo } from './io.ts';
import { positionLines, positionsOf } from './positions.ts';
import { parsed, type CommandSyntax } from './syntax.ts';

/** What is written as JSON. */
interface Report extends Omit<SnapshotOverview, 'operators'> {
  /** Null when the snapshot has no tidemark.json; else whether all checksums hold, with the reason when not. */
  verified: { ok: boolean; reason: string | null } | null;
  /** In Flink's words, such as `Terminate Savepoint`; null where the file does not say. */
  readonly type: string | null;
  readonly files: SnapshotFacts['files'];
  /** Records in flight are part of it: an unaligned checkpoint. */
  readonly hasInFlightData: boolean;
  readonly operators: readonly OperatorReport[];
}

interface OperatorReport extends OperatorDescription, Omit<OperatorOverview, 'bytes' | 'id'> {
  readonly operatorId: string;
  readonly stateBytes: number;
  readonly bytes: StateBytes;
  /** Of a source, where it goes on, in words. */
  readonly positions: readonly string[];
}

export const inspectSyntax = {
  name: 'inspect',
  operands: 'SNAPSHOT',
  about: 'Shows what is in a savepoint or checkpoint: operators, states, types and sizes. No entry is read.',
  options: { ...READING_OPTIONS, json: { about: 'Prints JSON.' } },
} as const satisfies CommandSyntax;

/** `tidemark inspect SNAPSHOT`: what it is, its operators, and their states; no entry of state is read. */
export async function inspect(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parsed(inspectSyntax, args);
  const [location, ...more] = positionals;
  if (location === undefined || more.length > 0) throw new UsageError('inspect needs a snapshot.');
  const show = async (opened: OpenedSnapshot): Promise<number> => {
    const found = await report(opened);
    io.out(values.json ? `${JSON.stringify(found, null, 2)}\n` : reportText(found));
    return found.verified?.ok === false ? EXIT.notRestored : EXIT.ok;
  };
  return openedForReading(location, values, io, show);
}

/** The declarations of states tell it. What cannot be read is said with its operator. */
async function isForSt({ snapshot }: OpenedSnapshot): Promise<boolean> {
  const { operators } = await readHeaders(snapshot);
  return usesForSt(operators.flatMap(({ keyed }) => keyed.flatMap(({ header }) => header.states)));
}

async function report(opened: OpenedSnapshot): Promise<Report> {
  const { operators: overviews, ...overview } = await overviewOf(opened, await isForSt(opened));
  const facts = snapshotFacts(opened.snapshot.metadata);
  const operators: OperatorReport[] = [];
  for (const [i, operator] of opened.snapshot.operators.entries()) {
    const found = overviews[i];
    if (found === undefined) continue;
    const { id, ...rest } = found;
    const description = await describeStates(operator);
    operators.push({ ...rest, operatorId: id, stateBytes: operator.stateSize, ...description, positions: await positionsOf(operator) });
  }
  const damaged = await damagedFiles(opened, 1, null);
  const [first] = damaged ?? [];
  const verified =
    damaged === null ? null : { ok: first === undefined, reason: first === undefined ? null : `${first.file}: ${first.reason}` };
  return { ...overview, verified, type: facts.type, files: facts.files, hasInFlightData: facts.hasChannelState, operators };
}

function reportText(found: Report): string {
  const { pipeline, kind, checkpointId, createdAt, sizeBytes, version, verified, writer, restoresOn, operators } = found;
  const what = `${found.type ?? (kind === 'unknown' ? 'snapshot' : kind)} ${String(checkpointId)}`;
  const lines = [
    found.location,
    `  ${what}${pipeline === null ? '' : ` of ${pipeline}`}${createdAt === null ? '' : `, ${timeText(createdAt)} UTC`}`,
    `  ${sizeText(sizeBytes)} of state, ${plural(operators.length, 'operator')}, metadata version ${String(version)}, ${found.format}`,
    `  written by ${writer ?? '?'}, restored by ${restoresOn ?? '?'}`,
    `  ${filesText(found)}`,
  ];
  if (found.hasInFlightData) lines.push('  unaligned: records in flight are part of it');
  if (verified !== null) lines.push(verified.ok ? '  all checksums hold' : `  DAMAGED: ${verified.reason ?? ''}`);
  else lines.push('  no tidemark.json: written by Flink');
  for (const operator of operators) lines.push('', ...operatorText(operator));
  return linesText(lines);
}

function filesText({ files, relocatable }: Report): string {
  const elsewhere = files.filter(({ absolute }) => absolute);
  const shared = files.filter((file) => file.shared);
  const count = plural(files.length, 'file');
  if (relocatable) return `${count}, all in its folder: it can be moved`;
  const sharing = shared.length === 0 ? '' : `, ${String(shared.length)} of them shared with other checkpoints`;
  return `${count}${sharing}; it cannot be moved alone, for ${plural(elsewhere.length, 'file')} ${elsewhere.length === 1 ? 'has an absolute path' : 'have absolute paths'}, such as ${elsewhere[0]?.path ?? ''}`;
}

const BYTES: readonly (readonly [Exclude<keyof StateBytes, 'total'>, string])[] = [
  ['keyed', 'keyed state'],
  ['rawKeyed', 'raw keyed state'],
  ['operator', 'operator state'],
  ['rawOperator', 'raw operator state'],
  ['channels', 'in flight'],
  ['coordinator', 'coordinator'],
];

function operatorText(operator: OperatorReport): string[] {
  const { label, operatorId, name, parallelism, maxParallelism, finished, bytes, key, states, positions, unreadable } = operator;
  const facts = [`parallelism ${String(parallelism)} of at most ${String(maxParallelism)}`, sizeText(bytes.total)];
  if (key !== null) facts.push(`keyed by ${key}`);
  if (finished) facts.push('finished');
  const parts = BYTES.filter(([kind]) => bytes[kind] > 0);
  const lines = [`  ${label}  (${facts.join(', ')})`];
  const names = [operatorId, ...(name === null || name === label ? [] : [name])].filter((each) => each !== label);
  if (names.length > 0) lines.push(`    ${names.join('  ')}`);
  if (parts.length > 1) lines.push(`    ${parts.map(([kind, text]) => `${text} ${sizeText(bytes[kind])}`).join(', ')}`);
  const width = Math.max(0, ...states.map((state) => state.name.length));
  for (const state of states) {
    const count = state.count === null ? '' : `, ${plural(state.count, 'element')}`;
    const namespace = state.schema?.namespace == null ? '' : ` by ${state.schema.namespace}`;
    lines.push(
      `    ${state.name.padEnd(width)}  ${state.kind}: ${state.kind === 'map' ? state.type : (state.schema?.value ?? state.type)}${namespace}${count}`,
    );
  }
  for (const line of positionLines(positions)) lines.push(`    ${line}`);
  if (unreadable !== null) lines.push(`    ${unreadable}`);
  return lines;
}
