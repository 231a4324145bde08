import type { Examination } from '../../../src/snapshot/doctor/examination.ts';

/** An examination in which nothing was looked up beside the headers. */
export const NOTHING: Omit<Examination, 'headers'> = {
  asOf: Date.UTC(2026, 0, 31),
  asOfGiven: true,
  takenAt: null,
  uids: new Map(),
  plan: null,
  other: null,
  statistics: null,
  files: [],
  checkpointRoot: null,
  topics: null,
};
