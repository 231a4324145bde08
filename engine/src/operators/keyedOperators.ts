import type { OperatorSpec } from '../plan/operatorSpec.ts';
import type { KeyedStateSchema } from '../state/operatorSnapshot.ts';
import { ConnectOperator } from './connectOperator.ts';
import { KeyedBroadcastOperator } from './keyedBroadcastOperator.ts';
import { keyedFunctionSchema } from './keyedFunctionState.ts';
import { KeyedProcessOperator } from './keyedProcessOperator.ts';
import { KeyedReduceOperator, keyedReduceSchema } from './keyedReduceOperator.ts';
import type { Operator } from './operator.ts';

/** Null for operators without a key. */
export function createKeyedOperator(spec: OperatorSpec): Operator | null {
  switch (spec.kind) {
    case 'keyedProcess':
      return new KeyedProcessOperator(spec);
    case 'keyedReduce':
      return new KeyedReduceOperator(spec);
    case 'connect':
      return new ConnectOperator(spec);
    case 'keyedBroadcast':
      return new KeyedBroadcastOperator(spec);
    default:
      return null;
  }
}

/** What the operator's keyed streams in a snapshot hold, by state id; null for operators without a key. */
export function keyedStateSchemaOf(spec: OperatorSpec): KeyedStateSchema | null {
  switch (spec.kind) {
    case 'keyedProcess':
    case 'connect':
    case 'keyedBroadcast':
      return keyedFunctionSchema(spec.keyType, spec.states);
    case 'keyedReduce':
      return keyedReduceSchema(spec);
    default:
      return null;
  }
}
