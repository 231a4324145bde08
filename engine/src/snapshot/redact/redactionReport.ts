import type { RewriteReport } from '../rewrite/rewriteReport.ts';
import type { FieldRedaction } from './formRedaction.ts';
import type { Redaction } from './redaction.ts';
import type { RedactionRules } from './redactionRules.ts';

/** What a redaction has done, as plain data: it goes with the new snapshot, and has nothing of what was taken out. */
export interface RedactionReport {
  readonly format: 1;
  /** `random` was thrown away: another redaction gives other hashes. */
  readonly salt: 'none needed' | 'given' | 'random';
  readonly default: string;
  readonly operators: readonly OperatorRedacted[];
  /** What is kept whatever the rules say. */
  readonly notes: readonly string[];
}

export interface OperatorRedacted {
  readonly operatorId: string;
  readonly label: string;
  readonly outcome: 'dropped' | 'kept' | 'redacted';
  /** Counted once per entry and timer. */
  readonly keys: readonly FieldRedacted[];
  readonly states: readonly StateRedacted[];
}

export interface StateRedacted {
  readonly name: string;
  readonly group: string;
  readonly outcome: 'dropped' | 'kept' | 'redacted';
  /** Entries, elements, timers that were written. */
  readonly entries: number;
  readonly fields: readonly FieldRedacted[];
}

export interface FieldRedacted {
  readonly field: string;
  readonly type: string;
  readonly action: string;
  /** Null for what the default says. */
  readonly rule: number | null;
  /** Null where they were not counted one by one: the state is dropped, or goes as it is. */
  readonly values: number | null;
}

const NOTES: readonly string[] = [
  'Operator names and uids, names of states, fields, classes and enum constants, and what schemas say (defaults and documentation included) are kept.',
  'Windows and the times of timers are kept, and so are the sizes of lists and maps, the number of entries, and which values are null.',
  'Equal values have equal hashes. Who has the salt can try values out, and can turn hashed integers back.',
  'Offsets and file names are in the state of sources and sinks only, which is kept or dropped as the rules say; no path of the source is written.',
];

export function usesHash({ default: otherwise, rules }: RedactionRules): boolean {
  return [otherwise, ...rules.map(({ treatment }) => treatment)].some(({ action }) => action === 'hash');
}

export function redactionReport(
  redaction: Redaction,
  rewriting: RewriteReport,
  rules: RedactionRules,
  salt: RedactionReport['salt'],
): RedactionReport {
  const operators = redaction.operators.map(({ operatorId, label, dropped, keys, keysRedacted, states }): OperatorRedacted => {
    const written = rewriting.operators.find((operator) => operator.operatorId === operatorId);
    const entriesOf = (name: string, group: string): number =>
      written?.states.find((state) => state.name === name && state.group === group)?.written ?? 0;
    const rows = states.reduce((sum, { name, group }) => sum + (group === 'keyed' || group === 'timers' ? entriesOf(name, group) : 0), 0);
    const isRedacted = keysRedacted || states.some(({ outcome }) => outcome !== 'kept');
    return {
      operatorId,
      label,
      outcome: dropped ? 'dropped' : isRedacted ? 'redacted' : 'kept',
      keys: keys.map((field) => plain(field, rows)),
      states: states.map(({ name, group, outcome, fields }) => ({
        name,
        group,
        outcome,
        entries: outcome === 'dropped' ? 0 : entriesOf(name, group),
        fields: fields.map((field) => plain(field, outcome === 'redacted' ? field.count.values : null)),
      })),
    };
  });
  return { format: 1, salt, default: rules.default.action, operators, notes: NOTES };
}

function plain({ field, type, action, rule }: FieldRedaction, values: number | null): FieldRedacted {
  return { field, type, action, rule, values };
}
