import { oneLine } from '../snapshot/doctor/shellWord.ts';

/** What a restore of a snapshot into a plan would do. Plain data. */
export interface RestoreReport {
  /** False as soon as one finding is an error. */
  readonly compatible: boolean;
  readonly findings: readonly RestoreFinding[];
}

export interface RestoreFinding {
  readonly severity: 'error' | 'warning' | 'info';
  readonly code: FindingCode;
  /** The operator's uid; its id where the snapshot does not say the uid. */
  readonly operator: string | null;
  readonly state: string | null;
  readonly message: string;
  /**
   * What to do about it; null where nothing is to be done. A command is in a line of its own, which begins with `tidemark `; SNAPSHOT, OUT and
   * PIPELINE stand for the snapshot, a new folder and the pipeline.
   */
  readonly remedy: string | null;
  /** Type in the snapshot and type in the plan, in words. */
  readonly written: string | null;
  readonly wanted: string | null;
  /** What becomes of values, one sentence each: fields that get defaults, fields that are dropped ... */
  readonly changes: readonly string[];
  /** Both types with their fields; null where there is nothing to compare. */
  readonly schemas: { readonly written: string; readonly wanted: string } | null;
  /** What an editor can change in the pipeline's text so that it fits; null where nothing so small would do. */
  readonly edit: PipelineEdit | null;
}

/** One change of a pipeline's text. Types are as a pipeline writes them. */
export type PipelineEdit =
  /** Another uid for an operator. */
  | { readonly kind: 'uid'; readonly from: string; readonly to: string }
  /** Another name for a state of an operator. */
  | { readonly kind: 'state'; readonly operator: string; readonly from: string; readonly to: string }
  /** Another type for a field of a record. */
  | { readonly kind: 'field'; readonly record: string; readonly field: string; readonly type: string }
  /** Another type of a state's values. */
  | { readonly kind: 'type'; readonly operator: string; readonly state: string; readonly type: string };

export type FindingCode =
  /** As it is. */
  | 'restored'
  /** With values rewritten to the plan's type. */
  | 'migrated'
  /** The plan has it, the snapshot has not: it starts empty. */
  | 'new'
  /** The snapshot has it, the plan has not: the state is dropped, if that is allowed. */
  | 'leftBehind'
  /** The same for a whole operator. */
  | 'unknownOperator'
  | 'incompatible'
  | 'keyTypeChanged'
  | 'kindChanged'
  | 'maxParallelism'
  /** The operator's state cannot be read. */
  | 'damaged'
  /** Of a source: its data is not where, or what, it was. */
  | 'sourceMoved'
  | 'timersDue'
  /** Keyed state is in another form than the canonical one. */
  | 'nativeLayout'
  /** Records in flight of an unaligned checkpoint. */
  | 'inFlight'
  /** What Flink does, where it is the target: it spoils values in silence, fails later, or refuses. */
  | 'flinkSpoils'
  /** It puts values of a field that is gone into the one that took its place: a rename, or not. */
  | 'flinkRenames'
  | 'flinkFails'
  | 'flinkRefuses'
  | 'flinkMaxParallelism'
  | 'flinkTimers';

/** A restore was refused; `message` lists everything that is against it, and the way out of each. */
export class RestoreRefused extends Error {
  override readonly name = 'RestoreRefused';
  readonly report: RestoreReport;

  constructor(folder: string, report: RestoreReport) {
    const errors = report.findings.filter((finding) => finding.severity === 'error');
    super(`Snapshot ${folder} does not fit the pipeline:\n${errors.map((finding) => `- ${findingText(finding)}`).join('\n')}`);
    this.report = report;
  }
}

/** A finding in one line: what, where, and what to do. */
export function findingText({
  operator,
  state,
  message,
  remedy,
}: Pick<RestoreFinding, 'operator' | 'state' | 'message' | 'remedy'>): string {
  const place = [operator === null ? null : `operator "${oneLine(operator)}"`, state === null ? null : `state "${oneLine(state)}"`]
    .filter((part) => part !== null)
    .join(', ');
  return `${place === '' ? '' : `${place}: `}${message}${remedy === null ? '' : ` ${remedy}`}`;
}

/** What a finding may have beside its words. */
export type Found = Partial<Pick<RestoreFinding, 'written' | 'wanted' | 'changes' | 'schemas' | 'edit'>>;

/** What to do: words, which stay one line whatever names are in them, and a command that begins with `tidemark `. */
export interface Advice {
  readonly words: string;
  /** Names in it are words of a shell already. */
  readonly command: string | null;
}

export function finding(
  severity: RestoreFinding['severity'],
  code: FindingCode,
  operator: string | null,
  state: string | null,
  message: string,
  remedy: string | Advice | null,
  { written = null, wanted = null, changes = [], schemas = null, edit = null }: Found = {},
): RestoreFinding {
  const advice = typeof remedy === 'string' ? { words: remedy, command: null } : remedy;
  const text = advice === null ? null : [oneLine(advice.words), ...(advice.command === null ? [] : [advice.command])].join('\n');
  return { severity, code, operator, state, message: oneLine(message), remedy: text, written, wanted, changes, schemas, edit };
}
