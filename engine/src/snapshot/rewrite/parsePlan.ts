import { refuse, type RewritePlan, type SnapshotEdit } from './rewritePlan.ts';

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === 'string' && value !== '';
const whole: Check = (value) => Number.isSafeInteger(value);
const place: Check = (value) => whole(value) && Number(value) >= 0;
const texts: Check = (value) => Array.isArray(value) && value.every(text);
const anything: Check = () => true;
const offset: Check = (value) => whole(value) || text(value);

/** How an entry is named. */
const ENTRY: Readonly<Record<string, Check>> = {
  operator: text,
  state: text,
  'key?': anything,
  'subtask?': place,
  'index?': place,
  'namespace?': anything,
  'userKey?': anything,
  'timestamp?': anything,
};

/** What each edit has; a name that ends in `?` may be absent. */
const EDITS: Readonly<Record<SnapshotEdit['edit'], Readonly<Record<string, Check>>>> = {
  renameUid: { operator: text, uid: text },
  renameClass: { 'operator?': text, from: text, to: text },
  dropOperator: { operator: text },
  dropState: { operator: text, state: text },
  renameState: { operator: text, state: text, to: text },
  keep: { operator: text, 'state?': text },
  maxParallelism: { 'operator?': text, value: whole },
  parallelism: { 'operator?': text, value: whole },
  deleteWhere: { operator: text, state: text, where: text },
  removeTimers: { operator: text, 'state?': text },
  shiftTimers: { operator: text, 'state?': text, millis: whole },
  set: { ...ENTRY, 'value?': anything },
  delete: ENTRY,
  moveOffset: { operator: text, 'topic?': text, 'partition?': whole, offset },
  dropTopic: { operator: text, topic: text, 'partition?': place },
  renameField: { operator: text, state: text, field: text, to: text },
  dropField: { operator: text, state: text, field: text },
  addField: { operator: text, state: text, field: text, type: anything, value: anything },
  fillField: { operator: text, state: text, field: text, value: anything },
  promoteField: { operator: text, state: text, field: text, type: (value) => value === 'long' || value === 'float' || value === 'double' },
  orderFields: { operator: text, state: text, fields: texts },
  addTtl: { operator: text, state: text, lastAccess: place },
  dropTtl: { operator: text, state: text },
};

const PLAN: Readonly<Record<string, Check>> = {
  'edits?': (value) => Array.isArray(value),
  'metadataVersion?': (value) => value === 4 || value === 5 || value === 6,
  'dropInFlight?': (value) => typeof value === 'boolean',
  'onConflict?': (value) => value === 'fail' || value === 'first' || value === 'newest',
  'keys?': (value) => typeof value === 'object' && value !== null,
};

/** A plan from JSON. Nothing that it says is left unheeded. @throws RewriteRefused */
export function parsePlan(json: unknown): RewritePlan {
  checkFields(json, PLAN, 'the plan');
  const plan = json as RewritePlan;
  for (const [i, edit] of (plan.edits ?? []).entries()) {
    const place = `edit ${String(i + 1)} of the plan`;
    const name: string = isObject(edit) ? edit.edit : '';
    const fields = Object.hasOwn(EDITS, name) ? EDITS[edit.edit] : undefined;
    if (fields === undefined) return refuse(`${place}: ${JSON.stringify(name)} is not known; there are ${Object.keys(EDITS).join(', ')}`);
    checkFields(edit, { edit: text, ...fields }, `${place} (${edit.edit})`);
  }
  if (plan.keys !== undefined) checkFields(plan.keys, { where: text, matching: (value) => typeof value === 'boolean' }, 'keys of the plan');
  return plan;
}

function checkFields(value: unknown, fields: Readonly<Record<string, Check>>, place: string): void {
  if (!isObject(value)) return refuse(`${place} must be an object`);
  const given = value as Readonly<Record<string, unknown>>;
  const known = Object.entries(fields).map(([name, check]) => ({ name: name.replace('?', ''), optional: name.endsWith('?'), check }));
  const strange = Object.keys(given).find((name) => !known.some((field) => field.name === name));
  if (strange !== undefined)
    refuse(`${place} has ${JSON.stringify(strange)}, which is not known; it may have ${known.map(({ name }) => name).join(', ')}`);
  for (const { name, optional, check } of known) {
    const found = given[name];
    if (found === undefined ? !optional : !check(found))
      refuse(`${place}: ${name} is ${found === undefined ? 'missing' : `not right: ${JSON.stringify(found)}`}`);
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
