/**
 * Deals elements out again when the parallelism has changed, as Flink does: those of all subtasks in a row, in contiguous pieces that
 * differ by at most one, earlier subtasks getting the larger ones. With the same parallelism everyone keeps their own.
 */
export function dealOut<T>(bySubtask: readonly (readonly T[])[], parallelism: number, subtask: number): readonly T[] {
  if (bySubtask.length === parallelism) return bySubtask[subtask] ?? [];
  const all = bySubtask.flat();
  const share = Math.floor(all.length / parallelism);
  const larger = all.length % parallelism;
  const start = subtask * share + Math.min(subtask, larger);
  return all.slice(start, start + share + (subtask < larger ? 1 : 0));
}
