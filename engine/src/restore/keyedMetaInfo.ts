import type { SerializerSnapshot } from '../snapshot/serializers/serializerSnapshot.ts';
import { keyValueState, timerState, type StateMetaInfo } from '../snapshot/stateMetaInfo.ts';
import type { KeyedStateDescriptor, KeyedStateSchema, StateValueType } from '../state/operatorSnapshot.ts';

/** What Flink's header of keyed state says about the states of a schema, in the schema's order. */
export function keyedMetaInfos(schema: KeyedStateSchema): StateMetaInfo[] {
  return schema.states.map((state) =>
    state.kind === 'PRIORITY_QUEUE'
      ? timerState(state.name, schema.keyType.serializer, state.namespace.serializer)
      : keyValueState(state.name, state.kind, state.namespace.serializer, valueSerializerOf(state.value)),
  );
}

/** Flink's List, Map and Ttl serializers around the user's types. */
function valueSerializerOf(value: StateValueType): SerializerSnapshot {
  const timed = (serializer: SerializerSnapshot): SerializerSnapshot => (value.ttl ? { kind: 'ttl', value: serializer } : serializer);
  switch (value.shape) {
    case 'single':
      return timed(value.type.serializer);
    case 'list':
      return { kind: 'list', element: timed(value.element.serializer) };
    case 'map':
      return { kind: 'map', key: value.key.serializer, value: timed(value.value.serializer) };
  }
}

/** The type of a state as people write it. */
export function stateTypeName(state: KeyedStateDescriptor): string {
  if (state.kind === 'PRIORITY_QUEUE') return 'timers';
  const value = state.value;
  const suffix = value.ttl ? ' with time to live' : '';
  switch (value.shape) {
    case 'single':
      return value.type.name + suffix;
    case 'list':
      return `list<${value.element.name}>${suffix}`;
    case 'map':
      return `map<${value.key.name}, ${value.value.name}>${suffix}`;
  }
}
