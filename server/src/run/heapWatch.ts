import { totalmem } from 'node:os';
import { constants, PerformanceObserver } from 'node:perf_hooks';
import type { PerformanceEntry } from 'node:perf_hooks';
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8';
import { SEMI_SPACE_MB } from './launch.ts';

/**
 * V8 ends a process without a word of ours when its heap is full: what is free beyond this share of the limit leaves time for a
 * checkpoint. V8 collects garbage at the latest when half of what was free is used, so that a heap that fills is seen in time.
 */
const NEAR = 0.85;
const MB = 1024 * 1024;

/** Bytes of the old generation, where everything is that stays. */
export interface HeapUse {
  readonly used: number;
  readonly limit: number;
}

/** Whether a run has to end; `use` is that after a garbage collection. */
export function isNearLimit({ used, limit }: HeapUse): boolean {
  return used >= NEAR * limit;
}

/** Tells `listener` what is in use after each collection of the whole heap of this process. Returns what ends that. */
export type WatchHeap = (listener: (use: HeapUse) => void) => () => void;

export const watchHeap: WatchHeap = (listener) => {
  const observer = new PerformanceObserver((list) => {
    if (list.getEntries().some(isOfWholeHeap)) listener(ownUse());
  });
  observer.observe({ entryTypes: ['gc'] });
  return () => observer.disconnect();
};

function isOfWholeHeap(entry: PerformanceEntry): boolean {
  return (
    (entry as PerformanceEntry & { readonly detail?: { readonly kind?: number } }).detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR
  );
}

function ownUse(): HeapUse {
  const old = getHeapSpaceStatistics().filter(({ space_name }) => !space_name.startsWith('new_'));
  return {
    used: old.reduce((sum, { space_used_size }) => sum + space_used_size, 0),
    // V8 counts the young generation in, which has three semi-spaces.
    limit: getHeapStatistics().heap_size_limit - 3 * SEMI_SPACE_MB * MB,
  };
}

/** Bytes of memory that this process may have. */
export function machineMemory(): number {
  // Not in the first releases of Node 20.
  const constrained = (process as { constrainedMemory?: () => number | undefined }).constrainedMemory?.() ?? 0;
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}
