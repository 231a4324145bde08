import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { PipelineLoadError } from 'tidemark/host';
import { PlanMigration } from 'tidemark/restore';
import { parseDump, RewriteRefused, type RewritePlan, type SnapshotEdit } from 'tidemark/snapshot';
import type { OpenedSnapshot } from '../snapshots/openedSnapshot.ts';
import type { RewriteCode } from '../protocol.ts';
import { planOfText, readEditPlan } from '../snapshots/rewrite/editPlan.ts';
import { keyHashOf } from '../snapshots/rewrite/userModules.ts';
import { EditPlaces } from './editPlaces.ts';
import { EXIT, UsageError, type CliIo } from './io.ts';
import { loadedPlan } from './loadedPlan.ts';
import { openedForReading, READING_OPTIONS } from './openedForReading.ts';
import { commonPlan, numberOf, relocateTo, rewriteTo, storedFoldersText, targetOf, WRITING_OPTIONS } from './rewriting.ts';
import { durationOption } from './timeOptions.ts';
import { parsed, type CommandSyntax, type OptionTable, type OptionValues } from './syntax.ts';

const EDIT_OPTIONS = {
  'rename-uid': { value: 'OLD=NEW', repeated: true, about: 'Gives an operator another uid.' },
  'drop-operator': { value: 'O', repeated: true, about: 'Leaves out an operator with all its state.' },
  'drop-state': { value: 'O/S', repeated: true, about: 'Leaves out a state of an operator.' },
  'rename-state': { value: 'O/OLD=NEW', repeated: true, about: 'Gives a state another name. What is in it stays as it is.' },
  keep: { value: 'O[/S]', repeated: true, about: 'Leaves out everything but this, and what other --keep name.' },
  'max-parallelism': {
    value: '[O=]N',
    repeated: true,
    about: 'Another max parallelism for all operators, or for one. Keys move to their new key groups.',
  },
  parallelism: { value: '[O=]N', repeated: true, about: 'Another parallelism for all operators, or for one.' },
  set: {
    value: 'FILE.jsonl',
    repeated: true,
    about: 'Sets the entries in this file, whose lines are those of a dump; with "delete": true they are deleted.',
  },
  'delete-where': { value: 'O/S:EXPR', repeated: true, about: 'Deletes entries for which the expression is true.' },
  'remove-timers': { value: 'O[/S]', repeated: true, about: 'Deletes timers.' },
  'shift-timers': { value: 'O[/S]:DURATION', repeated: true, about: 'Moves timers, such as windows:1h or windows:-1h.' },
  'move-offset': {
    value: 'O[:TOPIC[/PARTITION]]=OFFSET',
    repeated: true,
    about:
      'Where a Kafka source goes on: a number, earliest, latest or committed. Also the next number of a generator, and FILE:POS or NAME=VALUE of Flink CDC.',
  },
  'drop-topic': {
    value: 'O:TOPIC[/PARTITION]',
    repeated: true,
    about: 'A Kafka source forgets a topic, or one partition of it. Its other topics stay.',
  },
  'rename-field': { value: 'O/S:OLD=NEW', repeated: true, about: 'Gives a field of a record, row or POJO another name.' },
  'drop-field': { value: 'O/S:FIELD', repeated: true, about: 'Leaves out a field.' },
  'add-field': { value: 'O/S:FIELD:TYPE=VALUE', repeated: true, about: 'Adds a field with this value in every entry.' },
  'fill-field': { value: 'O/S:FIELD=VALUE', repeated: true, about: 'Puts a value where the field is null.' },
  'promote-field': { value: 'O/S:FIELD:long|float|double', repeated: true, about: 'Gives a number field a wider type.' },
  'order-fields': { value: 'O/S:FIELD,...', repeated: true, about: 'Puts the fields of records and rows into another order.' },
  'rename-class': { value: 'OLD=NEW', repeated: true, about: 'Gives a class that was moved its new name in the types of states.' },
  'add-ttl': { value: 'O/S=now|TIME', repeated: true, about: 'Gives the values of a state a TTL that begins then.' },
  'drop-ttl': { value: 'O/S', repeated: true, about: 'Takes the TTL from the values of a state.' },
} as const satisfies OptionTable;

type EditOption = keyof typeof EDIT_OPTIONS;
type EditValues = OptionValues<typeof EDIT_OPTIONS>;

/** What of the command line an edit is made of. */
interface EditText {
  readonly option: string;
  readonly text: string;
  readonly places: EditPlaces;
  readonly cwd: string;
}

export const editSyntax = {
  name: 'edit',
  operands: '[SNAPSHOT]',
  about: 'Writes a new canonical savepoint beside the old one, with changes, or as it is.',
  options: {
    ...WRITING_OPTIONS,
    plan: { value: 'FILE', about: 'A document of edits, as the editor has them. It may name the snapshot and where the result goes.' },
    ...EDIT_OPTIONS,
    'migrate-to': { value: 'PIPELINE', about: 'Gives the state the types that this pipeline declares.' },
    'move-files': {
      value: 'FROM=TO',
      repeated: true,
      about: 'Writes _metadata alone, with other paths of files. Goes with no other edit.',
    },
    ...READING_OPTIONS,
  },
} as const satisfies CommandSyntax;

/** `tidemark edit SNAPSHOT --out TARGET`: a new savepoint beside the old one, with what the options say changed. */
export async function edit(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parsed(editSyntax, args);
  const document = values.plan === undefined ? null : await documentIn(values.plan, io.cwd);
  const [location, ...more] = positionals.length > 0 ? positionals : (document?.sources ?? []);
  if (location === undefined) throw new UsageError('edit needs a snapshot.');
  if (more.length > 0) throw new UsageError('edit takes one snapshot; tidemark merge puts several together.');
  const target = targetOf(values.out === undefined && document?.target != null ? { ...values, out: document.target } : values, io);
  const common = commonPlan(values);
  const pipeline = values['migrate-to'] ?? document?.code.migrateTo ?? null;
  const migrating = pipeline === null ? null : await migrationTo(pipeline, io.cwd);
  return openedForReading(location, values, io, async (opened) => {
    if (values['move-files'] !== undefined) {
      const others = [
        ...Object.keys(EDIT_OPTIONS).map((option) => values[option as EditOption]),
        ...[values.plan, values['migrate-to'], values['key-hash'], values['metadata-version']],
      ];
      if (values['drop-in-flight'] || others.some((value) => value !== undefined))
        throw new UsageError('--move-files changes paths in _metadata alone, and goes with no other edit.');
      const mappings = values['move-files'].map((text) => {
        if (!/.=./.test(text)) throw new UsageError(`--move-files ${text}: FROM=TO is needed. ${storedFoldersText(opened.snapshot)}.`);
        return pair('--move-files', text, 'FROM=TO');
      });
      return relocateTo(
        opened,
        mappings.map(([from, to]) => ({ from, to })),
        target,
        values.json,
        io,
      );
    }
    try {
      const plan = document === null ? {} : planIn(document);
      const edits = [...(plan.edits ?? []), ...(await editsOf(values, opened, io.cwd))];
      const keyHash = document?.code.keyHash == null ? null : await keyHashOf(document.code.keyHash);
      return await rewriteTo([opened], { ...plan, ...common, edits }, target, values, io, { migrating, keyHash });
    } catch (error) {
      if (!(error instanceof RewriteRefused)) throw error;
      io.err(`${error.message}.\n`);
      return EXIT.failed;
    }
  });
}

/** What gives the state the types of a pipeline. @throws UsageError */
async function migrationTo(module: string, cwd: string): Promise<PlanMigration> {
  try {
    return new PlanMigration(await loadedPlan(resolve(cwd, module)), Date.now());
  } catch (error) {
    if (!(error instanceof PipelineLoadError)) throw error;
    throw new UsageError(`--migrate-to ${module}: ${error.message}`);
  }
}

/** A document of edits: it may say what is edited, and where the result goes, for when the command line does not. */
interface EditDocument {
  readonly file: string;
  readonly text: string;
  readonly sources: readonly string[];
  readonly target: string | null;
  readonly code: RewriteCode;
}

async function documentIn(file: string, cwd: string): Promise<EditDocument> {
  const path = resolve(cwd, file);
  try {
    const text = await readFile(path, 'utf8');
    const { sources, target, code } = readEditPlan(text, dirname(path));
    return { file, text, sources, target, code };
  } catch (error) {
    throw new UsageError(`--plan ${file}: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

/** @throws RewriteRefused where an edit makes no sense, UsageError */
function planIn({ file, text }: EditDocument): RewritePlan {
  try {
    return planOfText(text);
  } catch (error) {
    if (error instanceof RewriteRefused) throw error;
    throw new UsageError(`--plan ${file}: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

/** @throws UsageError */
async function editsOf(values: EditValues, opened: OpenedSnapshot, cwd: string): Promise<SnapshotEdit[]> {
  const places = new EditPlaces(opened);
  const edits: SnapshotEdit[] = [];
  for (const [option, read] of Object.entries(READERS)) {
    for (const text of values[option as EditOption] ?? [])
      for (const edit of await read({ option: `--${option}`, text, places, cwd })) edits.push(edit);
  }
  return edits;
}

const READERS: Readonly<Record<EditOption, (given: EditText) => Promise<SnapshotEdit[]> | SnapshotEdit[]>> = {
  'rename-uid': ({ option, text, places }) => {
    const [from, uid] = pair(option, text, 'OLD=NEW');
    return [{ edit: 'renameUid', operator: operatorOnly(option, from, places), uid }];
  },
  'drop-operator': ({ option, text, places }) => [{ edit: 'dropOperator', operator: operatorOnly(option, text, places) }],
  'drop-state': ({ option, text, places }) => [{ edit: 'dropState', ...places.state(option, text) }],
  'rename-state': ({ option, text, places }) => {
    const [from, to] = pair(option, text, 'OPERATOR/OLD=NEW');
    return [{ edit: 'renameState', ...places.state(option, from), to }];
  },
  keep: ({ option, text, places }) => [{ edit: 'keep', ...places.operatorAndState(option, text) }],
  'max-parallelism': (given) => [{ edit: 'maxParallelism', ...numberFor(given) }],
  parallelism: (given) => [{ edit: 'parallelism', ...numberFor(given) }],
  set: ({ text, cwd, places }) => entriesIn(resolve(cwd, text), places),
  'delete-where': async ({ option, text, places }) => {
    const { rest, ...place } = await places.stateAndRest(option, text);
    return [{ edit: 'deleteWhere', ...place, where: rest }];
  },
  'remove-timers': ({ option, text, places }) => [{ edit: 'removeTimers', ...places.operatorAndState(option, text) }],
  'shift-timers': ({ option, text, places }) => {
    const at = text.lastIndexOf(':');
    if (at < 0) throw new UsageError(`${option} ${text}: OPERATOR:DURATION is needed, such as windows:-1h.`);
    const duration = text.slice(at + 1);
    const millis = duration.startsWith('-')
      ? -durationOption(option, duration.slice(1))
      : durationOption(option, duration.replace(/^\+/, ''));
    return [{ edit: 'shiftTimers', ...places.operatorAndState(option, text.slice(0, at)), millis }];
  },
  'move-offset': ({ option, text, places }) => {
    // An offset of Kafka, a place in a log as FILE:POS, or parts of it as NAME=VALUE.
    const [, named = '', where = ''] =
      /^(.+)=(\d{1,15}|earliest|latest|committed)$/.exec(text) ?? /^([^=]+)=(.+:\d+|[A-Za-z_]+=.+)$/.exec(text) ?? [];
    if (named === '')
      throw new UsageError(
        `${option} ${text}: OPERATOR[:TOPIC[/PARTITION]]=OFFSET is needed, with a number, earliest, latest or committed; of Flink CDC OPERATOR=FILE:POS or OPERATOR=NAME=VALUE.`,
      );
    const [, source = named, topic, partition] = /^(.+):([A-Za-z0-9._-]+)(?:\/(\d{1,9}))?$/.exec(named) ?? [];
    const offset = /^\d{1,15}$/.test(where) ? Number(where) : where;
    return [
      {
        edit: 'moveOffset',
        operator: operatorOnly(option, source, places),
        ...(topic === undefined ? {} : { topic }),
        ...(partition === undefined ? {} : { partition: Number(partition) }),
        offset,
      },
    ];
  },
  'drop-topic': ({ option, text, places }) => {
    const [, source = '', topic = '', partition] = /^(.+):([A-Za-z0-9._-]+)(?:\/(\d{1,9}))?$/.exec(text) ?? [];
    if (topic === '') throw new UsageError(`${option} ${text}: OPERATOR:TOPIC[/PARTITION] is needed.`);
    const place = partition === undefined ? { topic } : { topic, partition: Number(partition) };
    return [{ edit: 'dropTopic', operator: operatorOnly(option, source, places), ...place }];
  },
  'rename-field': async ({ option, text, places }) => {
    const { rest, ...place } = await places.stateAndRest(option, text);
    const [field, to] = pair(option, rest, 'OPERATOR/STATE:OLD=NEW');
    return [{ edit: 'renameField', ...place, field, to }];
  },
  'drop-field': async ({ option, text, places }) => {
    const { rest, ...place } = await places.stateAndRest(option, text);
    return [{ edit: 'dropField', ...place, field: rest }];
  },
  'add-field': async ({ option, text, places }) => {
    const { rest, ...place } = await places.stateAndRest(option, text);
    const [, field = '', type = '', value = ''] = /^([^:=]+):(.+?)=(.+)$/s.exec(rest) ?? [];
    if (field === '')
      throw new UsageError(`${option} ${text}: OPERATOR/STATE:FIELD:TYPE=VALUE is needed, such as accounts/balance:currency:string="EUR".`);
    return [{ edit: 'addField', ...place, field, type: jsonOrText(type), value: jsonOrText(value) }];
  },
  'fill-field': async ({ option, text, places }) => {
    const { rest, ...place } = await places.stateAndRest(option, text);
    const [field, value] = pair(option, rest, 'OPERATOR/STATE:FIELD=VALUE');
    return [{ edit: 'fillField', ...place, field, value: jsonOrText(value) }];
  },
  'promote-field': async ({ option, text, places }) => {
    const { rest, ...place } = await places.stateAndRest(option, text);
    const [, field = '', type = ''] = /^(.+):(long|float|double)$/s.exec(rest) ?? [];
    if (type !== 'long' && type !== 'float' && type !== 'double')
      throw new UsageError(`${option} ${text}: OPERATOR/STATE:FIELD:TYPE is needed, where TYPE is long, float or double.`);
    return [{ edit: 'promoteField', ...place, field, type }];
  },
  'order-fields': async ({ option, text, places }) => {
    const { rest, ...place } = await places.stateAndRest(option, text);
    return [{ edit: 'orderFields', ...place, fields: rest.split(',') }];
  },
  'rename-class': ({ option, text }) => {
    const [from, to] = pair(option, text, 'OLD=NEW');
    return [{ edit: 'renameClass', from, to }];
  },
  'add-ttl': ({ option, text, places }) => {
    const [place, time] = pair(option, text, 'OPERATOR/STATE=TIME');
    return [{ edit: 'addTtl', ...places.state(option, place), lastAccess: lastAccessOf(option, time) }];
  },
  'drop-ttl': ({ option, text, places }) => [{ edit: 'dropTtl', ...places.state(option, text) }],
};

function operatorOnly(option: string, text: string, places: EditPlaces): string {
  const { operator, state } = places.operatorAndState(option, text);
  if (state !== undefined) throw new UsageError(`${option} ${text}: there is no such operator.`);
  return operator;
}

/** `now`, or an instant in ISO form. @throws UsageError */
function lastAccessOf(option: string, text: string): number {
  const time = text === 'now' ? Date.now() : Date.parse(text);
  if (!/^(now|\d{4}-\d\d-\d\d.*)$/.test(text) || Number.isNaN(time) || time < 0)
    throw new UsageError(`${option} ${text}: the time of the last access is needed: now, or an instant such as 2026-01-31T10:00:00Z.`);
  return time;
}

/** `N` for all operators, or `OPERATOR=N`. */
function numberFor({ option, text, places }: EditText): { operator?: string; value: number } {
  const { operator, value } = numberOf(option, text);
  return operator === undefined ? { value } : { operator: operatorOnly(option, operator, places), value };
}

/** The last `=` separates. */
function pair(option: string, text: string, form: string): [string, string] {
  const at = text.lastIndexOf('=');
  if (at <= 0 || at === text.length - 1) throw new UsageError(`${option} ${text}: ${form} is needed.`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function jsonOrText(text: string): unknown {
  try {
    return parseDump(text);
  } catch {
    return text;
  }
}

/** Lines as a dump has them; with `"delete": true` the entry is deleted. Other lines of a dump are passed over. */
async function entriesIn(file: string, places: EditPlaces): Promise<SnapshotEdit[]> {
  const edits: SnapshotEdit[] = [];
  const operators = new Map<string, string>();
  const operatorOf = (name: string): string => {
    const id = operators.get(name) ?? operatorOnly('--set', name, places);
    operators.set(name, id);
    return id;
  };
  let number = 0;
  try {
    for await (const line of createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Infinity })) {
      number++;
      if (line.trim() === '') continue;
      const found = entryOf(parseDump(line) as Record<string, unknown>, operatorOf);
      if (found !== null) edits.push(found);
    }
  } catch (error) {
    throw new UsageError(`--set ${file}, line ${String(number)}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return edits;
}

const ENTRY_KINDS: readonly unknown[] = ['keyed', 'timer', 'list', 'broadcast', undefined];

function entryOf(line: Record<string, unknown>, operatorOf: (name: string) => string): SnapshotEdit | null {
  if (line['kind'] === 'snapshot' || line['kind'] === 'operator') return null;
  if (!ENTRY_KINDS.includes(line['kind'])) throw new Error(`entries of kind ${String(line['kind'])} cannot be set.`);
  const { operator, state } = line;
  if (typeof operator !== 'string' || typeof state !== 'string') throw new Error('operator and state are needed.');
  // Keys have a place of their own; elements are named by theirs.
  const named = 'key' in line ? ['key', 'namespace', 'userKey', 'timestamp'] : ['subtask', 'index'];
  const parts = Object.fromEntries([...named, 'value'].flatMap((name) => (name in line ? [[name, line[name]]] : [])));
  const isDeleted = line['delete'] === true;
  return {
    ...parts,
    edit: isDeleted ? 'delete' : 'set',
    operator: operatorOf(operator),
    state,
  };
}
