import type { DistributionMode } from '../stateMetaInfo.ts';

/** What `_metadata` says: which operators the snapshot has, and where the state of each subtask is. */
export interface SnapshotMetadata {
  /** 2 to 6. */
  readonly version: number;
  readonly checkpointId: number;
  readonly masterStates: readonly MasterState[];
  readonly operators: readonly OperatorMetadata[];
  /** A Java object, from version 4 on; null before. */
  readonly properties: Uint8Array | null;
}

export interface MasterState {
  readonly version: number;
  readonly name: string;
  readonly payload: Uint8Array;
}

export interface OperatorMetadata {
  /** 32 hex digits. */
  readonly operatorId: string;
  /** Name and uid are in the file from version 5 on; null before, and where they were not given. */
  readonly name: string | null;
  readonly uid: string | null;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly coordinatorState: StreamHandle | null;
  /** All its subtasks had ended; none are listed. */
  readonly finished: boolean;
  readonly subtasks: readonly SubtaskMetadata[];
}

export interface SubtaskMetadata {
  readonly index: number;
  /** It had ended; it has no state. */
  readonly finished: boolean;
  readonly managedOperatorState: OperatorStateHandle | null;
  readonly rawOperatorState: OperatorStateHandle | null;
  readonly managedKeyedState: KeyedStateHandle | null;
  readonly rawKeyedState: KeyedStateHandle | null;
  readonly inputChannels: readonly ChannelHandle[];
  readonly resultSubpartitions: readonly ChannelHandle[];
}

/** Where a stream of bytes is. Sizes in bytes. */
export type StreamHandle =
  | { readonly kind: 'inline'; readonly name: string; readonly data: Uint8Array }
  /** An absolute URI; checkpoints have these. */
  | { readonly kind: 'file'; readonly path: string; readonly size: number }
  /** Relative to the folder of `_metadata`. */
  | { readonly kind: 'relativeFile'; readonly path: string; readonly size: number }
  /** A part of a file that several streams share. */
  | {
      readonly kind: 'segment';
      readonly start: number;
      readonly size: number;
      readonly shared: boolean;
      readonly path: string;
      readonly logicalFileId: string;
    }
  | { readonly kind: 'emptySegment' }
  | {
      readonly kind: 'keyGroups';
      readonly firstKeyGroup: number;
      readonly offsets: readonly number[];
      readonly stream: StreamHandle | null;
    };

export interface OperatorStateHandle {
  readonly partitions: readonly OperatorStatePartition[];
  readonly stream: StreamHandle | null;
  /** Of the file-merging form. */
  readonly merged: { readonly taskOwnedFolder: string; readonly sharedFolder: string; readonly empty: boolean } | null;
}

export interface OperatorStatePartition {
  readonly name: string;
  readonly mode: DistributionMode;
  /** Positions in the stream: one an element; broadcast state has exactly one. */
  readonly offsets: readonly number[];
}

export type KeyedStateHandle =
  | KeyGroupsHandle
  | {
      readonly kind: 'incremental';
      readonly version: 1 | 2;
      readonly checkpointId: number;
      readonly backendId: string;
      readonly firstKeyGroup: number;
      readonly keyGroupCount: number;
      readonly checkpointedSize: number;
      readonly header: StreamHandle | null;
      readonly shared: readonly NamedStream[];
      readonly private: readonly NamedStream[];
      readonly id: string;
    }
  | {
      readonly kind: 'changelog';
      readonly version: 1 | 2;
      readonly firstKeyGroup: number;
      readonly keyGroupCount: number;
      readonly checkpointedSize: number;
      readonly base: readonly KeyedStateHandle[];
      readonly delta: readonly KeyedStateHandle[];
      readonly materializationId: number;
      readonly checkpointId: number;
      readonly id: string;
    }
  | {
      readonly kind: 'changelogMemory';
      readonly firstKeyGroup: number;
      readonly keyGroupCount: number;
      readonly from: number;
      readonly to: number;
      /** Key group -1 holds what concerns them all. */
      readonly changes: readonly { readonly keyGroup: number; readonly change: Uint8Array }[];
      readonly id: string;
    }
  | {
      readonly kind: 'changelogFiles';
      readonly version: 1 | 2;
      readonly firstKeyGroup: number;
      readonly keyGroupCount: number;
      readonly streams: readonly { readonly offset: number; readonly stream: StreamHandle | null }[];
      readonly stateSize: number;
      readonly checkpointedSize: number;
      readonly id: string;
      readonly storageId: string;
    };

/** Keyed state as one stream with an offset for each key group. */
export interface KeyGroupsHandle {
  readonly kind: 'keyGroups';
  /** `savepoint` is always in the canonical layout; the others may be in either. */
  readonly form: 'plain' | 'savepoint' | 'identified';
  readonly firstKeyGroup: number;
  readonly offsets: readonly number[];
  readonly stream: StreamHandle | null;
  /** Only of the form `identified`; else empty. */
  readonly id: string;
}

export interface NamedStream {
  readonly name: string;
  readonly stream: StreamHandle | null;
}

/** Records in flight, in unaligned checkpoints. */
export type ChannelHandle =
  | {
      readonly kind: 'channel';
      readonly subtask: number;
      /** Gate and channel of an input; partition and subpartition of a result. */
      readonly first: number;
      readonly second: number;
      readonly offsets: readonly number[];
      readonly size: number;
      readonly stream: StreamHandle | null;
    }
  | {
      readonly kind: 'merged';
      readonly subtask: number;
      readonly size: number;
      readonly stream: StreamHandle | null;
      readonly offsets: Uint8Array;
    };
