import { operatorIdOf } from '../../keys/operatorId.ts';
import { keyVerdicts, namesThatDiffer, stateVerdicts, type Versions } from '../compatibility/declaredChange.ts';
import { verdictsInWords, type FlinkTarget, type FlinkVerdict } from '../compatibility/flinkVerdict.ts';
import { describeSerializer, simpleName } from '../serializers/describeSerializer.ts';
import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import type { OperatorHeaders } from '../snapshotHeaders.ts';
import type { StateMetaInfo } from '../stateMetaInfo.ts';
import { hasTtl, keyedSchema, operatorSchema } from '../stateSchema.ts';
import { ClassRenames, type ClassRename } from '../rewrite/classRenames.ts';
import { changedState } from '../rewrite/fieldEdits.ts';
import { RewriteRefused, type TtlEdit } from '../rewrite/rewritePlan.ts';
import { eachSerializer } from './eachSerializer.ts';
import { argumentOf, labelOf, stateArgumentOf, uidOf, type Examination } from './examination.ts';
import type { DoctorFinding } from './finding.ts';
import { declaredStates, hasState, keyOf, serializersOf, type DeclaredState } from './operatorStates.ts';
import { oneLine, shellOption } from './shellWord.ts';
import { inOperator } from './place.ts';
import { isPlannerMade } from './sqlRules.ts';

/** What the job that takes the snapshot over does not fit, as far as a list of its uids or a snapshot of it tells. */
export function* comparisonFindings(examination: Examination): Generator<DoctorFinding> {
  yield* unplanned(examination);
  const { other, headers } = examination;
  if (other === null) return;
  const others = new Map(other.operators.map((operator) => [operator.metadata.operatorId, operator]));
  const taken = new Set(headers.operators.map(({ metadata }) => metadata.operatorId));
  const free = other.operators.filter(({ metadata }) => !taken.has(metadata.operatorId));
  for (const operator of headers.operators) {
    const match = others.get(operator.metadata.operatorId);
    if (match !== undefined) yield* differences(examination, operator, match);
    else if (hasState(operator) && !isPlannerMade(examination, operator)) yield notInOther(examination, operator, free);
  }
}

/** Uids go into ids by a hash, so that a list of uids is a list of ids; committers of a sink have uids of their own. */
function* unplanned(examination: Examination): Generator<DoctorFinding> {
  const { plan, headers } = examination;
  if (plan === null) return;
  const ids = new Set([...plan].flatMap((uid) => [uid, `Sink Committer: ${uid}`, `Sink ${uid} Global Committer`].map(operatorIdOf)));
  const taken = new Set(headers.operators.map(({ metadata }) => metadata.operatorId));
  const free = [...plan].filter((uid) => !taken.has(operatorIdOf(uid)));
  for (const operator of headers.operators) {
    if (ids.has(operator.metadata.operatorId) || plan.has(operator.metadata.operatorId) || !hasState(operator)) continue;
    if (isPlannerMade(examination, operator)) continue;
    const argument = argumentOf(examination, operator);
    yield {
      ...inOperator(examination, operator),
      severity: 'error',
      code: 'notInPlan',
      message: `No operator of the plan has its uid${uidOf(examination, operator) === null ? ', or its id' : ''}: a restore fails, or drops its state where that is allowed.`,
      remedy: `${renameTo(argument, free)}eave it out:\ntidemark edit SNAPSHOT --out OUT ${shellOption('drop-operator', argument)}`,
    };
  }
}

/** Which of several uids is its new one only people know: one command for each of them, up to a few. */
function renameTo(argument: string, free: readonly string[]): string {
  if (free.length === 0) return 'L';
  const commands = free
    .slice(0, RENAMES_MAX)
    .map((uid) => `\ntidemark edit SNAPSHOT --out OUT ${shellOption('rename-uid', `${argument}=${uid}`)}`)
    .join('');
  const words =
    free.length === 1
      ? 'Give it its new uid'
      : `If it has a new uid, give it that one, with one of these commands${firstOfMany(free.length, 'uids that are free')}`;
  return `${words}:${commands}\nOr l`;
}

const RENAMES_MAX = 5;

function firstOfMany(count: number, what: string): string {
  return count > RENAMES_MAX ? ` (for the first ${String(RENAMES_MAX)} of ${String(count)} ${what})` : '';
}

/** An operator with the same states and key is the likeliest to be it. */
function notInOther(examination: Examination, operator: OperatorHeaders, free: readonly OperatorHeaders[]): DoctorFinding {
  const same = free.filter((each) => shapeOf(each) === shapeOf(operator));
  const [renamed] = same;
  const argument = argumentOf(examination, operator);
  const rename =
    renamed === undefined || same.length > 1
      ? ''
      : `It looks like ${oneLine(labelOf(examination, renamed))}:\ntidemark edit SNAPSHOT --out OUT ${shellOption('rename-uid', `${argument}=${argumentOf(examination, renamed)}`)}\n`;
  return {
    ...inOperator(examination, operator),
    severity: 'error',
    code: 'notInOther',
    message: 'The other snapshot has no such operator: a restore into its job fails, or drops the state where that is allowed.',
    remedy: `${rename}${rename === '' ? 'Leave' : 'Or leave'} it out:\ntidemark edit SNAPSHOT --out OUT ${shellOption('drop-operator', argument)}`,
  };
}

function shapeOf(operator: OperatorHeaders): string {
  const key = keyOf(operator);
  const states = declaredStates(operator).map(({ name, type }) => `${name} ${type}`);
  return [key === null ? '' : describeSerializer(key), ...states.sort()].join('\n');
}

function* differences(examination: Examination, operator: OperatorHeaders, other: OperatorHeaders): Generator<DoctorFinding> {
  const { maxParallelism } = operator.metadata;
  if (operator.keyed.length > 0 && other.keyed.length > 0 && maxParallelism !== other.metadata.maxParallelism) {
    yield {
      ...inOperator(examination, operator),
      severity: 'warning',
      code: 'differsFromOther',
      message: `Its max parallelism is ${String(maxParallelism)}, and ${String(other.metadata.maxParallelism)} in the other snapshot: where the job sets it, a restore is refused.`,
      remedy: `Give it the other one:\ntidemark edit SNAPSHOT --out OUT ${shellOption('max-parallelism', `${argumentOf(examination, operator)}=${String(other.metadata.maxParallelism)}`)}${parallelismToFit(examination, operator, other.metadata.maxParallelism)}`,
    };
  }
  yield* keyChanges(examination, operator, other);
  const states = new Map(declaredStates(other).map((state) => [`${state.group} ${state.name}`, state]));
  for (const state of declaredStates(operator)) {
    const match = states.get(`${state.group} ${state.name}`);
    // The keys of timers are the operator's, and their namespaces those of its other states.
    if (state.group === 'timers') continue;
    if (match !== undefined) {
      yield* typeChange(examination, operator, state, match);
      continue;
    }
    yield stateNotInOther(examination, operator, state, declaredStates(other));
  }
}

/** Where a state of the same type is new in the other snapshot, it is most likely this one under another name: that is no reason to drop it. */
function stateNotInOther(
  examination: Examination,
  operator: OperatorHeaders,
  { name, group, type }: DeclaredState,
  others: readonly DeclaredState[],
): DoctorFinding {
  const own = new Set(declaredStates(operator).map((state) => `${state.group} ${state.name}`));
  const appeared = others.filter((state) => state.group === group && state.type === type && !own.has(`${group} ${state.name}`));
  const place = stateArgumentOf(examination, operator, name);
  const [renamed] = appeared;
  const isOne = renamed !== undefined && appeared.length === 1;
  return {
    ...inOperator(examination, operator, name),
    severity: 'warning',
    code: 'notInOther',
    message:
      renamed === undefined
        ? 'The other snapshot has no such state: Flink carries it along unread, from savepoint to savepoint.'
        : `The other snapshot has no such state, but ${appeared.map((state) => state.name).join(', ')} of the same type is new there: if the job renamed it, Flink restores nothing into the new name and says nothing.`,
    remedy: isOne
      ? `Give it the new name:\ntidemark edit SNAPSHOT --out OUT ${shellOption('rename-state', `${place}=${renamed.name}`)}`
      : renamed === undefined
        ? `If no job needs it any more, leave it out:\ntidemark edit SNAPSHOT --out OUT ${shellOption('drop-state', place)}`
        : `Find out which one it is, and give it that name, with one of these commands${firstOfMany(appeared.length, 'states')}:${appeared
            .slice(0, RENAMES_MAX)
            .map((state) => `\ntidemark edit SNAPSHOT --out OUT ${shellOption('rename-state', `${place}=${state.name}`)}`)
            .join('')}`,
  };
}

/** No operator has a parallelism above its max parallelism. */
function parallelismToFit(examination: Examination, operator: OperatorHeaders, max: number): string {
  return operator.metadata.parallelism <= max
    ? ''
    : ` ${shellOption('parallelism', `${argumentOf(examination, operator)}=${String(max)}`)}`;
}

function versionsOf({ headers, other }: Examination): Versions {
  return { before: headers.metadata.version, after: (other ?? headers).metadata.version };
}

function* keyChanges(examination: Examination, operator: OperatorHeaders, other: OperatorHeaders): Generator<DoctorFinding> {
  const [key, otherKey] = [keyOf(operator), keyOf(other)];
  if (key === null || otherKey === null) return;
  const verdicts = keyVerdicts(key, otherKey, versionsOf(examination));
  const sentences = verdictsInWords(verdicts);
  if (sentences.length === 0) return;
  const nameOf = namesThatDiffer([key], [otherKey]);
  yield {
    ...inOperator(examination, operator),
    severity: severityOf(verdicts),
    code: 'differsFromOther',
    message: `It is keyed by ${describeSerializer(key, nameOf)}, and by ${describeSerializer(otherKey, nameOf)} in the other snapshot. ${sentences.join('. ')}.`,
    remedy: 'Key it by the same type again, or start it empty under a new uid.',
  };
}

function* typeChange(
  examination: Examination,
  operator: OperatorHeaders,
  { name, meta, group }: DeclaredState,
  match: DeclaredState,
): Generator<DoctorFinding> {
  const verdicts = stateVerdicts(meta, match.meta, versionsOf(examination));
  const sentences = verdictsInWords(verdicts);
  if (sentences.length === 0) return;
  const nameOf = namesThatDiffer(serializersOf(meta), serializersOf(match.meta));
  const typeOf = ({ meta: declared }: Pick<DeclaredState, 'meta'>): string => {
    const { userKey, value, hasTtl } = group === 'operator' ? operatorSchema(declared, nameOf) : keyedSchema(VOID, declared, nameOf);
    return `${userKey === null ? (value ?? '?') : `map<${userKey}, ${value ?? '?'}>`}${hasTtl ? ' with TTL' : ''}`;
  };
  const [before, after] = [typeOf({ meta }), typeOf(match)];
  yield {
    ...inOperator(examination, operator, name),
    severity: severityOf(verdicts),
    code: 'differsFromOther',
    message: `${before === after ? `Its type ${before} is stored in another way in the other snapshot` : `It is ${before} here, and ${after} in the other snapshot`}. ${sentences.join('. ')}.`,
    remedy: remedyOf(examination, operator, name, meta, match.meta, verdicts),
  };
}

const EDIT = 'tidemark edit SNAPSHOT --out OUT';

/** What makes Flink take the state: only what leaves nothing that it refuses. Null where there is nothing to be done. */
function remedyOf(
  examination: Examination,
  operator: OperatorHeaders,
  name: string,
  written: StateMetaInfo,
  wanted: StateMetaInfo,
  verdicts: ReadonlyMap<FlinkTarget, FlinkVerdict>,
): string | null {
  if (!isRefused(verdicts)) return [...verdicts.values()].every(({ kind }) => kind === 'migrates') ? null : DECLARE_AGAIN;
  const argument = uidOf(examination, operator) ?? operator.metadata.operatorId;
  const place = `${argument}/${name}`;
  const versions = versionsOf(examination);
  if (hasTtl(written) !== hasTtl(wanted)) {
    const isNew = hasTtl(wanted);
    const ttl: TtlEdit = { operator: argument, state: name, ...(isNew ? { edit: 'addTtl', lastAccess: 0 } : { edit: 'dropTtl' }) };
    if (isTaken(() => changedState(written, [ttl], name).meta, wanted, versions))
      return isNew
        ? `To give the values a TTL that begins now:\n${EDIT} ${shellOption('add-ttl', `${place}=now`)}`
        : `To take the TTL from the values:\n${EDIT} ${shellOption('drop-ttl', place)}`;
  }
  const renames = movedClasses(serializersOf(written), serializersOf(wanted));
  if (renames.length > 0 && isTaken(() => new ClassRenames(renames).state(written, name), wanted, versions))
    return `To give the class its new name:\n${EDIT} ${renames.map(({ from, to }) => shellOption('rename-class', `${from}=${to}`)).join(' ')}`;
  return DECLARE_AGAIN;
}

const DECLARE_AGAIN =
  'Declare the old type again, or change the state before the restore with tidemark edit; tidemark diff shows the two types.';

function isRefused(verdicts: ReadonlyMap<FlinkTarget, FlinkVerdict>): boolean {
  return [...verdicts.values()].some(({ kind }) => kind === 'refuses');
}

/** Classes that only one side has, where the other has one of the same simple name. */
function movedClasses(written: readonly SerializerSnapshot[], wanted: readonly SerializerSnapshot[]): ClassRename[] {
  const [before, after] = [classesIn(written), classesIn(wanted)];
  return [...before].flatMap((from) => {
    const [to, ...others] = [...after].filter((each) => !before.has(each) && simpleName(each) === simpleName(from));
    return after.has(from) || to === undefined || others.length > 0 ? [] : [{ edit: 'renameClass', from, to }];
  });
}

function classesIn(serializers: readonly SerializerSnapshot[]): Set<string> {
  const classes = new Set<string>();
  for (const serializer of serializers)
    eachSerializer(serializer, (each) => {
      if ('className' in each && typeof each.className === 'string') classes.add(each.className);
    });
  return classes;
}

/** Whether Flink takes what a rewriting would make of the state; false also where the rewriting refuses. */
function isTaken(rewritten: () => StateMetaInfo, wanted: StateMetaInfo, versions: Versions): boolean {
  try {
    return !isRefused(stateVerdicts(rewritten(), wanted, versions));
  } catch (error) {
    if (error instanceof RewriteRefused) return false;
    throw error;
  }
}

/** Only its namespace and values are looked at. */
const VOID: SerializerSnapshot = { kind: 'void' };

/** The worst that a version of Flink does. */
function severityOf(verdicts: ReadonlyMap<FlinkTarget, FlinkVerdict>): DoctorFinding['severity'] {
  const kinds = [...verdicts.values()].map(({ kind }) => kind);
  if (kinds.some((kind) => kind === 'refuses' || kind === 'fails' || kind === 'spoils')) return 'error';
  return kinds.some((kind) => kind === 'renames' || kind === 'unknown') ? 'warning' : 'info';
}
