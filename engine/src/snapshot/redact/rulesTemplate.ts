import { fieldPathText, type FieldPath } from '../forms/fieldPath.ts';
import { typeName, type Form, type LeafForm } from '../forms/form.ts';
import type { RedactableOperator, RedactableState } from './redactableStates.ts';

const ABOUT = `// Rules of a redaction, for tidemark redact. The first rule that fits a value wins.
//
// A rule names any of
//   operator  uid, name or id, * for any letters
//   state     its name, * for any letters; keys belong to all states of an operator, so rules for them name none
//   field     key, namespace or value, and from there fields, [] for elements, {key} and {value} for those of maps;
//             * is any one part, ** any number: value.lines[].price, value.byName{value}, **.email
//   type      string, char, boolean, byte, short, int, long, float, double, bigInteger, decimal, number, bytes, enum, date, time,
//             localDateTime, instant, opaque, or the full name of a class
// and has an action
//   keep      as it is
//   drop      null where that may be; "field": "value" is the whole state
//   hash      with a salt: the same text becomes the same text everywhere, so that keys still meet. "length": 16 to 64 digits of texts
//   mask      "first" and "last" letters stay, "keepLength": false hides how many there were; numbers become 0
//   replace   "with": a constant
//   refuse    nothing is written as long as it is there
// A rule that nothing fits is a mistake, unless it says "optional": true.`;

interface Rule {
  readonly rule: object;
  readonly about: string;
}

/** A file of rules to begin from: all that a snapshot has, with `keep`. What nobody can read is refused until someone decides. */
export function rulesTemplate(operators: readonly RedactableOperator[]): string {
  const lines: (string | Rule)[] = [];
  for (const operator of operators) {
    const isAlone = operators.filter(({ label }) => label === operator.label).length === 1;
    const name = isAlone ? operator.label : operator.operatorId;
    const own: Rule[] = [];
    const add = (state: RedactableState | null, path: FieldPath, form: Form): void => {
      const place = { operator: name, ...(state === null ? {} : { state: state.name }), field: fieldPathText(path) };
      for (const { field, leaves } of leavesOf(form, path)) {
        const action = leaves.some((leaf) => leaf.type === 'opaque') ? 'refuse' : 'keep';
        const types = [...new Set(leaves.map(typeName))].join(', ');
        own.push({ rule: { ...place, field, action }, about: `${types}${action === 'refuse' ? ': keep or drop it' : ''}` });
      }
    };
    const hasKeys = operator.states.some(({ group }) => group === 'keyed' || group === 'timers');
    // A rule for keys without a state holds for those of broadcast state too, which is named in front of it.
    const isBroadcast = ({ group }: RedactableState): boolean => group === 'broadcast';
    for (const state of operator.states.filter(isBroadcast)) for (const [root, form] of state.forms) add(state, [root], form);
    if (operator.key !== null && hasKeys) add(null, ['key'], operator.key);
    for (const state of operator.states.filter((each) => !isBroadcast(each)))
      for (const [root, form] of state.forms) add(state, [root], form);
    if (own.length > 0) lines.push(`\n    // ${name.replaceAll(/\s+/g, ' ')}`, ...own);
  }
  const text = lines.map((line, i) =>
    typeof line === 'string' ? line : `    ${JSON.stringify(line.rule)}${i === lines.length - 1 ? '' : ','} // ${line.about}`,
  );
  return `${ABOUT}\n{\n  // For everything that no rule names: keep, drop, hash, mask, or refuse. With refuse, what is new is found.\n  "default": "keep",\n  "rules": [${text.join('\n')}\n  ]\n}\n`;
}

/** A part of a value, and what is below it. */
class Place {
  /** More than one where it may be of several types. */
  readonly leaves: LeafForm[] = [];
  readonly parts = new Map<string, Place>();

  part(name: string): Place {
    const known = this.parts.get(name) ?? new Place();
    this.parts.set(name, known);
    return known;
  }

  /** What may be a record or something else comes behind the fields of the record: of two rules that fit, the first wins. */
  *inOrder(path: FieldPath): Generator<{ readonly field: string; readonly leaves: readonly LeafForm[] }> {
    for (const [name, part] of this.parts) yield* part.inOrder([...path, name]);
    if (this.leaves.length > 0) yield { field: fieldPathText(path), leaves: this.leaves };
  }
}

/** What is Flink's own is left out, and so is what a type has of itself. */
function leavesOf(form: Form, path: FieldPath): ReturnType<Place['inOrder']> {
  const root = new Place();
  const inWork: Form[] = [];
  const visit = (part: Form, at: Place): void => {
    if (inWork.includes(part)) return;
    inWork.push(part);
    if (part.kind === 'leaf') {
      if (part.type !== 'structure') at.leaves.push(part);
    } else if (part.kind === 'record') for (const field of part.fields) visit(field.form(), at.part(field.name));
    else if (part.kind === 'items') visit(part.item(), at.part('[]'));
    else if (part.kind === 'pairs') {
      visit(part.key(), at.part('{key}'));
      visit(part.value(), at.part('{value}'));
    } else for (const each of part.of) visit(each.form(), at);
    inWork.pop();
  };
  visit(form, root);
  return root.inOrder(path);
}
