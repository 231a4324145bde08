import type { Trigger, UserFunction, WindowAssigner, WindowJoinSpec, WindowSpec } from '../plan/operatorSpec.ts';
import { globalWindowNamespace, timeWindowNamespace, voidNamespace } from '../state/namespaces.ts';
import type { KeyedStateDescriptor, KeyedStateSchema } from '../state/operatorSnapshot.ts';
import { reducingSlot } from '../state/stateSlot.ts';
import type { StateSlot } from '../state/stateSlot.ts';
import { long } from '../types/t.ts';
import { TupleType } from '../types/tuple.ts';
import { dataTypeOf, published } from '../types/dataType.ts';
import type { KeyType, Type } from '../types/type.ts';
import { descriptorOf, slotsOf } from './declaredSlots.ts';
import { JoinedContents, windowContentsOf } from './windowContents.ts';
import type { WindowContents } from './windowContents.ts';

/** What window operators need to know, for windows over one stream and joins of two alike. */
export interface WindowSetup {
  readonly keyType: KeyType<unknown>;
  readonly keys: readonly [UserFunction, UserFunction];
  readonly contents: WindowContents;
  readonly assigner: WindowAssigner;
  readonly trigger: Trigger;
  readonly allowedLateness: number;
  readonly lateOutput: string | null;
  readonly process: UserFunction | null;
  readonly windowSlots: readonly StateSlot[];
  readonly globalSlots: readonly StateSlot[];
  readonly layout: WindowLayout;
}

/** State ids. -1 for states that the operator does not have. */
export interface WindowLayout {
  readonly schema: KeyedStateSchema;
  readonly namespace: Type<unknown>;
  readonly mergingSet: number;
  readonly firstWindowState: number;
  readonly firstGlobalState: number;
  readonly triggerState: number;
  readonly eventTimers: number;
  readonly processingTimers: number;
}

/** A session as it is, and the window under which its contents are stored. */
const windowPair = published(
  new TupleType<[unknown, unknown]>([dataTypeOf(timeWindowNamespace), dataTypeOf(timeWindowNamespace)]),
) as unknown as Type<unknown>;

export function windowSetupOf(spec: WindowSpec | WindowJoinSpec): WindowSetup {
  const isJoin = spec.kind === 'windowJoin';
  const contents = isJoin
    ? new JoinedContents(spec.leftType, spec.rightType, spec.join)
    : windowContentsOf(spec.function, spec.elementType);
  const { assigner } = spec;
  const trigger = isJoin ? defaultTrigger(assigner) : spec.trigger;
  const windowSlots = isJoin ? [] : slotsOf(spec.windowStates);
  const globalSlots = isJoin ? [] : slotsOf(spec.globalStates);
  if (assigner.kind === 'session' && windowSlots.length > 0) {
    throw new TypeError('session windows merge and can have no state of their own (ctx.windowState); use ctx.globalState');
  }
  return {
    keyType: spec.keyType,
    keys: isJoin ? spec.keys : [spec.key, spec.key],
    contents,
    assigner,
    trigger,
    allowedLateness: spec.allowedLateness,
    lateOutput: isJoin ? null : spec.lateOutput,
    process: isJoin ? null : spec.function.process,
    windowSlots,
    globalSlots,
    layout: layoutOf(spec.keyType, contents, assigner, trigger, windowSlots, globalSlots),
  };
}

export function defaultTrigger(assigner: WindowAssigner): Trigger {
  if (assigner.kind === 'global') return { kind: 'never' };
  return assigner.time === 'event' ? { kind: 'eventTime' } : { kind: 'processingTime' };
}

/** Whether windows fire once at their end, in their own time, as they do where no trigger is named. */
export function hasDefaultTrigger(setup: WindowSetup): boolean {
  return setup.assigner.kind !== 'global' && defaultTrigger(setup.assigner).kind === setup.trigger.kind;
}

/** The name of what a trigger keeps for each window, as in Flink; null when it keeps nothing. */
function triggerStateName(trigger: Trigger): string | null {
  switch (trigger.kind) {
    case 'count':
      return 'count';
    case 'continuousEventTime':
    case 'continuousProcessingTime':
      return 'fire-time';
    case 'purging':
      return triggerStateName(trigger.of);
    default:
      return null;
  }
}

function layoutOf(
  keyType: KeyType<unknown>,
  contents: WindowContents,
  assigner: WindowAssigner,
  trigger: Trigger,
  windowSlots: readonly StateSlot[],
  globalSlots: readonly StateSlot[],
): WindowLayout {
  const namespace = assigner.kind === 'global' ? globalWindowNamespace : timeWindowNamespace;
  const states: KeyedStateDescriptor[] = [...contents.descriptors(namespace)];
  let mergingSet = -1;
  if (assigner.kind === 'session') {
    mergingSet = states.length;
    const value = { shape: 'list', element: windowPair, ttl: false } as const;
    states.push({ kind: 'LIST', name: 'merging-window-set', namespace: voidNamespace, value });
  }
  const firstWindowState = states.length;
  states.push(...windowSlots.map((slot) => descriptorOf(slot, namespace)));
  const firstGlobalState = states.length;
  states.push(...globalSlots.map((slot) => descriptorOf(slot, voidNamespace)));
  let triggerState = -1;
  const name = triggerStateName(trigger);
  if (name !== null) {
    triggerState = states.length;
    states.push(descriptorOf(reducingSlot(name, long as unknown as Type<unknown>, Math.min as never, null), namespace));
  }
  const eventTimers = states.length;
  states.push({ kind: 'PRIORITY_QUEUE', name: '_timer_state/event_window-timers', namespace });
  states.push({ kind: 'PRIORITY_QUEUE', name: '_timer_state/processing_window-timers', namespace });
  return {
    schema: { keyType, states },
    namespace,
    mergingSet,
    firstWindowState,
    firstGlobalState,
    triggerState,
    eventTimers,
    processingTimers: eventTimers + 1,
  };
}
