export { ByteReader } from './bytes/byteReader.ts';
export { FormatError } from './bytes/formatError.ts';
export { describeStates, type OperatorDescription, type StateDescription } from './describeStates.ts';
export { dumpLines } from './dump.ts';
export type { KeyedEntry } from './keyed/stateCodec.ts';
export type { KeyedState, KeyGroupSection } from './keyed/keyedState.ts';
export { readSnapshot, type Snapshot, type SnapshotOperator } from './snapshot.ts';
export { snapshotFolder, type SnapshotStorage } from './storage/snapshotStorage.ts';
export { dumpText, Floating, isList, type DumpValue } from './values/dumpValue.ts';
