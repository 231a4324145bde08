import { nearest } from 'tidemark/plan';
import {
  differs,
  dumpText,
  ExpressionError,
  ignoring,
  KeyTextError,
  operatorsNamed,
  RenameError,
  shellOption,
  SnapshotComparison,
  stateDiffers,
  UNREADABLE_REMEDY,
  type ComparisonOptions,
  type DumpValue,
  type EntryDifference,
  type OperatorDifference,
  type UnreadableSummary,
} from 'tidemark/snapshot';
import { entryLines, operatorLine, stateLines } from '../snapshots/compare/differenceText.ts';
import { UserModuleError } from '../snapshots/userFunction.ts';
import { invariant, type Invariant, type Verdict } from '../snapshots/compare/invariant.ts';
import { SnapshotSide } from '../snapshots/compare/snapshotSide.ts';
import type { OpenedSnapshot } from '../snapshots/openedSnapshot.ts';
import { EXIT, linesText, plural, sizeText, UsageError, type CliIo } from './io.ts';
import { Interrupted, untilInterrupted } from './interrupt.ts';
import { openedForReading, READING_OPTIONS } from './openedForReading.ts';
import { ReadProgress } from './readProgress.ts';
import { wholeNumber } from './selection.ts';
import { parsed, type CommandSyntax, type OptionValues } from './syntax.ts';

/** As diff(1) has them; `unknown` where no difference was found, but something cannot be read. */
export const DIFF_EXIT = { same: 0, different: 1, error: 2, unknown: 3 } as const;

export const diffSyntax = {
  name: 'diff',
  operands: 'BEFORE AFTER',
  about: 'Shows what has changed between two snapshots. Exit code 0: the same, 1: different, 2: error.',
  options: {
    summary: { about: 'Counts only, no entries.' },
    operator: { value: 'O', repeated: true, about: 'Only this operator, by uid, name or id.' },
    state: { value: 'S', repeated: true, about: 'Only the state of this name.' },
    key: { value: 'K', about: 'Only this key, as text or as JSON.' },
    ignore: {
      value: 'ttl|timers|STATE|value.path|STATE:value.path',
      repeated: true,
      about: 'Differences that do not count.',
    },
    rename: { value: 'OLD=NEW', repeated: true, about: 'Two operators that are the same though their uids differ.' },
    'accept-proposals': { about: 'Compares operators that look the same (states, types, keys) though their uids differ.' },
    tolerance: { value: 'N', about: 'Numbers that differ by no more than N are the same.' },
    limit: { value: 'N', about: 'Shows N entries of each operator at most. Counts are complete.' },
    'read-shared': { about: 'Reads also files that both checkpoints share.' },
    'assert-same': { about: 'With --expect: a difference gives exit code 1, too.' },
    expect: {
      value: 'EXPECTATION|MODULE',
      repeated: true,
      about: "What must hold, such as 'sum(value.n) of OPERATOR/STATE unchanged', or a module that decides.",
    },
    ...READING_OPTIONS,
    json: { about: 'Prints JSON Lines.' },
  },
} as const satisfies CommandSyntax;

type DiffValues = OptionValues<(typeof diffSyntax)['options']>;

/**
 * `tidemark diff BEFORE AFTER`: what has changed between two snapshots, by what it means and not by its bytes. Exit codes are those of
 * diff(1); where something is expected, they say whether it holds.
 */
export async function diff(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parsed(diffSyntax, args);
  const [before, after, ...more] = positionals;
  if (before === undefined || after === undefined || more.length > 0) throw new UsageError('diff needs two snapshots.');
  if (values.summary && values.limit !== undefined) throw new UsageError('--limit is about entries: --summary shows none.');
  return asDiff(io, async () => {
    const invariants = await invariantsOf(values.expect ?? [], io);
    return openedForReading(before, values, io, (one) =>
      openedForReading(after, values, io, (two) =>
        comparing(io, () => untilInterrupted((signal) => compare(one, two, values, invariants, signal, io))),
      ),
    );
  });
}

/** Whatever goes wrong is 2, so that 1 means a difference and nothing else. @throws UsageError */
export async function asDiff(io: CliIo, work: () => Promise<number>): Promise<number> {
  try {
    const code = await work();
    return code === EXIT.notRestored ? DIFF_EXIT.error : code;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    io.err(`${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof Interrupted ? EXIT.interrupted : DIFF_EXIT.error;
  }
}

/** What is damaged may be on either side: errors name the file. @throws UsageError, ExpressionError, Interrupted */
async function comparing(io: CliIo, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UsageError || error instanceof ExpressionError || error instanceof Interrupted) throw error;
    io.err(`The snapshots cannot be compared: ${error instanceof Error ? error.message : String(error)}\n`);
    return DIFF_EXIT.error;
  }
}

/** @throws UsageError */
export async function invariantsOf(texts: readonly string[], io: CliIo): Promise<Invariant[]> {
  try {
    return await Promise.all(texts.map((text) => invariant(text, io.cwd)));
  } catch (error) {
    if (error instanceof ExpressionError) throw new UsageError(`--expect: ${error.message}.`);
    if (error instanceof UserModuleError) throw new UsageError(error.message);
    throw error;
  }
}

async function compare(
  before: OpenedSnapshot,
  after: OpenedSnapshot,
  values: DiffValues,
  invariants: readonly Invariant[],
  signal: AbortSignal,
  io: CliIo,
): Promise<number> {
  const renames = (values.rename ?? []).map(rename);
  const comparison = await open(before, after, values, renames);
  const output = values.json ? new JsonOutput(io) : new TextOutput(io, values.summary);
  output.begin(before.snapshot, after.snapshot, comparison);
  await runComparison(comparison, values, output, signal, io);
  const old = new SnapshotSide(before, signal, new Map(renames.map(([from, to]) => [to, from])));
  const young = new SnapshotSide(after, signal, new Map(renames));
  const verdicts: Verdict[] = [];
  for (const each of invariants) verdicts.push(await each.verdict(old, young));
  output.end(comparison, verdicts);
  const isSame = !comparison.differs;
  const isBroken = verdicts.some((verdict) => !verdict.holds);
  if (values['assert-same'] && !isSame) io.err('The snapshots differ.\n');
  const countsDifferences = invariants.length === 0 || values['assert-same'];
  if (isBroken || (countsDifferences && !isSame)) return DIFF_EXIT.different;
  if (!countsDifferences || !comparison.isUncertain) return DIFF_EXIT.same;
  io.err(`Nobody can tell whether the snapshots are the same: not everything can be read. ${UNREADABLE_REMEDY}.\n`);
  return DIFF_EXIT.unknown;
}

async function open(
  before: OpenedSnapshot,
  after: OpenedSnapshot,
  values: DiffValues,
  renames: readonly (readonly [string, string])[],
): Promise<SnapshotComparison> {
  const { operator: operators, state: states, key } = values;
  const isMeant: ComparisonOptions['operator'] = (facts) =>
    (operators ?? []).some((wanted) => operatorsNamed([facts], wanted, (names) => names).length > 0);
  try {
    const comparison = await SnapshotComparison.open(before.snapshot, after.snapshot, {
      renames,
      usesProposals: values['accept-proposals'],
      uids: new Map([...before.uids, ...after.uids]),
      ignoring: ignoring(values.ignore ?? []),
      tolerance: toleranceOf(values.tolerance),
      readsShared: values['read-shared'],
      ...(operators === undefined ? {} : { operator: isMeant }),
      ...(states === undefined ? {} : { state: (name) => states.includes(name) }),
      ...(key === undefined ? {} : { key }),
    });
    checkNames(comparison, before, after, values);
    return comparison;
  } catch (error) {
    if (error instanceof RenameError) throw new UsageError(`--rename: ${error.message}.`);
    throw error;
  }
}

/** A name that is misspelt would compare nothing, and find no difference. @throws UsageError */
function checkNames(comparison: SnapshotComparison, before: OpenedSnapshot, after: OpenedSnapshot, { operator, state }: DiffValues): void {
  const { operators } = comparison;
  if (operator !== undefined && operators.length === 0) {
    const known = [...before.snapshot.operators, ...after.snapshot.operators].map(({ label }) => label);
    throw new UsageError(`--operator ${operator.join(', ')}: there is no such operator.${suggestion(operator[0] ?? '', known)}`);
  }
  const names = comparison.stateNames;
  const missing = (state ?? []).find((name) => !names.has(name) && name !== 'coordinator');
  if (missing !== undefined) throw new UsageError(`--state ${missing}: there is no such state.${suggestion(missing, [...names])}`);
}

function suggestion(name: string, known: readonly string[]): string {
  const meant = nearest(name, [...new Set(known)]);
  return meant === null ? '' : ` Did you mean ${meant}?`;
}

async function runComparison(
  comparison: SnapshotComparison,
  values: DiffValues,
  output: Output,
  signal: AbortSignal,
  io: CliIo,
): Promise<void> {
  const limit = wholeNumber('--limit', values.limit) ?? Infinity;
  const progress = new ReadProgress(io, 'compared');
  let shown = 0;
  let more = 0;
  try {
    await comparison.run({
      ...(values.summary
        ? {}
        : {
            onEntry: (entry, operator) => {
              if (shown++ >= limit) {
                more++;
                return undefined;
              }
              progress.end();
              output.entry(entry, comparison.difference(operator), operator);
              return io.drained?.();
            },
          }),
      onOperator: (operator) => {
        progress.end();
        output.operator(comparison.difference(operator), operator);
        return undefined;
      },
      onProgress: ({ bytesRead, bytesTotal }) => progress.show(bytesRead, bytesTotal),
      signal,
    });
  } catch (error) {
    if (error instanceof KeyTextError) throw new UsageError(`--key: ${error.message}.`);
    throw error;
  } finally {
    progress.end();
  }
  if (more > 0) io.err(`${plural(more, 'more entry').replace('entrys', 'entries')} that differ: --limit left them out.\n`);
}

/** `OLD=NEW`. @throws UsageError */
function rename(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  if (at <= 0 || at === text.length - 1) throw new UsageError(`--rename ${text}: OLD=NEW is needed, each an uid, a name or an id.`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function toleranceOf(text: string | undefined): number {
  const tolerance = text === undefined ? 0 : Number(text);
  if (text?.trim() === '' || !Number.isFinite(tolerance) || tolerance < 0) {
    throw new UsageError(`--tolerance ${text ?? ''}: a number such as 0.001 is needed.`);
  }
  return tolerance;
}

interface Place {
  readonly folder: string;
  readonly metadata: { readonly checkpointId: number };
}

interface Output {
  begin(before: Place, after: Place, comparison: SnapshotComparison): void;
  entry(entry: EntryDifference, operator: OperatorDifference, index: number): void;
  /** It has been compared. */
  operator(operator: OperatorDifference, index: number): void;
  end(comparison: SnapshotComparison, verdicts: readonly Verdict[]): void;
}

/** One JSON Line each; docs/cli.md documents them. */
class JsonOutput implements Output {
  readonly #io: CliIo;

  constructor(io: CliIo) {
    this.#io = io;
  }

  begin(before: Place, after: Place, { proposals }: SnapshotComparison): void {
    const side = ({ folder, metadata }: Place): DumpValue => ({ location: folder, checkpointId: metadata.checkpointId });
    this.#line({ kind: 'snapshots', before: side(before), after: side(after) });
    for (const { before: one, after: two } of proposals) this.#line({ kind: 'proposal', before: { ...one }, after: { ...two } });
  }

  entry({ changes, before, after, ...entry }: EntryDifference, operator: OperatorDifference): void {
    this.#line({
      kind: 'entry',
      operator: operator.after?.label ?? operator.before?.label ?? null,
      ...entry,
      ...sides(before, after),
      ...(entry.change === 'changed' ? { changes: changes.map((each) => ({ path: each.path, ...sides(each.before, each.after) })) } : {}),
    });
  }

  operator(operator: OperatorDifference): void {
    const { presence, before, after, matchedBy, states, notes, sharedBytes } = operator;
    this.#line({
      kind: 'operator',
      differs: differs(operator),
      presence,
      matchedBy,
      before: before === null ? null : { ...before },
      after: after === null ? null : { ...after },
      sharedBytes,
      notes,
      states: states.map(({ schema, counts, unreadable, ...state }) => ({
        ...state,
        differs: stateDiffers({ ...state, schema, counts, unreadable }),
        schema: schema.map((each) => ({ ...each })),
        ...counts,
        unreadable: { before: factsOf(unreadable.before), after: factsOf(unreadable.after) },
      })),
    });
  }

  end(comparison: SnapshotComparison, verdicts: readonly Verdict[]): void {
    for (const verdict of verdicts) this.#line({ kind: 'expectation', ...verdict });
    this.#line({
      kind: 'end',
      same: !comparison.differs && !comparison.isUncertain,
      uncertain: comparison.isUncertain,
      ...totals(comparison),
    });
  }

  #line(record: DumpValue): void {
    this.#io.out(`${dumpText(record)}\n`);
  }
}

function factsOf(unreadable: UnreadableSummary | null): DumpValue {
  return unreadable === null ? null : { ...unreadable };
}

function sides(before: DumpValue | undefined, after: DumpValue | undefined): Record<string, DumpValue> {
  return { ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
}

function totals({ operators }: SnapshotComparison): Record<'added' | 'removed' | 'changed' | 'unchanged' | 'unknown', number> {
  const all = operators.flatMap(({ states }) => states.map(({ counts }) => counts));
  const sum = (of: 'added' | 'removed' | 'changed' | 'same' | 'unknown'): number => all.reduce((so, counts) => so + counts[of], 0);
  return { added: sum('added'), removed: sum('removed'), changed: sum('changed'), unchanged: sum('same'), unknown: sum('unknown') };
}

/** For people: operators that differ, their entries, then their states. */
class TextOutput implements Output {
  readonly #io: CliIo;
  readonly #isSummary: boolean;
  #shown = -1;

  constructor(io: CliIo, isSummary: boolean) {
    this.#io = io;
    this.#isSummary = isSummary;
  }

  begin(before: Place, after: Place, { proposals }: SnapshotComparison): void {
    this.#line(`--- ${before.folder}  (checkpoint ${String(before.metadata.checkpointId)})`);
    this.#line(`+++ ${after.folder}  (checkpoint ${String(after.metadata.checkpointId)})`);
    for (const { before: one, after: two } of proposals) {
      const rename = shellOption('rename', `${one.label}=${two.label}`);
      this.#io.err(linesText([`${one.label} and ${two.label} look alike: ${rename} compares them, --accept-proposals all such.`]));
    }
  }

  entry(entry: EntryDifference, operator: OperatorDifference, index: number): void {
    this.#head(operator, index);
    for (const line of entryLines(entry)) this.#line(line);
  }

  operator(operator: OperatorDifference, index: number): void {
    if (!differs(operator) && operator.notes.length === 0 && !this.#isSummary) return;
    this.#head(operator, index);
    for (const state of operator.states)
      if (stateDiffers(state) || this.#isSummary) for (const line of stateLines(state, sizeText)) this.#line(line);
    for (const note of operator.notes) this.#line(`  ${note}`);
  }

  end(comparison: SnapshotComparison, verdicts: readonly Verdict[]): void {
    const { added, removed, changed, unchanged, unknown } = totals(comparison);
    const counts = [
      `${plural(added, 'entry')} added`,
      `${String(removed)} removed`,
      `${String(changed)} changed`,
      `${String(unchanged)} the same`,
      ...(unknown > 0 ? [`${String(unknown)} unknown`] : []),
    ];
    const verdict = comparison.differs ? 'different' : comparison.isUncertain ? 'not known' : 'the same';
    this.#line(`${verdict}: ${counts.join(', ').replace('entrys', 'entries')}`);
    for (const { text, holds, detail } of verdicts)
      this.#line(`${holds ? 'holds' : 'BROKEN'}: ${text}${detail === '' ? '' : ` (${detail})`}`);
  }

  #head(operator: OperatorDifference, index: number): void {
    if (this.#shown === index) return;
    this.#shown = index;
    this.#line(operatorLine(operator, sizeText));
  }

  #line(text: string): void {
    this.#io.out(linesText([text]));
  }
}
