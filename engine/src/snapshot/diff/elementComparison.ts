import { queryElements, type MatchedElement } from '../analysis/elementQuery.ts';
import { viewOfElement } from '../connectorState/connectorElement.ts';
import { LEGACY_KAFKA_STATE } from '../connectorState/legacyKafkaState.ts';
import { describeCoordinator, SOURCE_READER_STATE } from '../connectorState/sourceState.ts';
import type { StateGroup } from '../describeStates.ts';
import type { ScanSignal } from '../keyed/keyedRows.ts';
import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import type { SnapshotOperator } from '../snapshot.ts';
import { keySerializer, valueSerializer, type StateMetaInfo } from '../stateMetaInfo.ts';
import { dumpBytes, dumpText, type DumpValue } from '../values/dumpValue.ts';
import { noCounts, type EntryCounts, type EntryDifference } from './differences.ts';
import { ignoredPart, ignoresState, type Ignoring } from './ignoring.ts';
import type { EntrySink } from './keyedComparison.ts';
import type { Side } from './rowJoin.ts';
import { sameForm } from './sameForm.ts';
import { unorderedParts } from './unorderedParts.ts';
import { valueChanges, type ValueRules } from './valueChanges.ts';
import { identityText } from './valueContent.ts';

/** What of operator state is compared, and how. */
export interface ElementOptions {
  readonly state: ((name: string, group: StateGroup | 'coordinator') => boolean) | null;
  readonly ignoring: Ignoring;
  readonly tolerance: number;
  readonly signal: ScanSignal | undefined;
}

export interface ElementCounts {
  readonly name: string;
  readonly group: Exclude<EntryDifference['group'], 'keyed' | 'timers'>;
  readonly isBefore: boolean;
  readonly isAfter: boolean;
  readonly counts: EntryCounts;
}

/** An element as it is compared: what has the same name on both sides is the same element. */
interface NamedElement {
  /** Of broadcast state the key, of a source the split; null where elements have nothing but their value. */
  readonly name: string | null;
  readonly key: DumpValue;
  readonly value: DumpValue;
}

/** The elements of one state, over all subtasks. */
interface StateElements {
  readonly name: string;
  readonly group: ElementCounts['group'];
  readonly before: NamedElement[];
  readonly after: NamedElement[];
}

export const COORDINATOR_STATE = 'coordinator';

/**
 * Compares an operator's operator state, what connectors keep there, and what its coordinator keeps. Lists have no order over subtasks:
 * they are compared as what they hold, how often. It is small by nature, and held whole. @throws FormatError
 */
export async function compareElements(
  before: SnapshotOperator | null,
  after: SnapshotOperator | null,
  options: ElementOptions,
  sink: EntrySink,
  isWanted: (name: string, group: ElementCounts['group']) => boolean,
): Promise<ElementCounts[]> {
  const states = new Map<string, StateElements>();
  await addElements(states, 'before', before, options);
  await addElements(states, 'after', after, options);
  const forms = await formsOf(before, after);
  const found: ElementCounts[] = [];
  for (const state of states.values()) {
    const { name, group } = state;
    const comparing = new StateComparison(state, forms.get(name) ?? SAME_FORMS, options);
    for (const entry of comparing.differences()) if (isWanted(name, group)) await sink(entry);
    found.push({ name, group, isBefore: state.before.length > 0, isAfter: state.after.length > 0, counts: comparing.counts });
  }
  return found;
}

async function addElements(
  states: Map<string, StateElements>,
  side: Side,
  operator: SnapshotOperator | null,
  { state: wanted, ignoring, signal }: ElementOptions,
): Promise<void> {
  if (operator === null) return;
  const wants = (name: string, group: ElementCounts['group']): boolean =>
    (wanted?.(name, group) ?? true) && (group === COORDINATOR_STATE ? !ignoring.states.has(name) : !ignoresState(ignoring, name, group));
  const add = (name: string, group: ElementCounts['group'], element: NamedElement): void => {
    const known = states.get(`${group} ${name}`) ?? { name, group, before: [], after: [] };
    known[side].push(element);
    states.set(`${group} ${name}`, known);
  };
  const broadcast = new Set<string>();
  const state = (name: string, group: StateGroup): boolean => group !== 'keyed' && group !== 'timers' && wants(name, group);
  const visit = (element: MatchedElement): undefined => {
    const named = namedElement(element);
    if (element.group === 'broadcast') {
      // Every subtask has a copy of its own.
      const identity = `${element.state} ${named.name ?? ''}`;
      if (broadcast.has(identity)) return;
      broadcast.add(identity);
    }
    add(element.state, element.group, named);
  };
  await queryElements(operator, { state }, visit, signal);
  if (!wants(COORDINATOR_STATE, COORDINATOR_STATE)) return;
  const bytes = await operator.coordinatorState();
  if (bytes === null) return;
  const view = describeCoordinator(bytes);
  add(COORDINATOR_STATE, COORDINATOR_STATE, { name: '', key: null, value: view === null ? dumpBytes(bytes) : view.fields });
}

/** What names a split among those of its source, whatever has been read of it. */
const SPLIT_NAMES = ['sourceIndex', 'cluster', 'topic', 'partition', 'id', 'path', 'step', 'splitId'];

function namedElement({ group, state, key, value }: MatchedElement): NamedElement {
  if (group === 'broadcast') return { name: identityText(key, null, true), key, value };
  const view = viewOfElement(state, value);
  if (view === null) return { name: null, key: null, value };
  const names = SPLIT_NAMES.flatMap((name) => (Object.hasOwn(view.fields, name) ? [[name, view.fields[name] ?? null] as const] : []));
  if ((state !== SOURCE_READER_STATE && state !== LEGACY_KAFKA_STATE) || names.length === 0)
    return { name: null, key: null, value: view.fields };
  const split = Object.fromEntries(names);
  return { name: `${view.kind} ${dumpText(split)}`, key: split, value: view.fields };
}

interface ElementForms {
  readonly value: SerializerSnapshot | null;
  readonly same: boolean;
}

const SAME_FORMS: ElementForms = { value: null, same: true };

/** With which serializers the elements of each state were written, by its name. */
async function formsOf(before: SnapshotOperator | null, after: SnapshotOperator | null): Promise<Map<string, ElementForms>> {
  const old = await metasOf(before);
  const young = await metasOf(after);
  const forms = new Map<string, ElementForms>();
  for (const [name, meta] of young) {
    const earlier = old.get(name);
    const form = (serializer: SerializerSnapshot | null) => ({ serializer, flink: 2 as const });
    const same =
      earlier === undefined ||
      (sameForm(form(valueSerializer(earlier)), form(valueSerializer(meta))) &&
        sameForm(form(keySerializer(earlier)), form(keySerializer(meta))));
    forms.set(name, { value: valueSerializer(meta), same });
  }
  return forms;
}

async function metasOf(operator: SnapshotOperator | null): Promise<Map<string, StateMetaInfo>> {
  const metas = new Map<string, StateMetaInfo>();
  for (const subtask of operator?.subtasks ?? []) {
    for (const { meta } of (await subtask.operatorState())?.states ?? []) if (!metas.has(meta.name)) metas.set(meta.name, meta);
  }
  return metas;
}

class StateComparison {
  readonly counts = noCounts();
  readonly #elements: StateElements;
  readonly #rules: ValueRules;

  constructor(elements: StateElements, forms: ElementForms, { ignoring, tolerance }: ElementOptions) {
    this.#elements = elements;
    this.#rules = {
      tolerance,
      ignores: ignoredPart(ignoring, elements.name),
      ignoresLastAccess: ignoring.lastAccess,
      loose: !forms.same,
      unordered: unorderedParts(forms.value),
    };
    const size = (side: readonly NamedElement[]): number => side.reduce((sum, { value }) => sum + dumpText(value).length, 0);
    this.counts.bytesBefore = size(elements.before);
    this.counts.bytesAfter = size(elements.after);
  }

  *differences(): Generator<EntryDifference> {
    const { before, after } = this.#elements;
    const names = uniqueNames(before);
    const others = uniqueNames(after);
    const isNamed = ({ name }: NamedElement): boolean => name !== null && names.has(name) && others.has(name);
    for (const [name, element] of names) {
      const other = others.get(name);
      if (other !== undefined) yield* this.#named(element, other);
    }
    yield* this.#multiset(
      before.filter((element) => !isNamed(element)),
      after.filter((element) => !isNamed(element)),
    );
  }

  *#named(before: NamedElement, after: NamedElement): Generator<EntryDifference> {
    const changes = valueChanges(before.value, after.value, this.#rules);
    if (changes.length === 0) {
      this.counts.same++;
      return;
    }
    this.counts.changed++;
    yield { change: 'changed', ...this.#place(after.key), before: before.value, after: after.value, changes };
  }

  /** How often each is there. With a tolerance, or parts that do not count, what is left is paired off one by one. */
  *#multiset(before: readonly NamedElement[], after: readonly NamedElement[]): Generator<EntryDifference> {
    const textOf = ({ name, value }: NamedElement): string =>
      `${name ?? ''} ${identityText(value, this.#rules.unordered, this.#rules.loose)}`;
    const left = new Map<string, NamedElement[]>();
    for (const element of before) {
      const alike = left.get(textOf(element));
      if (alike === undefined) left.set(textOf(element), [element]);
      else alike.push(element);
    }
    let added: NamedElement[] = [];
    for (const element of after) {
      if (left.get(textOf(element))?.pop() === undefined) added.push(element);
      else this.counts.same++;
    }
    let removed = [...left.values()].flat();
    if (this.#isLenient) [removed, added] = this.#pairedOff(removed, added);
    for (const { key, value } of removed) {
      this.counts.removed++;
      yield { change: 'removed', ...this.#place(key), before: value, after: undefined, changes: [] };
    }
    for (const { key, value } of added) {
      this.counts.added++;
      yield { change: 'added', ...this.#place(key), before: undefined, after: value, changes: [] };
    }
  }

  get #isLenient(): boolean {
    return this.#rules.tolerance > 0 || this.#rules.ignores !== null || this.#rules.ignoresLastAccess;
  }

  #pairedOff(removed: readonly NamedElement[], added: readonly NamedElement[]): [NamedElement[], NamedElement[]] {
    const rest = [...added];
    const gone = removed.filter(({ value }) => {
      const at = rest.findIndex((other) => valueChanges(value, other.value, this.#rules).length === 0);
      if (at < 0) return true;
      rest.splice(at, 1);
      this.counts.same++;
      return false;
    });
    return [gone, rest];
  }

  #place(key: DumpValue): Pick<EntryDifference, 'state' | 'group' | 'keyGroup' | 'key' | 'namespace' | 'userKey' | 'timestamp'> {
    const { name, group } = this.#elements;
    return { state: name, group, keyGroup: null, key, namespace: null, userKey: null, timestamp: null };
  }
}

/** Elements that have a name which no other of their side has. */
function uniqueNames(elements: readonly NamedElement[]): Map<string, NamedElement> {
  const unique = new Map<string, NamedElement | null>();
  for (const element of elements) if (element.name !== null) unique.set(element.name, unique.has(element.name) ? null : element);
  return new Map([...unique].flatMap(([name, element]) => (element === null ? [] : [[name, element] as const])));
}
