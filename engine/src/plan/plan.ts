import type { KeyType, Type } from '../types/type.ts';
import type { OperatorSpec } from './operatorSpec.ts';

/** What the builder made of a pipeline module: plain data and the user's functions, nothing that runs. */
export interface Plan {
  readonly name: string;
  readonly options: PipelineOptions;
  /** In topological order: every operator comes after its inputs. */
  readonly operators: readonly PlanOperator[];
  readonly parameters: readonly ParameterDeclaration[];
}

export interface PipelineOptions {
  /** Milliseconds between checkpoints; 0 takes none. */
  readonly checkpointInterval: number;
  /** How many completed checkpoints are kept. */
  readonly retainedCheckpoints: number;
  readonly restart: RestartStrategy;
  readonly parallelism: number;
  /** 1 to 32768; 128 is what Flink assumes where nothing is set. */
  readonly maxParallelism: number;
  /** Nobody has set it: a snapshot's is taken over. */
  readonly isDefaultMaxParallelism?: boolean;
  /** Each operator gets a copy of its records of its own, as in Flink without object reuse. */
  readonly copyRecords: boolean;
}

/** Delays in milliseconds. The exponential one begins again, attempts included, after a run of `maxDelay` without a failure. */
export type RestartStrategy =
  | { readonly kind: 'none' }
  | { readonly kind: 'fixedDelay'; readonly attempts: number; readonly delay: number }
  | {
      readonly kind: 'exponentialDelay';
      readonly initialDelay: number;
      readonly maxDelay: number;
      readonly multiplier: number;
      readonly attempts: number;
    };

export interface PlanOperator {
  /** Index in `Plan.operators`. */
  readonly index: number;
  readonly uid: string;
  /** 32 hex digits: murmur3 x64 128 of the uid, as Flink's. */
  readonly operatorId: string;
  readonly spec: OperatorSpec;
  /** One a physical input edge. Several edges may feed the same input (union). */
  readonly inputs: readonly Edge[];
  /** Type of the main output; null for sinks. */
  readonly emits: Type<unknown> | null;
  readonly sideOutputs: ReadonlyMap<string, Type<unknown>>;
  readonly parallelism: number;
  readonly position: SourcePosition | null;
}

export interface Edge {
  /** `Plan.operators` index of the operator that the records come from. */
  readonly from: number;
  /** Null for the main output, else the side output's tag. */
  readonly sideOutput: string | null;
  /** Which input of the receiving operator: 0 or 1. */
  readonly input: 0 | 1;
  readonly partitioning: Partitioning;
}

export type Partitioning =
  | { readonly kind: 'forward' }
  | { readonly kind: 'rebalance' }
  | { readonly kind: 'broadcast' }
  | { readonly kind: 'hash'; readonly key: (record: never) => unknown; readonly keyType: KeyType<unknown> };

/** Where a builder call is. File as the stack trace gives it (bundled) until a source map has been applied. Line and column from 1. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface ParameterDeclaration {
  readonly name: string;
  readonly kind: 'string' | 'number' | 'boolean' | 'duration';
  readonly description: string;
  readonly secret: boolean;
  /** Null where it is secret: a plan may be shown and sent. */
  readonly value: string | number | boolean | null;
  /** Null where it is secret. */
  readonly defaultValue: string | number | boolean | null;
  readonly origin: 'default' | 'launch' | 'commandLine' | 'file' | 'environment';
}
