import type { Output } from '../operators/operator.ts';
import type { OperatorSpec } from '../plan/operatorSpec.ts';
import { copyOf } from '../state/copyOf.ts';
import { deepFrozen } from '../state/stateScope.ts';
import { ValueCheck } from '../state/valueCheck.ts';
import type { Type } from '../types/type.ts';
import type { ChainNode, ChainOutput, Place, Target } from './chainNode.ts';
import type { Gate, Visit } from './gate.ts';

/** Gives a run of records, [from, to) of the columns, to the head of a chain. */
export type OnBatch = (input: number, values: readonly unknown[], timestamps: readonly number[], from: number, to: number) => void;

/** Records in and out of each node: two numbers a node, at 2 * index and 2 * index + 1. */
export type Counters = Float64Array;

/**
 * The chain as it reads: each operator calls the next through its output. It is the reference for the fused form, and the form
 * that runs behind a gate.
 */
export function plainChain(nodes: readonly ChainNode[], place: Place, counters: Counters, options: PlainChainOptions): OnBatch {
  const { subtask, gate, checked, copies } = options;
  const doors = new Map(
    nodes.map((node) => [node, gate === null ? openDoor(node, place, counters) : gatedDoor(node, subtask, place, counters, gate)]),
  );
  for (const node of nodes) {
    for (const output of [node.output, ...node.sideOutputs.values()])
      output.record = recordOf(node, output.targets, doors, place, counters, copies);
    if (checked) checkOutputs(node);
  }
  const [head] = nodes;
  const door = head === undefined ? undefined : doors.get(head);
  if (door === undefined) throw new Error('a chain has at least one operator');
  return (input, values, timestamps, from, to) => {
    for (let i = from; i < to; i++) door(input, values[i], timestamps[i] ?? 0);
  };
}

interface PlainChainOptions {
  readonly subtask: number;
  readonly gate: Gate | null;
  /** What is emitted is looked at, and frozen. */
  readonly checked: boolean;
  /** Each operator gets a copy of its own. */
  readonly copies: boolean;
}

type Door = (input: number, value: unknown, timestamp: number) => void;

function openDoor(node: ChainNode, place: Place, counters: Counters): Door {
  const into = inputOf(node);
  return (input, value, timestamp) => {
    counters[2 * node.index] = (counters[2 * node.index] ?? 0) + 1;
    place.at = node.plan.index;
    into(input, value, timestamp);
  };
}

function gatedDoor(node: ChainNode, subtask: number, place: Place, counters: Counters, gate: Gate): Door {
  const into = inputOf(node);
  const keyOf = keySelector(node.plan.spec);
  return (input, value, timestamp) => {
    // The record is at the door: the operator has not made its key the current one yet.
    const inspectKey = (): ReturnType<Visit['inspectKey']> => {
      const key = keyOf(input, value);
      return key === undefined ? null : (node.operator.inspectKey?.(key) ?? null);
    };
    const sequence = (counters[2 * node.index] ?? 0) + 1;
    counters[2 * node.index] = sequence;
    place.at = node.plan.index;
    const visit: Visit = {
      uid: node.plan.uid,
      subtask,
      input: input === 0 ? 0 : 1,
      value,
      timestamp,
      watermark: node.valve.watermark,
      sequence,
      inspectKey,
    };
    gate.enter(visit);
    try {
      into(input, value, timestamp);
    } finally {
      gate.leave(visit);
    }
  };
}

/** What is emitted is looked at where it is emitted, not where it would be written, and frozen: others get the same object. */
function checkOutputs(node: ChainNode): void {
  const { uid, emits, sideOutputs } = node.plan;
  const check = (output: ChainOutput, what: string, type: Type<unknown>): void => {
    const { record } = output;
    const values = new ValueCheck(what, type);
    output.record = (value, timestamp) => {
      values.check(value);
      record(deepFrozen(value), timestamp);
    };
  };
  if (emits !== null) check(node.output, `operator "${uid}": the emitted value`, emits);
  for (const [tag, output] of node.sideOutputs) {
    const type = sideOutputs.get(tag);
    if (type !== undefined) check(output, `operator "${uid}", side output "${tag}": the emitted value`, type);
  }
}

/** The key of a record that comes in; undefined where there is none: no keyed operator, or its broadcast input. */
function keySelector(spec: OperatorSpec): (input: number, value: unknown) => unknown {
  if ('keys' in spec) {
    const [first, second] = spec.keys;
    return (input, value) => (input === 0 ? first(value) : second(value)) as unknown;
  }
  if ('key' in spec) return (input, value) => (input === 0 ? (spec.key(value) as unknown) : undefined);
  return () => undefined;
}

/** How a record enters the operator. A source's records are its own: they go straight to its output. */
function inputOf(node: ChainNode): Door {
  const { operator, output } = node;
  if (node.plan.spec.kind === 'source') {
    return (_input, value, timestamp) => {
      output.record(value, timestamp);
    };
  }
  return (input, value, timestamp) => {
    if (input === 0) operator.onRecord(value, timestamp);
    else operator.onRecord2?.(value, timestamp);
  };
}

function recordOf(
  node: ChainNode,
  targets: readonly Target[],
  doors: ReadonlyMap<ChainNode, Door>,
  place: Place,
  counters: Counters,
  copies: boolean,
): Output['record'] {
  return (value, timestamp) => {
    counters[2 * node.index + 1] = (counters[2 * node.index + 1] ?? 0) + 1;
    for (const target of targets) {
      const given = copies ? copyOf(value) : value;
      if (target.kind === 'node') doors.get(target.node)?.(target.input, given, timestamp);
      else {
        place.at = target.receiver.index;
        target.exchange.record(given, timestamp);
      }
    }
    place.at = node.plan.index;
  };
}
