import type { OperatorSpec } from '../plan/operatorSpec.ts';
import type { KeyedStateSchema } from '../state/operatorSnapshot.ts';
import { AlignedWindowOperator } from './alignedWindowOperator.ts';
import { ConnectOperator } from './connectOperator.ts';
import { IntervalJoinOperator, intervalJoinSchema } from './intervalJoinOperator.ts';
import { KeyedBroadcastOperator } from './keyedBroadcastOperator.ts';
import { keyedFunctionSchema } from './keyedFunctionState.ts';
import { KeyedProcessOperator } from './keyedProcessOperator.ts';
import { KeyedReduceOperator, keyedReduceSchema } from './keyedReduceOperator.ts';
import type { Operator } from './operator.ts';
import { SessionWindowOperator } from './sessionWindowOperator.ts';
import { TriggeredWindowOperator } from './triggeredWindowOperator.ts';
import type { WindowOperator } from './windowOperator.ts';
import { hasDefaultTrigger, windowSetupOf } from './windowSetup.ts';
import type { WindowSetup } from './windowSetup.ts';

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
    case 'window':
    case 'windowJoin':
      return windowOperatorOf(windowSetupOf(spec));
    case 'intervalJoin':
      return new IntervalJoinOperator(spec);
    default:
      return null;
  }
}

/** The two common cases have operators of their own, which need no timers for each window. */
function windowOperatorOf(setup: WindowSetup): WindowOperator {
  if (!hasDefaultTrigger(setup)) return new TriggeredWindowOperator(setup);
  return setup.assigner.kind === 'session' ? new SessionWindowOperator(setup) : new AlignedWindowOperator(setup);
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
    case 'window':
    case 'windowJoin':
      return windowSetupOf(spec).layout.schema;
    case 'intervalJoin':
      return intervalJoinSchema(spec);
    default:
      return null;
  }
}
