import type { KeyedStateStatistics } from '../../../src/snapshot/analysis/statistics.ts';
import type { Examination } from '../../../src/snapshot/doctor/examination.ts';

/** An examination in which nothing was looked up beside the headers. */
export const NOTHING: Omit<Examination, 'headers'> = {
  asOf: Date.UTC(2026, 0, 31),
  asOfGiven: true,
  watermarks: new Map(),
  takenAt: null,
  uids: new Map(),
  plan: null,
  other: null,
  statistics: null,
  files: [],
  sinkFiles: null,
  checkpointRoot: null,
  topics: null,
};

/** Statistics of a state that has no entry. */
export const NO_COUNTS: KeyedStateStatistics = {
  state: '',
  group: 'keyed',
  entries: 0,
  keys: 0,
  keyBytes: 0,
  valueBytes: 0,
  keyGroups: [],
  sizes: [],
  largestBytes: 0,
  largestKeys: [],
  timers: null,
  lastAccess: null,
  expired: null,
  unreadable: null,
};
