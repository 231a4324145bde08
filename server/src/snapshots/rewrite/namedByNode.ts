import { describeStates, dumpText, isList, type DumpValue } from 'tidemark/snapshot';
import type { NamedByNode } from '../../protocol.ts';
import type { NodePlace } from '../nodePlace.ts';
import type { OpenedSnapshot } from '../openedSnapshot.ts';
import { stateElements } from '../stateElements.ts';
import { StateEntries } from '../stateEntries.ts';
import { editName } from './editPlan.ts';

const NOTHING = {
  state: null,
  key: null,
  namespace: null,
  userKey: null,
  timestamp: null,
  subtask: null,
  index: null,
  value: null,
};

const GONE = 'This entry is not there any more: the snapshot has been replaced.';

/** What an edit says to mean a node of the tree. @throws where the node is of another snapshot, or cannot be edited */
export async function namedByNode(opened: OpenedSnapshot, node: string): Promise<NamedByNode> {
  const place = JSON.parse(node) as NodePlace;
  if (place.is !== 'operator' && place.is !== 'state' && place.is !== 'value') throw new Error('Nothing of this can be edited.');
  const operator = opened.snapshot.operators[place.operator];
  if (operator === undefined) throw new Error('The snapshot on disk has changed. Refresh the view.');
  const { uid, operatorId, maxParallelism } = operator.metadata;
  const named = { operator: editName(opened, operator), uid: opened.uids.get(operatorId) ?? uid, maxParallelism };
  if (place.is === 'operator') return { ...named, ...NOTHING };
  if (place.is === 'state') return { ...named, ...NOTHING, state: place.name };
  if (place.group === 'raw') throw new Error("Raw state is known to the operator's own code only: it is not edited.");
  if (place.group === 'list' || place.group === 'broadcast') {
    const element = (await stateElements(operator, place.group, place.name))[place.index];
    if (element === undefined) throw new Error(GONE);
    const { subtask, index, key } = element;
    const value = dumpText(element.value);
    if (key !== undefined) return { ...named, ...NOTHING, state: place.name, key: dumpText(key), value };
    return { ...named, ...NOTHING, state: place.name, subtask, index, value };
  }
  const [found] = (await (await StateEntries.open(operator)).page(place.name, place.index, 1)).entries;
  if (found === undefined) throw new Error(GONE);
  const { entry } = found;
  const key = dumpText(entry.key);
  const namespace = entry.namespace === null ? null : dumpText(entry.namespace);
  const common = { ...named, ...NOTHING, state: place.name, key, namespace };
  if (entry.kind === 'timer') return { ...common, timestamp: dumpText(entry.timestamp) };
  const [step] = place.path;
  const pair = step === undefined ? null : await mapPair(operator, place.name, entry.value, step);
  return pair === null ? { ...common, value: dumpText(entry.value) } : { ...common, userKey: dumpText(pair[0]), value: dumpText(pair[1]) };
}

/** One entry of map state; null where the value is a map, list or record as a whole. */
async function mapPair(
  operator: Parameters<typeof describeStates>[0],
  name: string,
  value: DumpValue,
  index: number,
): Promise<readonly [DumpValue, DumpValue] | null> {
  const { states } = await describeStates(operator);
  const isMap = states.some((state) => state.group === 'keyed' && state.name === name && state.kind === 'map');
  if (!isMap || typeof value !== 'object' || value === null || !('$map' in value)) return null;
  const pairs = value['$map'];
  const pair = isList(pairs) ? pairs[index] : undefined;
  return pair !== undefined && isList(pair) ? [pair[0] ?? null, pair[1] ?? null] : null;
}
