// `change SNAPSHOT TARGET KEYS`: the snapshot as a canonical savepoint in which of every 1,000 keys 8 have another count and one is gone,
// and to every 1,000 keys one has been added. Prints a line of JSON with how many of each.
import { copyFileSync, mkdirSync, openSync, closeSync, readdirSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { hashOfLong } from '../../engine/src/keys/hashCode.ts';
import { keyGroupOfHash } from '../../engine/src/keys/keyGroup.ts';
import type { KeyedRow } from '../../engine/src/snapshot/keyed/keyedRows.ts';
import { KeyGroupBlockWriter } from '../../engine/src/snapshot/keyed/keyGroupBlock.ts';
import type { KeyedState } from '../../engine/src/snapshot/keyed/keyedState.ts';
import { KeyedStreamWriter } from '../../engine/src/snapshot/keyed/keyedStream.ts';
import type { KeyedStateHandle, SubtaskMetadata } from '../../engine/src/snapshot/metadata/snapshotMetadata.ts';
import { writeMetadata } from '../../engine/src/snapshot/metadata/writeMetadata.ts';
import { openSnapshot } from '../../server/src/snapshots/openedSnapshot.ts';

const [location = '', target = '', keysText = ''] = process.argv.slice(2);
const KEYS = Number(keysText);
/** Marks for null and for the class, then `avg`, then the mark and `count`, of which this is the last byte. */
const COUNT_BYTE = 18;
const counts = { added: 0, removed: 0, changed: 0, same: 0 };

function keyOf(row: KeyedRow): number {
  const view = new DataView(row.keyBytes.buffer, row.keyBytes.byteOffset + row.keyStart, 8);
  return Number(view.getBigInt64(0));
}

async function writeKeyGroup(
  keyed: KeyedState,
  keyGroup: number,
  maxParallelism: number,
  added: readonly number[],
): Promise<Uint8Array | null> {
  const writer = new KeyGroupBlockWriter(maxParallelism);
  writer.begin(keyGroup, keyed.states.length);
  await keyed.scanRows(keyGroup, (row) => {
    const kind = keyOf(row) % 1000;
    if (kind === 0) {
      counts.removed++;
      return undefined;
    }
    writer.beginEntry(row.state).raw(row.keyBytes.subarray(row.keyStart, row.keyEnd));
    const value = row.valueBytes.slice(row.valueStart, row.valueEnd);
    if (kind <= 8) {
      value[COUNT_BYTE] = (value[COUNT_BYTE] ?? 0) ^ 1;
      counts.changed++;
    } else counts.same++;
    writer.beginValue().raw(value);
    writer.endEntry();
    return undefined;
  });
  for (const key of added) {
    const to = writer.beginEntry(0);
    to.i64(BigInt(key));
    to.u8(0);
    const value = writer.beginValue();
    value.u8(2);
    value.bool(false);
    value.f64(key / 8);
    value.bool(false);
    value.i64(BigInt(key % 1000));
    value.bool(true);
    writer.endEntry();
    counts.added++;
  }
  return writer.finish();
}

async function changedState(
  keyed: KeyedState,
  { index }: SubtaskMetadata,
  maxParallelism: number,
  folder: string,
): Promise<KeyedStateHandle> {
  const groups = keyed.sections.map(({ keyGroup }) => keyGroup);
  const range = { start: Math.min(...groups), end: Math.max(...groups) };
  const path = `changed-${String(index)}`;
  const file = openSync(join(folder, path), 'w');
  const stream = new KeyedStreamWriter(keyed.rows.header, range, (bytes) => void writeSync(file, bytes));
  for (const keyGroup of groups) {
    const added: number[] = [];
    for (let key = KEYS; key < KEYS * 1.001; key++) if (keyGroupOfHash(hashOfLong(key), maxParallelism) === keyGroup) added.push(key);
    const block = await writeKeyGroup(keyed, keyGroup, maxParallelism, added);
    if (block !== null) stream.add(keyGroup, block);
  }
  closeSync(file);
  const handle = { kind: 'relativeFile', path, size: stream.length } as const;
  return { kind: 'keyGroups', form: 'savepoint', firstKeyGroup: range.start, offsets: stream.offsets, stream: handle, id: '' };
}

const { snapshot } = await openSnapshot(location);
const unfinished = `${target}.unfinished`;
mkdirSync(unfinished, { recursive: true });
for (const name of readdirSync(location)) if (name !== '_metadata') copyFileSync(join(location, name), join(unfinished, name));
const operators = [];
for (const operator of snapshot.operators) {
  const { metadata } = operator;
  const subtasks: SubtaskMetadata[] = [];
  for (const subtask of operator.subtasks) {
    const [keyed] = await subtask.keyedStates();
    const managedKeyedState = keyed === undefined ? null : await changedState(keyed, subtask.metadata, metadata.maxParallelism, unfinished);
    subtasks.push({ ...subtask.metadata, managedKeyedState });
  }
  operators.push({ ...metadata, subtasks });
}
writeFileSync(join(unfinished, '_metadata'), writeMetadata({ ...snapshot.metadata, version: 6, operators }));
writeFileSync(join(unfinished, 'counts.json'), JSON.stringify(counts));
renameSync(unfinished, target);
