import type { KeyedState } from '../keyed/keyedState.ts';
import type { KeyedStateHandle, StreamHandle } from '../metadata/snapshotMetadata.ts';
import { RocksDbRows } from '../rocksdb/rocksDbRows.ts';
import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import type { StateMetaInfo } from '../stateMetaInfo.ts';
import { sameForm } from './sameForm.ts';

type IncrementalHandle = Extract<KeyedStateHandle, { kind: 'incremental' }>;

/** The keyed state of one subtask, with the handle it was opened from. */
export interface HandledState {
  readonly keyed: KeyedState;
  /** Null where it is in no tables, or in tables and a log. */
  readonly handle: IncrementalHandle | null;
}

/** States that are in exactly the same files on both sides: what is in them is the same, and need not be read. */
export interface SharedStates {
  /** Names of the states, by the keyed state of either side. */
  readonly names: ReadonlyMap<KeyedState, ReadonlySet<string>>;
  /** Of one side. */
  readonly bytes: number;
}

const TABLE_SUFFIX = '.sst';

/**
 * Flink never writes to a file again that a checkpoint has named. So a state is the same where the key groups of a subtask are, where the
 * serializers are, and where all of its tables are: one more table on either side could change any of its keys. Which state a table is of
 * it says itself; where all tables of a subtask are shared, not even that is read. @throws FormatError
 */
export async function sharedStates(before: readonly HandledState[], after: readonly HandledState[]): Promise<SharedStates> {
  const names = new Map<KeyedState, ReadonlySet<string>>();
  let bytes = 0;
  for (const one of before) {
    const two = after.find((each) => haveSameKeyGroups(one.handle, each.handle));
    if (two === undefined) continue;
    const shared = await sharedOf(one, two);
    names.set(one.keyed, shared.names).set(two.keyed, shared.names);
    bytes += shared.bytes;
  }
  return { names, bytes };
}

function haveSameKeyGroups(before: IncrementalHandle | null, after: IncrementalHandle | null): boolean {
  return before !== null && after !== null && before.firstKeyGroup === after.firstKeyGroup && before.keyGroupCount === after.keyGroupCount;
}

interface SharedNames {
  readonly names: ReadonlySet<string>;
  readonly bytes: number;
}

const NOTHING: SharedNames = { names: new Set(), bytes: 0 };

async function sharedOf(before: HandledState, after: HandledState): Promise<SharedNames> {
  const [one, two] = [tablesOf(before.handle), tablesOf(after.handle)];
  const states = before.keyed.states.filter((meta) => hasSameForm(meta, before.keyed, after.keyed));
  const sizeOf = (tables: Iterable<Table>): number => [...tables].reduce((sum, { size }) => sum + size, 0);
  if (!haveCommonFiles(one, two)) return NOTHING;
  if (states.length === before.keyed.states.length && areSame([...one.values()], [...two.values()])) {
    return { names: new Set(states.map(({ name }) => name)), bytes: sizeOf(one.values()) };
  }
  if (!(before.keyed.rows instanceof RocksDbRows) || !(after.keyed.rows instanceof RocksDbRows)) return NOTHING;
  const old = await before.keyed.rows.tablesByState();
  const young = await after.keyed.rows.tablesByState();
  const names = new Set<string>();
  let bytes = 0;
  for (const { name } of states) {
    const own = (old.get(name) ?? []).flatMap((table) => one.get(table) ?? []);
    const others = (young.get(name) ?? []).flatMap((table) => two.get(table) ?? []);
    if (own.length === 0 || own.length !== old.get(name)?.length || others.length !== young.get(name)?.length) continue;
    if (!areSame(own, others)) continue;
    names.add(name);
    bytes += sizeOf(own);
  }
  return { names, bytes };
}

interface Table {
  /** The same in all snapshots that share it. */
  readonly file: string;
  readonly size: number;
}

/** Tables by the names that RocksDB gave them; those that are in no file of their own name are not shared. */
function tablesOf(handle: IncrementalHandle | null): Map<string, Table> {
  const tables = new Map<string, Table>();
  for (const { name, stream } of [...(handle?.shared ?? []), ...(handle?.private ?? [])]) {
    if (name.endsWith(TABLE_SUFFIX)) tables.set(name, tableOf(stream) ?? { file: `${String(handle?.id)} ${name}`, size: 0 });
  }
  return tables;
}

/** Only absolute paths name the same file in two snapshots. */
function tableOf(stream: StreamHandle | null): Table | null {
  if (stream?.kind === 'file') return { file: `${stream.path} ${String(stream.size)}`, size: stream.size };
  if (stream?.kind === 'segment') return { file: `${stream.path} ${String(stream.start)} ${String(stream.size)}`, size: stream.size };
  return null;
}

function haveCommonFiles(one: ReadonlyMap<string, Table>, two: ReadonlyMap<string, Table>): boolean {
  const files = new Set([...two.values()].map(({ file }) => file));
  return [...one.values()].some(({ file }) => files.has(file));
}

function areSame(one: readonly Table[], two: readonly Table[]): boolean {
  const files = new Set(two.map(({ file }) => file));
  return one.length > 0 && one.length === two.length && one.every(({ file }) => files.has(file));
}

/** Whether equal bytes of its rows mean the same on both sides. */
function hasSameForm(meta: StateMetaInfo, before: KeyedState, after: KeyedState): boolean {
  const same = (one: SerializerSnapshot | null, two: SerializerSnapshot | null): boolean =>
    sameForm({ serializer: one, flink: before.context.flink }, { serializer: two, flink: after.context.flink });
  const other = after.states.find(({ name, kind }) => name === meta.name && kind === meta.kind);
  if (other === undefined || other.serializers.size !== meta.serializers.size) return false;
  if (!same(before.rows.header.key.snapshot, after.rows.header.key.snapshot)) return false;
  if ([...meta.options].some(([option, value]) => other.options.get(option) !== value)) return false;
  return [...meta.serializers].every(([role, { snapshot }]) => same(snapshot, other.serializers.get(role)?.snapshot ?? null));
}
