import type { KeyType, Type } from '../types/type.ts';

/** An operator's frozen state, on its way to a snapshot. Code that receives it writes it piece by piece in the background. */
export interface OperatorSnapshot {
  readonly keyed: FrozenKeyedState | null;
  readonly operatorStates: readonly OperatorStateSnapshot[];
}

/** What Flink keeps of a keyed backend in the header of its stream. The position in `states` is the state id. */
export interface KeyedStateSchema {
  readonly keyType: KeyType<unknown>;
  readonly states: readonly KeyedStateDescriptor[];
}

export type KeyedStateDescriptor =
  | {
      /** For LIST `value` is the list type, for MAP the map type, for AGGREGATING the accumulator; TTL wrapped in, as Flink stores it. */
      readonly kind: 'VALUE' | 'LIST' | 'MAP' | 'REDUCING' | 'AGGREGATING';
      readonly name: string;
      readonly namespace: Type<unknown>;
      readonly value: StateValueType;
    }
  | {
      readonly kind: 'PRIORITY_QUEUE';
      /** Flink's names: `_timer_state/event_user-timers` ... */
      readonly name: string;
      readonly namespace: Type<unknown>;
    };

/** The user's types of a state; restore and writer put Flink's List, Map and Ttl serializers around them. */
export type StateValueType =
  | { readonly shape: 'single'; readonly type: Type<unknown>; readonly ttl: boolean }
  | { readonly shape: 'list'; readonly element: Type<unknown>; readonly ttl: boolean }
  | { readonly shape: 'map'; readonly key: Type<unknown>; readonly value: Type<unknown>; readonly ttl: boolean };

/**
 * Keyed state as of a barrier. Key groups come in ascending order, each once, as finished canonical key-group blocks
 * (uncompressed, `snapshot/keyed/keyGroupBlock.ts` writes them); empty groups are left out.
 */
export interface FrozenKeyedState {
  readonly schema: KeyedStateSchema;
  readonly keyGroups: KeyGroupRange;
  /**
   * Writes for about `budgetMs` milliseconds of work; true when everything is out. Never blocks the stream longer than that.
   * `clock` measures them: the operator's own clock stops between batches, where this is called. Without it, that clock does.
   */
  advance(sink: (keyGroup: number, block: Uint8Array) => void, budgetMs: number, clock?: () => number): boolean;
  /** The snapshot was given up: forget it. */
  release(): void;
}

/** Both ends inclusive. */
export interface KeyGroupRange {
  readonly start: number;
  readonly end: number;
}

export type OperatorStateSnapshot =
  | {
      readonly mode: 'SPLIT_DISTRIBUTE' | 'UNION';
      readonly name: string;
      readonly element: Type<unknown>;
      readonly elements: readonly unknown[];
    }
  | {
      readonly mode: 'BROADCAST';
      readonly name: string;
      readonly key: Type<unknown>;
      readonly value: Type<unknown>;
      readonly entries: readonly (readonly [unknown, unknown])[];
    };

/** What a subtask gets back: only its own key groups and its share of operator state, values already of this plan's types. */
export interface RestoredOperator {
  /** Feeds every keyed entry and timer to `into`; nothing is kept. */
  readKeyed(into: KeyedStateImporter): void;
  /** Elements of a list state by name; empty when the snapshot has none. */
  listState(name: string): readonly unknown[];
  broadcastState(name: string): readonly (readonly [unknown, unknown])[];
  /** True where the snapshot knows this operator at all: tells a new operator from one with empty state. */
  readonly known: boolean;
}

/** States are named by their index in the operator's own KeyedStateSchema. `lastAccess` is meaningful for TTL states only, else 0. */
export interface KeyedStateImporter {
  single(state: number, keyGroup: number, key: unknown, namespace: unknown, value: unknown, lastAccess: number): void;
  list(state: number, keyGroup: number, key: unknown, namespace: unknown, elements: unknown[], lastAccess: number[]): void;
  mapEntry(state: number, keyGroup: number, key: unknown, namespace: unknown, userKey: unknown, value: unknown, lastAccess: number): void;
  timer(state: number, keyGroup: number, key: unknown, namespace: unknown, timestamp: number): void;
}
