import type { CompletedSnapshot, EngineStatus } from 'tidemark/runtime';
import { countText, sizeText } from 'tidemark/snapshot';
import type { HeapUse } from './heapWatch.ts';

const MB = 1024 * 1024;
/** State that is smaller than this share of the heap, as bytes of a snapshot, does not fill it alone. */
const SMALL_SHARE = 0.05;
/** Share of the machine's memory that a heap may be told to take. */
const USABLE_SHARE = 0.75;

export interface MemoryFailure {
  /** The operator with the largest state; null where none has any. */
  readonly uid: string | null;
  readonly message: string;
}

/** Why a run ends whose heap is nearly full, and what to do. `checkpoint` is the one that was taken for it, or why there is none. */
export function memoryFailure(
  status: Pick<EngineStatus, 'operators'>,
  heap: HeapUse,
  checkpoint: CompletedSnapshot | string,
  machineBytes: number,
): MemoryFailure {
  const largest = largestState(status);
  const parts = [
    `The memory of the run is nearly full: ${sizeText(heap.used)} of ${sizeText(heap.limit)} are in use after a garbage collection.`,
    stateText(largest, heap),
    typeof checkpoint === 'string'
      ? `No checkpoint could be taken before the end: ${checkpoint}.`
      : `Checkpoint ${String(checkpoint.checkpointId)} was taken: ${checkpoint.path}. Go on from it with --from latest.`,
    `What to do: ${moreMemory(heap.limit, machineBytes)}let state expire (ttl), keep less state for each key, or run the pipeline in Apache Flink with RocksDB, which keeps state on disk.`,
  ];
  return { uid: largest?.uid ?? null, message: parts.join(' ') };
}

interface StateOfOperator {
  readonly uid: string;
  readonly bytes: number;
  readonly keys: number;
}

function largestState({ operators }: Pick<EngineStatus, 'operators'>): StateOfOperator | null {
  let largest: StateOfOperator | null = null;
  for (const { uid, subtasks } of operators) {
    const bytes = subtasks.reduce((sum, { stateBytes }) => sum + stateBytes, 0);
    const keys = subtasks.reduce((sum, subtask) => sum + subtask.keys, 0);
    if (bytes > (largest?.bytes ?? 0)) largest = { uid, bytes, keys };
  }
  return largest;
}

function stateText(largest: StateOfOperator | null, heap: HeapUse): string {
  if (largest === null) return 'No operator has state: look at what user code keeps in variables.';
  const { uid, bytes, keys } = largest;
  const text = `Operator "${uid}" has the largest state: about ${sizeText(bytes)} in a snapshot, ${countText(keys)} keys; objects in memory are larger.`;
  return bytes >= SMALL_SHARE * heap.used
    ? text
    : `${text} That is little of what is in use: look also at what user code keeps in variables.`;
}

function moreMemory(limit: number, machineBytes: number): string {
  const megabytes = Math.floor(Math.min(2 * limit, USABLE_SHARE * machineBytes) / MB);
  if (megabytes * MB <= limit) return `run it on a machine with more memory (this one has ${sizeText(machineBytes)}), `;
  return `set the environment variable NODE_OPTIONS to --max-old-space-size=${String(megabytes)} (megabytes), `;
}
