/** What a change does: the codes of Flink 1.15 and later. */
export const CHANGE = {
  clear: 0,
  set: 1,
  setInternal: 2,
  add: 3,
  mergeNamespaces: 4,
  addElement: 5,
  addOrUpdateElement: 6,
  removeElement: 7,
  /** Declares a state. */
  metadata: 8,
} as const;
