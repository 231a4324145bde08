import type { BroadcastStateDeclaration } from '../plan/operatorSpec.ts';
import { callerPosition } from '../plan/sourcePosition.ts';
import type { BroadcastStateSpecs } from './contexts.ts';
import { broadcastInput, Call, keyedInput, plainInput, type StreamNode } from './graph.ts';
import type { KeyedNode } from './keyedNode.ts';
import { erased, type MapStateSpec } from './state.ts';

/** The untyped form of what `process` of a connection with a broadcast stream takes. */
interface BroadcastProcess {
  readonly emits: never;
  readonly broadcastState: BroadcastStateSpecs;
  readonly state?: never;
  readonly sideOutputs?: never;
  readonly onRecord: unknown;
  readonly onBroadcast: unknown;
  readonly onTimer?: unknown;
  readonly parallelism?: number;
}

export function broadcastNode(stream: StreamNode, broadcast: StreamNode): unknown {
  return {
    process: (uid: string, spec: BroadcastProcess): unknown => {
      const call = new Call(stream.graph, uid, callerPosition());
      const functions = { onRecord: call.fn('onRecord', spec.onRecord), onBroadcast: call.fn('onBroadcast', spec.onBroadcast) };
      const broadcastStates = declareBroadcast(call, spec.broadcastState);
      return call.add(
        { kind: 'broadcast', broadcastStates, ...functions },
        [plainInput(stream), broadcastInput(broadcast)],
        spec.emits,
        spec,
      );
    },
  };
}

export function keyedBroadcastNode({ stream, key, keyType }: KeyedNode, broadcast: StreamNode): unknown {
  return {
    process: (uid: string, spec: BroadcastProcess): unknown => {
      const call = new Call(stream.graph, uid, callerPosition());
      const functions = {
        onRecord: call.fn('onRecord', spec.onRecord),
        onBroadcast: call.fn('onBroadcast', spec.onBroadcast),
        onTimer: call.optionalFn('onTimer', spec.onTimer),
      };
      const broadcastStates = declareBroadcast(call, spec.broadcastState);
      const states = call.states(spec.state);
      const inputs = [keyedInput(stream, key, keyType), broadcastInput(broadcast)];
      return call.add({ kind: 'keyedBroadcast', key, keyType, states, broadcastStates, ...functions }, inputs, spec.emits, spec);
    },
  };
}

function declareBroadcast(call: Call, specs: BroadcastStateSpecs): BroadcastStateDeclaration[] {
  return Object.entries(specs).map(([name, spec]) => {
    const { key, value } = spec as MapStateSpec<unknown, unknown>;
    if (typeof key !== 'object' || typeof value !== 'object')
      call.fail('state', `broadcast state "${name}" is a map, declared with t.state.map(...)`);
    return { name, key: erased(key), value: erased(value) };
  });
}
