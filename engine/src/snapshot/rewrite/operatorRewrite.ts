import type { DistributionMode } from '../stateMetaInfo.ts';
import type { OperatorStateHandle } from '../metadata/snapshotMetadata.ts';
import { writeStoredOperatorStream, type StoredOperatorState } from '../operator/operatorStreamWriter.ts';
import type { SnapshotSubtask } from '../snapshot.ts';
import { OutputStream, type SnapshotOutput } from './snapshotOutput.ts';

/** Operator state of one subtask, and raw operator state, as bytes. */
export interface StoredSubtask {
  readonly managed: readonly StoredOperatorState[];
  readonly raw: readonly RawOperatorState[];
}

export interface RawOperatorState {
  readonly name: string;
  readonly mode: DistributionMode;
  readonly parts: readonly Uint8Array[];
}

/** @throws FormatError */
export async function readOperatorStates(subtask: SnapshotSubtask, keeps: (state: string) => boolean): Promise<StoredSubtask> {
  const state = await subtask.operatorState();
  const context = state === null ? {} : { context: state.context };
  const managed = (state?.states ?? [])
    .filter(({ meta }) => keeps(meta.name))
    .map((each): StoredOperatorState => ({ meta: each.meta, mode: each.partition.mode, parts: state?.parts(each) ?? [], ...context }));
  const modes = new Map(subtask.metadata.rawOperatorState?.partitions.map(({ name, mode }) => [name, mode]));
  const raw = (await subtask.rawOperatorState())
    .filter((each) => keeps(each.state))
    .map((each): RawOperatorState => ({ name: each.state, mode: modes.get(each.state) ?? 'SPLIT_DISTRIBUTE', parts: each.parts }));
  return { managed, raw };
}

/** Deals state out again, as a restore at another parallelism would: elements in turn, broadcast state to all. */
export function redistributed(subtasks: readonly StoredSubtask[], parallelism: number): StoredSubtask[] {
  const managed = dealt(
    subtasks.map((subtask) => subtask.managed),
    parallelism,
    ({ meta }) => meta.name,
  );
  const raw = dealt(
    subtasks.map((subtask) => subtask.raw),
    parallelism,
    ({ name }) => name,
  );
  return Array.from({ length: parallelism }, (_, i) => ({ managed: managed[i] ?? [], raw: raw[i] ?? [] }));
}

function dealt<T extends { readonly mode: DistributionMode; readonly parts: readonly Uint8Array[] }>(
  subtasks: readonly (readonly T[])[],
  parallelism: number,
  nameOf: (state: T) => string,
): T[][] {
  const byName = new Map<string, T[]>();
  for (const state of subtasks.flat()) {
    const known = byName.get(nameOf(state));
    if (known === undefined) byName.set(nameOf(state), [state]);
    else known.push(state);
  }
  const targets = Array.from({ length: parallelism }, (): T[] => []);
  for (const states of byName.values()) {
    const [first] = states;
    if (first === undefined) continue;
    if (first.mode === 'BROADCAST') {
      for (const target of targets) target.push(first);
      continue;
    }
    const parts = targets.map((): Uint8Array[] => []);
    let next = 0;
    for (const state of states) for (const part of state.parts) parts[next++ % parallelism]?.push(part);
    for (const [i, target] of targets.entries()) target.push({ ...first, parts: parts[i] ?? [] });
  }
  return targets;
}

export function writeManagedState(
  states: readonly StoredOperatorState[],
  output: SnapshotOutput,
  name: string,
): OperatorStateHandle | null {
  if (states.length === 0) return null;
  const { bytes, partitions } = writeStoredOperatorStream(states);
  return { partitions, stream: written(bytes, output, name), merged: null };
}

export function writeRawState(states: readonly RawOperatorState[], output: SnapshotOutput, name: string): OperatorStateHandle | null {
  if (states.length === 0) return null;
  const stream = new OutputStream(output, name);
  const partitions = states.map(({ name: state, mode, parts }) => {
    const offsets = parts.map((part) => {
      const offset = stream.length;
      stream.write(part);
      return offset;
    });
    return { name: state, mode, offsets };
  });
  return { partitions, stream: stream.finish(), merged: null };
}

export function written(bytes: Uint8Array, output: SnapshotOutput, name: string): ReturnType<OutputStream['finish']> {
  const stream = new OutputStream(output, name);
  stream.write(bytes);
  return stream.finish();
}
