import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import {
  keyedStateType,
  keySerializer,
  namespaceSerializer,
  synchronousState,
  valueSerializer,
  wholeSerializer,
  type StateMetaInfo,
} from '../stateMetaInfo.ts';
import { refuses, together, WORKS, type FlinkVerdict } from './flinkVerdict.ts';
import { serializerCompatibility, type Restoring } from './serializerCompatibility.ts';

/** What Flink does with a state of the snapshot, where the job declares it in another way. Keys of the operator: `keyCompatibility`. */
export function stateCompatibility(written: StateMetaInfo, wanted: StateMetaInfo, restoring: Restoring): FlinkVerdict {
  const [kind, now] = [kindOf(written), kindOf(wanted)];
  if (kind !== now) return refuses(`it was ${kind} state, and is ${now} state now`);
  if (written.kind === 'PRIORITY_QUEUE') return ofParts(written, wanted, restoring);
  const isKeyed = written.kind === 'KEY_VALUE' || written.kind === 'KEY_VALUE_V2';
  return isKeyed ? ofKeyed(written, wanted, restoring) : ofParts(written, wanted, restoring);
}

/** Flink migrates no keys: it would have to find the new key group of each. */
export function keyCompatibility(written: SerializerSnapshot, wanted: SerializerSnapshot, restoring: Restoring): FlinkVerdict {
  return unmigrated(serializerCompatibility(written, wanted, restoring), 'keys');
}

function unmigrated(verdict: FlinkVerdict, what: string): FlinkVerdict {
  return verdict.kind === 'migrates' ? refuses(`it migrates no ${what} (${verdict.changes.join('; ')})`) : verdict;
}

function kindOf(state: StateMetaInfo): string {
  const isKeyed = state.kind === 'KEY_VALUE' || state.kind === 'KEY_VALUE_V2';
  return isKeyed ? (keyedStateType(state) ?? 'keyed').toLowerCase() : state.kind.toLowerCase().replace('_', ' ');
}

function ofKeyed(written: StateMetaInfo, wanted: StateMetaInfo, restoring: Restoring): FlinkVerdict {
  const [old, now] = [wholeSerializer(written), wholeSerializer(wanted)];
  const [namespace, other] = [namespaceSerializer(written), namespaceSerializer(wanted)];
  if (old === null || now === null || synchronousState(written) === null)
    return { kind: 'unknown', reason: 'the snapshot does not say its whole type' };
  const parts = [serializerCompatibility(old, now, restoring)];
  if (namespace !== null && other !== null) parts.push(unmigrated(serializerCompatibility(namespace, other, restoring), 'namespaces'));
  if (old.kind === 'map' && now.kind === 'map' && keyedStateType(written) === 'MAP') {
    const keys = serializerCompatibility(old.key, now.key, restoring);
    if (keys.kind === 'migrates') parts.push(refuses(`RocksDB migrates no keys of maps (${keys.changes.join('; ')}); HashMap does`));
  }
  return together(parts);
}

function ofParts(written: StateMetaInfo, wanted: StateMetaInfo, restoring: Restoring): FlinkVerdict {
  const pairs = [
    [valueSerializer(written), valueSerializer(wanted)],
    [keySerializer(written), keySerializer(wanted)],
  ] as const;
  const verdict = together(
    pairs.map(([old, now]) => (old === null || now === null ? WORKS : serializerCompatibility(old, now, restoring))),
  );
  return written.kind === 'PRIORITY_QUEUE' ? unmigrated(verdict, 'timers') : verdict;
}
