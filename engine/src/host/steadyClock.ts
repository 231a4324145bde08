/** Below this a step back is the everyday work of a time service. */
const NOTED_MS = 1000;

/**
 * Processing time, whole epoch milliseconds: the wall clock, but it never goes back. When the wall clock is set back, it goes on from
 * where it was, at the pace of the monotonic clock, so that intervals and timers do not stop; when the wall clock is set
 * forward, or the machine has slept, it follows.
 */
export function steadyClock(wall: () => number, monotonic: () => number, onSetBack: (byMs: number) => void): () => number {
  let offset = wall() - monotonic();
  let isNoted = false;
  return () => {
    const elapsed = monotonic();
    const behind = offset - (wall() - elapsed);
    if (behind < 0) offset -= behind;
    if (behind < NOTED_MS) isNoted = false;
    else if (!isNoted) {
      isNoted = true;
      onSetBack(behind);
    }
    return Math.floor(offset + elapsed);
  };
}
