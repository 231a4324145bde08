import type { ConnectorView } from './connectorState/connectorView.ts';
import { describeConnectorElement } from './connectorState/describeConnectorState.ts';
import { LEGACY_KAFKA_STATE } from './connectorState/legacyKafkaState.ts';
import { SINK_COMMITTER_STATE, SINK_WRITER_STATE } from './connectorState/sinkState.ts';
import { SOURCE_READER_STATE } from './connectorState/sourceState.ts';
import type { KeyedLayout, KeyGroupSection } from './keyed/keyedRows.ts';
import type { KeyedHeader } from './keyed/keyedStream.ts';
import type { OperatorMetadata, SnapshotMetadata } from './metadata/snapshotMetadata.ts';
import type { OperatorState, OperatorStateList } from './operator/operatorState.ts';
import { bytesText } from './rewrite/rowInHand.ts';
import type { Snapshot, SnapshotOperator } from './snapshot.ts';
import type { DistributionMode, StateMetaInfo } from './stateMetaInfo.ts';
import { bytesOfHex, type DumpValue } from './values/dumpValue.ts';

/** All that a snapshot says without an entry of keyed state being read. Plain data: verdicts on it are functions. */
export interface SnapshotHeaders {
  readonly metadata: SnapshotMetadata;
  readonly operators: readonly OperatorHeaders[];
}

export interface OperatorHeaders {
  readonly metadata: OperatorMetadata;
  /** As the metadata says it, or as it was found by its hash; null where it is not known. */
  readonly uid: string | null;
  /** Bytes of all its state, as the handles say. */
  readonly stateSize: number;
  /** Of every subtask that has keyed state; a subtask may have two, where the backend keeps timers apart. */
  readonly keyed: readonly KeyedPart[];
  /** Of every subtask, by its place in the metadata. */
  readonly operatorStates: readonly OperatorStatePart[];
  /** Names of raw operator state. */
  readonly rawStates: readonly string[];
  /** What state there is that cannot be read without the job's code, in words; null where there is none. */
  readonly unreadable: string | null;
  /** Why its headers cannot be read, in words; the other fields then have what was read before. */
  readonly damage: string | null;
}

export interface KeyedPart {
  readonly subtask: number;
  readonly layout: KeyedLayout;
  readonly header: KeyedHeader;
  readonly sections: readonly KeyGroupSection[];
}

export interface OperatorStatePart {
  readonly subtask: number;
  readonly meta: StateMetaInfo;
  readonly mode: DistributionMode;
  /** Elements; of broadcast state entries. */
  readonly count: number;
  /** How many different elements a union state has; null of other state. */
  readonly distinct: number | null;
  /** What connectors keep in it, of the first elements: how far sources are, what waits to be committed. */
  readonly views: readonly ConnectorView[];
}

/** Of each state of a subtask. */
export const VIEWS_MAX = 1000;
const CONNECTOR_STATES: readonly string[] = [SOURCE_READER_STATE, SINK_WRITER_STATE, SINK_COMMITTER_STATE, LEGACY_KAFKA_STATE];

/** Damage is a fact among others, and spoils its own operator only. */
export async function readHeaders(snapshot: Snapshot): Promise<SnapshotHeaders> {
  const operators: OperatorHeaders[] = [];
  for (const operator of snapshot.operators) operators.push(await readOperatorHeaders(operator));
  return { metadata: snapshot.metadata, operators };
}

export async function readOperatorHeaders(operator: SnapshotOperator): Promise<OperatorHeaders> {
  const keyed: KeyedPart[] = [];
  const operatorStates: OperatorStatePart[] = [];
  const rawStates = new Set<string>();
  let unreadable: string | null = null;
  let damage: string | null = null;
  try {
    for (const subtask of operator.subtasks) {
      const { index } = subtask.metadata;
      unreadable ??= await subtask.unreadableKeyedState();
      for (const { rows, sections } of await subtask.keyedStates())
        keyed.push({ subtask: index, layout: rows.layout, header: rows.header, sections });
      operatorStates.push(...(await operatorStateParts(subtask)));
      for (const { state } of await subtask.rawOperatorState()) rawStates.add(state);
    }
  } catch (error) {
    damage = error instanceof Error ? error.message : String(error);
  }
  const { metadata, uid, stateSize } = operator;
  return { metadata, uid, stateSize, keyed, operatorStates, rawStates: [...rawStates], unreadable, damage };
}

async function operatorStateParts(subtask: SnapshotOperator['subtasks'][number]): Promise<OperatorStatePart[]> {
  const state = await subtask.operatorState();
  if (state === null) return [];
  return state.states.map((each) => {
    const { meta, partition } = each;
    const distinct = partition.mode === 'UNION' ? new Set(state.parts(each).map((part) => bytesText(part, 0, part.length))).size : null;
    const place = { subtask: subtask.metadata.index, meta, mode: partition.mode, distinct };
    if (partition.mode === 'BROADCAST') return { ...place, count: state.entryCount(each), views: [] };
    return { ...place, count: partition.offsets.length, views: CONNECTOR_STATES.includes(meta.name) ? viewsOf(state, each) : [] };
  });
}

function viewsOf(state: OperatorState, list: OperatorStateList): ConnectorView[] {
  const views: ConnectorView[] = [];
  for (const element of state.elements(list)) {
    const bytes = bytesOfDump(element);
    const view = bytes === null ? null : describeConnectorElement(list.meta.name, bytes);
    if (view !== null && views.push(view) >= VIEWS_MAX) break;
  }
  return views;
}

/** Null where it is none. */
function bytesOfDump(value: DumpValue): Uint8Array | null {
  const hex = typeof value === 'object' && value !== null && '$bytes' in value ? value['$bytes'] : null;
  return typeof hex === 'string' ? bytesOfHex(hex) : null;
}
