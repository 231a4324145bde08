import type { UserFunction } from '../plan/operatorSpec.ts';
import type { KeyType } from '../types/type.ts';
import type { StreamNode } from './graph.ts';

/** A keyed stream without its types. */
export interface KeyedNode {
  readonly stream: StreamNode;
  readonly key: UserFunction;
  readonly keyType: KeyType<unknown>;
}

/** The node behind a keyed stream that the user passes. */
export function keyedNodeOf(keyed: unknown): KeyedNode {
  if (typeof keyed === 'object' && keyed !== null && 'stream' in keyed && 'keyType' in keyed) return keyed as KeyedNode;
  throw new TypeError('a keyed stream of this pipeline is expected here: call keyBy first');
}
