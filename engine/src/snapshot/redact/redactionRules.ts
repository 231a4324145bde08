import { refuse } from '../rewrite/rewritePlan.ts';
import type { DumpValue } from '../values/dumpValue.ts';
import { parseDump } from '../values/parseDump.ts';
import { parseFieldPath, ROOTS, type FieldPath } from '../forms/fieldPath.ts';
import { TYPE_NAMES } from '../forms/form.ts';

/** What is done with a value. */
export type Treatment =
  | { readonly action: 'keep' | 'drop' | 'refuse' }
  /** Of texts so many of the 64 digits. */
  | { readonly action: 'hash'; readonly length: number }
  /** Of texts, the first and last characters stay. */
  | { readonly action: 'mask'; readonly first: number; readonly last: number; readonly keepLength: boolean }
  | { readonly action: 'replace'; readonly with: DumpValue };

export interface RedactionRule {
  /** From 1, as people count. */
  readonly number: number;
  readonly operator: string | null;
  readonly state: string | null;
  readonly field: FieldPath | null;
  readonly type: string | null;
  /** That nothing fits it is not a mistake. */
  readonly optional: boolean;
  readonly treatment: Treatment;
}

export interface RedactionRules {
  /** Of whatever no rule names. */
  readonly default: Treatment;
  readonly rules: readonly RedactionRule[];
}

const ACTIONS = ['keep', 'drop', 'hash', 'mask', 'replace', 'refuse'];
const SELECTORS = ['operator', 'state', 'field', 'type'];
const OPTIONS: ReadonlyMap<string, readonly string[]> = new Map([
  ['hash', ['length']],
  ['mask', ['first', 'last', 'keepLength']],
  ['replace', ['with']],
]);
const DIGITS = 64;
const DIGITS_MIN = 16;

type Given = Readonly<Record<string, unknown>>;

/** Rules from the text of a file: JSON, with comments and commas behind the last item. @throws RewriteRefused that names the rule */
export function parseRedactionRules(text: string): RedactionRules {
  let json: unknown;
  try {
    json = parseDump(withoutComments(text));
  } catch (error) {
    return refuse(`the rules are not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isObject(json)) return refuse('the rules must be an object with "default" and "rules"');
  const strange = Object.keys(json).find((name) => name !== 'default' && name !== 'rules');
  if (strange !== undefined) refuse(`the rules have ${JSON.stringify(strange)}, which is not known; they may have default and rules`);
  const rules = json['rules'] ?? [];
  if (!Array.isArray(rules)) return refuse('"rules" must be a list');
  return { default: defaultOf(json['default'] ?? 'keep'), rules: rules.map((rule: unknown, i) => ruleOf(rule, i + 1)) };
}

function defaultOf(given: unknown): Treatment {
  const place = 'the default of the rules';
  const treatment = isObject(given) ? given : { action: given };
  if (treatment['action'] === 'replace')
    refuse(`${place}: one constant does not fit all types; keep, drop, hash, mask or refuse is expected`);
  checkNames(treatment, ['action', ...(OPTIONS.get(String(treatment['action'])) ?? [])], place);
  return treatmentOf(treatment, place);
}

function ruleOf(given: unknown, number: number): RedactionRule {
  const place = `rule ${String(number)}`;
  if (!isObject(given)) return refuse(`${place} must be an object`);
  const treatment = treatmentOf(given, place);
  checkNames(given, [...SELECTORS, 'action', 'optional', ...(OPTIONS.get(treatment.action) ?? [])], place);
  const text = (name: string): string | null => {
    const value = given[name];
    if (value === undefined) return null;
    return typeof value === 'string' && value !== '' ? value : refuse(`${place}: ${name} must be a text, found ${JSON.stringify(value)}`);
  };
  const [operator, state, field, type] = [text('operator'), text('state'), text('field'), text('type')];
  if (operator === null && state === null && field === null && type === null)
    refuse(`${place} names nothing: at least one of ${SELECTORS.join(', ')} is expected; what holds for all the rest is "default"`);
  if (type !== null && !TYPE_NAMES.includes(type) && !type.includes('.'))
    refuse(`${place}: type ${JSON.stringify(type)} is not known; there are ${TYPE_NAMES.join(', ')}, and full names of classes`);
  const { optional = false } = given;
  if (typeof optional !== 'boolean') return refuse(`${place}: optional must be true or false`);
  return { number, operator, state, field: field === null ? null : pathOf(field, place), type, optional, treatment };
}

function pathOf(text: string, place: string): FieldPath {
  const path = parseFieldPath(text);
  const [root = ''] = path ?? [];
  if (path === null || !(ROOTS.includes(root) || root === '*' || root === '**'))
    return refuse(
      `${place}: field ${JSON.stringify(text)} is not a path; it begins with ${ROOTS.join(', ')} or **, such as value.address.city, value.lines[].price, value.byName{key} or value.byName{value}`,
    );
  return path;
}

function treatmentOf(given: Given, place: string): Treatment {
  const { action } = given;
  switch (action) {
    case 'keep':
    case 'drop':
    case 'refuse':
      return { action };
    case 'hash': {
      const length = numberOf(given, 'length', DIGITS, place);
      if (length < DIGITS_MIN || length > DIGITS) refuse(`${place}: length goes from ${String(DIGITS_MIN)} to ${String(DIGITS)} digits`);
      return { action, length };
    }
    case 'mask': {
      const { keepLength = true } = given;
      if (typeof keepLength !== 'boolean') return refuse(`${place}: keepLength must be true or false`);
      return { action, first: numberOf(given, 'first', 0, place), last: numberOf(given, 'last', 0, place), keepLength };
    }
    case 'replace':
      if (given['with'] === undefined) refuse(`${place}: with is missing: the value that is put there`);
      return { action, with: given['with'] as DumpValue };
    default:
      return refuse(`${place}: action ${JSON.stringify(action)} is not known; there are ${ACTIONS.join(', ')}`);
  }
}

function numberOf(given: Given, name: string, otherwise: number, place: string): number {
  const value = given[name] ?? otherwise;
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
    ? value
    : refuse(`${place}: ${name} must be a whole number, found ${JSON.stringify(value)}`);
}

function checkNames(given: Given, known: readonly string[], place: string): void {
  const strange = Object.keys(given).find((name) => !known.includes(name));
  if (strange !== undefined) refuse(`${place} has ${JSON.stringify(strange)}, which is not known there; it may have ${known.join(', ')}`);
}

function isObject(value: unknown): value is Given {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Comments become blanks, so that positions in errors are right; a comma in front of a closing bracket goes as well. What is not closed reaches to
 * the end: to look for its end again at each place would take the square of the time.
 */
function withoutComments(text: string): string {
  const blank = (piece: string): string => piece.replace(/[^\n]/g, ' ');
  return text
    .replace(/"(?:[^"\\]|\\[\s\S])*(?:"|$)|\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/g, (piece) => (piece.startsWith('"') ? piece : blank(piece)))
    .replace(/"(?:[^"\\]|\\[\s\S])*(?:"|$)|,(?=\s*[\]}])/g, (piece) => (piece === ',' ? ' ' : piece));
}
