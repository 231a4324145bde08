import { describeStates, LEGACY_KAFKA_STATE, SOURCE_READER_STATE, type SnapshotOperator, type StateDescription } from 'tidemark/snapshot';
import type { OperatorFacts, StateFacts, SubtaskFacts } from '../protocol.ts';
import { connectorText, positionLines } from './connectorText.ts';

const POSITIONS_MAX = 1000;

/** What handles and headers say about an operator. Damage in a header is said in place of what it hides. */
export async function factsOf(operator: SnapshotOperator): Promise<OperatorFacts> {
  const subtasks = operator.subtasks.map(subtaskFacts);
  try {
    const { states, unreadable } = await describeStates(operator);
    return {
      id: operator.metadata.operatorId,
      states: states.map(stateFacts),
      unreadable,
      subtasks,
      keyGroupBytes: await keyGroupBytes(operator),
      sourcePositions: states.some(({ name }) => isPositions(name)) ? await sourcePositions(operator) : [],
    };
  } catch (error) {
    const unreadable = error instanceof Error ? error.message : String(error);
    return { id: operator.metadata.operatorId, states: [], unreadable, subtasks, keyGroupBytes: null, sourcePositions: [] };
  }
}

function subtaskFacts({ metadata, stateSize }: SnapshotOperator['subtasks'][number]): SubtaskFacts {
  const keyed = metadata.managedKeyedState ?? metadata.rawKeyedState;
  const count = keyed === null ? 0 : 'keyGroupCount' in keyed ? keyed.keyGroupCount : 'offsets' in keyed ? keyed.offsets.length : 0;
  return {
    index: metadata.index,
    finished: metadata.finished,
    bytes: stateSize,
    keyGroups: keyed === null ? null : { first: keyed.firstKeyGroup, last: keyed.firstKeyGroup + count - 1 },
  };
}

function stateFacts({ name, group, kind, count, schema }: StateDescription): StateFacts {
  return {
    name,
    group,
    kind: group === 'timers' ? timerKind(name) : kind,
    key: schema?.key ?? null,
    namespace: schema?.namespace ?? null,
    userKey: schema?.userKey ?? null,
    value: schema === null ? 'bytes' : schema.value,
    serializers: [...(schema?.serializers ?? [])],
    hasTtl: schema?.hasTtl ?? false,
    count,
  };
}

/** Flink names its timer queues after their time. */
function timerKind(name: string): string {
  if (name.startsWith('_timer_state/event_')) return 'event-time timers';
  return name.startsWith('_timer_state/processing_') ? 'processing-time timers' : 'timers';
}

/** Null where a key group's bytes are not known without reading it. */
async function keyGroupBytes(operator: SnapshotOperator): Promise<number[] | null> {
  const bytes = new Array<number>(operator.metadata.maxParallelism).fill(0);
  let found = false;
  for (const subtask of operator.subtasks) {
    for (const { sections } of await subtask.keyedStates()) {
      for (const { keyGroup, size } of sections) {
        if (size === null) return null;
        found = true;
        bytes[keyGroup] = (bytes[keyGroup] ?? 0) + size;
      }
    }
  }
  return found ? bytes : null;
}

function isPositions(state: string): boolean {
  return state === SOURCE_READER_STATE || state === LEGACY_KAFKA_STATE;
}

/** Where a source goes on, one line each. */
export async function sourcePositions(operator: SnapshotOperator): Promise<string[]> {
  const positions: string[] = [];
  for (const subtask of operator.subtasks) {
    const operatorState = await subtask.operatorState();
    const state = operatorState?.states.find(({ meta }) => isPositions(meta.name));
    if (operatorState === null || state === undefined) continue;
    for (const element of operatorState.elements(state)) {
      if (positions.length >= POSITIONS_MAX) return positionLines(positions);
      const text = connectorText(state.meta.name, element);
      if (text !== null) positions.push(text);
    }
  }
  return positionLines(positions);
}
