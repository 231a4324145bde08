import { isAsynchronous, type StateMetaInfo } from './stateMetaInfo.ts';

/** Flink 2.0, the first with ForSt, writes metadata of this version. */
const FIRST_VERSION_WITH_FORST = 5;

export function hasForSt(metadataVersion: number): boolean {
  return metadataVersion >= FIRST_VERSION_WITH_FORST;
}

/** Whether states, by their declarations, were written by ForSt. Without asynchronous state nothing tells it from RocksDB. */
export function usesForSt(states: readonly StateMetaInfo[]): boolean {
  return states.some(isAsynchronous);
}

/** What wrote tables of keyed state, as far as that is known: ForSt's tables and handles are those of RocksDB. */
export function tablesOf(metadataVersion: number, isForSt: boolean): string {
  if (isForSt) return 'ForSt';
  return hasForSt(metadataVersion) ? 'RocksDB or ForSt' : 'RocksDB';
}
