import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { findNodeAtLocation, parseTree, printParseErrorCode, type Node, type ParseError } from 'jsonc-parser';
import {
  checkEdits,
  fieldsOfState,
  operatorsNamed,
  parsePlan,
  RewriteRefused,
  type NamedField,
  type RewritePlan,
  type SnapshotEdit,
  type SnapshotOperator,
} from 'tidemark/snapshot';
import type { PlanCheck, PlanProblem, RewriteCode, RewriteModule } from '../../protocol.ts';
import type { OpenedSnapshot } from '../openedSnapshot.ts';
import { factsOf } from '../operatorFacts.ts';
import { SealedFileError } from '../storage/sealedFile.ts';
import { MODULE } from '../userFunction.ts';
import { mistakeInExpression } from './expressionMistake.ts';
import { problemAt } from './problemAt.ts';
import { valueOfNode } from './valueOfNode.ts';

/** A plan as it is in a document: JSON with comments, which also says what is rewritten and where to. */
export interface EditPlan {
  /** Of the document. */
  readonly text: string;
  /** Where the document lies. */
  readonly folder: string;
  /** Absolute paths, or addresses. */
  readonly sources: readonly string[];
  /** Absolute; null where the document does not say it. */
  readonly target: string | null;
  /** Null where the document is not a plan. */
  readonly plan: RewritePlan | null;
  /** What of a plan can be read by itself, whatever is wrong with the rest. */
  readonly readable: ReadableParts;
  readonly code: RewriteCode;
  readonly problems: readonly PlanProblem[];
  readonly root: Node | null;
}

interface ReadableParts {
  readonly plan: Omit<RewritePlan, 'edits'>;
  readonly edits: readonly PlacedEdit[];
}

interface PlacedEdit {
  /** In the document's list. */
  readonly place: number;
  readonly edit: SnapshotEdit;
}

/** Of the document alone, and no part of a plan. */
const OWN = new Set(['$schema', 'savepoint', 'target', 'migrateTo', 'keyHash']);
const NO_CODE: RewriteCode = { migrateTo: null, keyHash: null, onConflict: null };

/** `folder` is where the document is: its paths are relative to it. */
export function readEditPlan(text: string, folder: string): EditPlan {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true }) ?? null;
  const problems = errors.map(({ error, offset, length }): PlanProblem => ({
    severity: 'syntax',
    offset,
    length,
    message: `Not JSON: ${printParseErrorCode(error)}`,
  }));
  if (root?.type !== 'object') {
    if (problems.length === 0)
      problems.push({ severity: 'error', offset: 0, length: text.length, message: 'A plan is an object, such as { "edits": [] }' });
    const readable = { plan: {}, edits: [] };
    return { text, folder, sources: [], target: null, plan: null, readable, code: NO_CODE, problems, root: null };
  }
  const value = valueOfNode(root, text) as Record<string, unknown>;
  const given = value['savepoint'];
  const named = (Array.isArray(given) ? given : [given]).filter((each): each is string => typeof each === 'string' && each !== '');
  const target = value['target'];
  if (named.length === 0) problems.push(problemAt(root, ['savepoint'], 'error', 'savepoint is missing: the folder of what is rewritten'));
  let plan: RewritePlan | null = null;
  if (errors.length === 0) {
    try {
      plan = parsePlan(withoutOwn(value));
    } catch (error) {
      if (!(error instanceof RewriteRefused)) throw error;
      problems.push(...refusals(root, value, error));
    }
  }
  return {
    text,
    folder,
    sources: named.map((path) => pathIn(folder, path)),
    target: typeof target === 'string' && target !== '' ? resolve(folder, target) : null,
    plan,
    readable: readableParts(errors.length === 0 ? withoutOwn(value) : {}),
    code: codeOf(value, folder, root, problems),
    problems,
    root,
  };
}

/** Files that are not there are mistakes. */
function codeOf(value: Readonly<Record<string, unknown>>, folder: string, root: Node, problems: PlanProblem[]): RewriteCode {
  const moduleOf = (name: 'keyHash' | 'onConflict', given: unknown): RewriteModule | null => {
    if (given === undefined || given === null) return null;
    const isModule = typeof given === 'string' && MODULE.test(given);
    const path = isModule ? resolve(folder, given) : null;
    if (isModule && path !== null && existsSync(path)) return { named: `${name} ${given}`, path };
    problems.push(
      problemAt(
        root,
        [name],
        'error',
        path === null ? `${name} is the path of a module of JavaScript or TypeScript` : `${path} does not exist`,
      ),
    );
    return null;
  };
  return {
    migrateTo: migrateToOf(value, folder, root, problems),
    keyHash: moduleOf('keyHash', value['keyHash']),
    onConflict: moduleOf('onConflict', conflictOf(value['onConflict']).module),
  };
}

function migrateToOf(value: Readonly<Record<string, unknown>>, folder: string, root: Node, problems: PlanProblem[]): string | null {
  const given = value['migrateTo'];
  if (given === undefined) return null;
  const path = typeof given === 'string' && given.endsWith('.pipeline.ts') ? resolve(folder, given) : null;
  if (path === null || !existsSync(path)) {
    const reason = path === null ? 'migrateTo is the path of a *.pipeline.ts' : `${path} does not exist`;
    problems.push(problemAt(root, ['migrateTo'], 'error', reason));
    return null;
  }
  return path;
}

/** The plan of a document, for snapshots that are named elsewhere. @throws RewriteRefused, SyntaxError */
export function planOfText(text: string): RewritePlan {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true });
  const [wrong] = errors;
  if (wrong !== undefined) throw new SyntaxError(`${printParseErrorCode(wrong.error)} at character ${String(wrong.offset)}`);
  const value = root === undefined ? null : valueOfNode(root, text);
  return parsePlan(isObject(value) ? withoutOwn(value) : value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function withoutOwn(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const plan = Object.fromEntries(Object.entries(value).filter(([name]) => !OWN.has(name)));
  const { onConflict, ...others } = plan;
  const { rule, module } = conflictOf(onConflict);
  return module === null ? plan : { ...others, ...(rule === undefined ? {} : { onConflict: rule }) };
}

/** A rule, a module that decides about keys, or a list of both. What is neither is left for the plan to refuse. */
function conflictOf(given: unknown): { readonly rule: unknown; readonly module: string | null } {
  const all: readonly unknown[] = Array.isArray(given) ? given : [given];
  const isModule = (each: unknown): each is string => typeof each === 'string' && MODULE.test(each);
  const [module, ...modules] = all.filter(isModule);
  const [rule, ...rules] = all.filter((each) => !isModule(each));
  return module === undefined || modules.length + rules.length > 0 ? { rule: given, module: null } : { rule, module };
}

/** What the editor is told of a document, with its snapshots open. */
export async function checkEditPlan(read: EditPlan, sources: readonly OpenedSnapshot[]): Promise<PlanCheck> {
  const problems = [...read.problems, ...(await planProblems(read, sources))];
  const isRight = !problems.some(({ severity }) => severity !== 'warning');
  return { problems, sources: [...read.sources], target: targetOf(read), plan: isRight ? read.plan : null, code: read.code };
}

/** A source cannot be opened: that is said where the document names it. A sealed one is for the caller to ask about. */
export function unreadableSource(read: EditPlan, error: unknown): PlanCheck {
  if (error instanceof SealedFileError || read.root === null) throw error;
  const reason = error instanceof Error ? error.message : String(error);
  return {
    problems: [...read.problems, problemAt(read.root, ['savepoint'], 'error', reason)],
    sources: [...read.sources],
    target: targetOf(read),
    plan: null,
    code: read.code,
  };
}

function targetOf({ target, sources, folder }: EditPlan): string | null {
  const [first] = sources;
  return target ?? (first === undefined ? null : targetBeside(first, folder));
}

/**
 * Where the result goes where nothing is said: beside the snapshot, never among the checkpoints of a run; of what is at an address, into `home`.
 */
export function targetBeside(source: string, home: string, what = 'edited'): string {
  const name = basename(source).replace(/\.(zip|tar|tar\.gz|tgz|tar\.age)$/, '');
  const above = isAddress(source) ? home : dirname(source);
  const folder = basename(above) === 'checkpoints' ? join(dirname(above), 'savepoints') : above;
  const free = (n: number): string => {
    const path = join(folder, `${name}-${what}${n === 1 ? '' : `-${String(n)}`}`);
    return existsSync(path) ? free(n + 1) : path;
  };
  return free(1);
}

function readableParts({ edits, ...plan }: Readonly<Record<string, unknown>>): ReadableParts {
  return {
    plan: readableOr(plan) ?? {},
    edits: (Array.isArray(edits) ? (edits as unknown[]) : []).flatMap((each, place) => {
      const [edit] = readableOr({ edits: [each] })?.edits ?? [];
      return edit === undefined ? [] : [{ place, edit }];
    }),
  };
}

function readableOr(json: unknown): RewritePlan | null {
  try {
    return parsePlan(json);
  } catch (error) {
    if (!(error instanceof RewriteRefused)) throw error;
    return null;
  }
}

/** What does not fit the snapshots, at its place in the document. */
async function planProblems({ text, root, readable, target, code }: EditPlan, sources: readonly OpenedSnapshot[]): Promise<PlanProblem[]> {
  if (root === null) return [];
  const problems: PlanProblem[] = [];
  if (target !== null && existsSync(target))
    problems.push(
      problemAt(root, ['target'], 'error', `${target} is there already: a savepoint is written beside others, never over them`),
    );
  const known: PlacedEdit[] = [];
  const names = new KnownNames(sources);
  for (const placed of readable.edits) {
    const found = await unknownName(root, placed, names);
    if (found === null) known.push(placed);
    else problems.push(found);
  }
  const plan = { ...readable.plan, edits: known.map(({ edit }) => edit) };
  const uids = new Map(sources.flatMap((source) => [...source.uids]));
  const snapshots = sources.map(({ snapshot }) => snapshot);
  // The code that knows the hash of keys is not run to look at a document.
  const options = code.keyHash === null ? { uids } : { uids, keyHash: () => 0 };
  for (const { path, reason } of await checkEdits(snapshots, plan, options)) {
    const [list, index, ...rest] = path;
    const place = typeof index === 'number' ? [list ?? '', known[index]?.place ?? 0, ...rest] : path;
    problems.push(
      mistakeInExpression(root, text, place, reason) ?? problemAt(root, place.length === 0 ? ['savepoint'] : place, 'error', reason),
    );
  }
  return problems;
}

interface KnownStates {
  readonly names: readonly string[];
  /** There may be others. */
  readonly unreadable: boolean;
}

/** What the sources have, each looked up once for a document. */
class KnownNames {
  readonly #sources: readonly OpenedSnapshot[];
  readonly #states = new Map<string, Promise<KnownStates | null>>();

  constructor(sources: readonly OpenedSnapshot[]) {
    this.#sources = sources;
  }

  get operators(): readonly string[] {
    return [...new Set(this.#sources.flatMap((source) => source.snapshot.operators.map((each) => editName(source, each))))];
  }

  /** Of all operators that are named so; null where there is none. */
  statesOf(operator: string): Promise<KnownStates | null> {
    const known = this.#states.get(operator) ?? this.#lookedUp(operator);
    this.#states.set(operator, known);
    return known;
  }

  async #lookedUp(operator: string): Promise<KnownStates | null> {
    const found = this.#sources.flatMap((source) => operatorsOf(source, operator));
    if (found.length === 0) return null;
    const facts = await Promise.all(found.map(factsOf));
    const names = new Set(facts.flatMap((each) => each.states.map(({ name }) => name)));
    return { names: [...names], unreadable: facts.some(({ unreadable }) => unreadable !== null) };
  }
}

/** An operator or a state that is in none of the sources. */
async function unknownName(root: Node, { place, edit }: PlacedEdit, names: KnownNames): Promise<PlanProblem | null> {
  const { operator } = edit;
  if (operator === undefined) return null;
  const states = await names.statesOf(operator);
  if (states === null) {
    const known = names.operators;
    const text = `There is no operator ${JSON.stringify(operator)}${meant(operator, known)}. There are ${listed(known)}.`;
    return problemAt(root, ['edits', place, 'operator'], 'error', text);
  }
  const state = 'state' in edit ? edit.state : undefined;
  if (state === undefined) return null;
  if (states.unreadable || states.names.includes(state)) return null;
  const text = `${operator} has no state ${JSON.stringify(state)}${meant(state, states.names)}. It has ${listed(states.names)}.`;
  return problemAt(root, ['edits', place, 'state'], 'error', text);
}

/** As an edit names the operator: the uid, else a name that no other has, else the id. */
export function editName({ snapshot }: OpenedSnapshot, { metadata, uid }: SnapshotOperator): string {
  const { operatorId, name } = metadata;
  const isOnly = snapshot.operators.filter((other) => other.metadata.name === name).length === 1;
  return uid ?? (name !== null && isOnly ? name : operatorId);
}

/** The fields of a state that edits can name, in any of the sources. */
export async function fieldsNamed(sources: readonly OpenedSnapshot[], operator: string, state: string): Promise<NamedField[]> {
  const operators = sources.flatMap((source) => operatorsOf(source, operator));
  const all = await Promise.all(operators.map((each) => fieldsOfState(each, state)));
  return [...new Map(all.flat().map((field) => [field.path, field])).values()];
}

function operatorsOf({ snapshot }: OpenedSnapshot, name: string): readonly SnapshotOperator[] {
  return operatorsNamed(snapshot.operators, name, ({ names }) => names);
}

/** `parsePlan` stops at the first mistake: each edit is read by itself, so that each has its own. */
function refusals(root: Node, value: Readonly<Record<string, unknown>>, whole: RewriteRefused): PlanProblem[] {
  const edits = value['edits'];
  if (!Array.isArray(edits)) return [problemAt(root, ['edits'], 'error', whole.message)];
  const found = edits.flatMap((edit: unknown, i): PlanProblem[] => {
    try {
      parsePlan({ edits: [edit] });
      return [];
    } catch (error) {
      if (!(error instanceof RewriteRefused)) throw error;
      const names = findNodeAtLocation(root, ['edits', i])?.children?.map(({ children }) => String(children?.[0]?.value)) ?? [];
      const text = error.message.replace(/^edit 1 of the plan/, 'This edit');
      const [named] = names.filter((name) => text.includes(`: ${name} is`) || text.includes(`has ${JSON.stringify(name)}`));
      return [problemAt(root, ['edits', i, named ?? 'edit'], 'error', text)];
    }
  });
  if (found.length > 0) return found;
  const named = Object.keys(value).find((name) => !OWN.has(name) && name !== 'edits' && whole.message.includes(name));
  return [problemAt(root, named === undefined ? [] : [named], 'error', whole.message)];
}

function pathIn(folder: string, path: string): string {
  return isAddress(path) ? path : resolve(folder, path);
}

function isAddress(location: string): boolean {
  return /^[a-z][a-z0-9]*:\/\//.test(location);
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'none' : `${names.slice(0, 20).join(', ')}${names.length > 20 ? ', …' : ''}`;
}

/** What was meant by a name that is not known, where one is near. */
function meant(name: string, known: readonly string[]): string {
  const [nearest] = known.map((each) => ({ each, far: distance(name.toLowerCase(), each.toLowerCase()) })).sort((a, b) => a.far - b.far);
  return nearest !== undefined && nearest.far <= Math.max(1, Math.floor(name.length / 3)) ? `. Did you mean ${nearest.each}?` : '';
}

/** How many letters must be added, taken away or replaced. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++)
      next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1)));
    row = next;
  }
  return row[b.length] ?? 0;
}
