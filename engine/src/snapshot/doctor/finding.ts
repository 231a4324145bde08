/** Something in a snapshot that will hurt later. Plain data. */
export interface DoctorFinding {
  /** `info` is worth knowing, and nothing needs to be done about it. */
  readonly severity: 'error' | 'warning' | 'info';
  readonly code: DoctorCode;
  /** Where: an operator's label and id, a state, a file; null where it concerns the whole. */
  readonly operator: string | null;
  readonly operatorId: string | null;
  readonly state: string | null;
  readonly file: string | null;
  /** What it is and what it will do. */
  readonly message: string;
  /**
   * What to do about it; null where nothing is to be done. A command is in a line of its own, which begins with `tidemark ` and works as it
   * is; SNAPSHOT and OUT stand for the snapshot and for a new folder.
   */
  readonly remedy: string | null;
}

/** Every rule has one. */
export const DOCTOR_CODES = [
  'noUid',
  'unknownUid',
  'sqlPlan',
  'kryo',
  'noSchema',
  'unreadable',
  'damaged',
  'missingFile',
  'movedFiles',
  'filesOutside',
  'absolutePaths',
  'sharedFiles',
  'unreferencedFiles',
  'unfinishedCheckpoint',
  'nativeLayout',
  'timersLeftOut',
  'timersDue',
  'unionGrows',
  'unstableKey',
  'windowsWithoutTimer',
  'sinkFileGone',
  'transactionsExpire',
  'topicsUnknown',
  'topicGone',
  'offsetsGone',
  'offsetsAhead',
  'inFlight',
  'skewedKeyGroups',
  'hugeKey',
  'expiredEntries',
  'maxParallelism',
  'notInPlan',
  'notInOther',
  'differsFromOther',
  'upgradeKryo',
  'upgradeCollections',
  'upgradeScala',
  'upgradeLegacyState',
  'metadataVersion',
] as const;

export type DoctorCode = (typeof DOCTOR_CODES)[number];

/** Orders findings: what is worst comes first. */
export const SEVERITIES: readonly DoctorFinding['severity'][] = ['error', 'warning', 'info'];
