import type { Type } from '../types/type.ts';
import type { UserFunction } from './userFunction.ts';

/** What `t.state.*` declares, named by its key in the `state` object. */
export type StateDeclaration =
  | { readonly kind: 'value'; readonly name: string; readonly type: Type<unknown>; readonly ttl: TtlDeclaration | null }
  | { readonly kind: 'list'; readonly name: string; readonly element: Type<unknown>; readonly ttl: TtlDeclaration | null }
  | {
      readonly kind: 'map';
      readonly name: string;
      readonly key: Type<unknown>;
      readonly value: Type<unknown>;
      readonly ttl: TtlDeclaration | null;
    }
  | {
      readonly kind: 'reducing';
      readonly name: string;
      readonly type: Type<unknown>;
      readonly reduce: UserFunction;
      readonly ttl: TtlDeclaration | null;
    }
  | {
      readonly kind: 'aggregating';
      readonly name: string;
      readonly accumulator: Type<unknown>;
      readonly create: UserFunction;
      readonly add: UserFunction;
      readonly result: UserFunction;
      readonly merge: UserFunction | null;
      readonly ttl: TtlDeclaration | null;
    };

/** Processing-time expiry, as Flink's StateTtlConfig with NeverReturnExpired. */
export interface TtlDeclaration {
  /** Milliseconds. */
  readonly time: number;
  /** What renews the time: a write, or a read as well. */
  readonly update: 'onWrite' | 'onReadAndWrite';
  /** Entries that each access looks at, to remove those that have expired: Flink's cleanupIncrementally. 0: none. Absent: 5, Flink's default. */
  readonly cleanupSize?: number;
}
