/** The byte in front of a handle that says what it is. */
export const STREAM_TAG = { none: 0, inline: 1, file: 2, keyGroups: 3, relativeFile: 6, segment: 15, emptySegment: 16 } as const;

export const OPERATOR_TAG = { none: 0, partitionable: 4, merged: 17 } as const;

export const KEYED_TAG = {
  none: 0,
  keyGroups: 3,
  incremental1: 5,
  savepoint: 7,
  changelog1: 8,
  changelogMemory: 9,
  changelogFiles1: 10,
  incremental2: 11,
  keyGroupsIdentified: 12,
  changelogFiles2: 13,
  changelog2: 14,
} as const;

export const CHANNEL_TAG = { input: 1, result: 2, mergedInput: 3, mergedResult: 4 } as const;

/** In the order of their bytes. */
export const MODES = ['SPLIT_DISTRIBUTE', 'UNION', 'BROADCAST'] as const;
