import type { ConnectorHost } from '../operators/connector.ts';
import { createOperator } from '../operators/createOperator.ts';
import { keyedStateSchemaOf } from '../operators/keyedOperators.ts';
import type { Operator, OperatorContext } from '../operators/operator.ts';
import type { Plan, PlanOperator } from '../plan/plan.ts';
import type { RestoredOperator } from '../state/operatorSnapshot.ts';
import { ChainNode, type Place } from './chainNode.ts';
import { Channel } from './channel.ts';
import type { EngineEnvironment } from './engine.ts';
import { createExchange } from './exchange.ts';
import { fusedChain } from './fusedChain.ts';
import type { PhysicalTask } from './physicalPlan.ts';
import { plainChain } from './plainChain.ts';
import type { RestoredState } from './snapshotStore.ts';
import { Task, type Acknowledge } from './task.ts';
import { UserMetrics } from './userMetrics.ts';

/** What all tasks of one attempt at running the plan share. */
export interface Attempt {
  readonly plan: Plan;
  readonly physical: readonly PhysicalTask[];
  readonly environment: EngineEnvironment;
  readonly form: ChainForm;
  /** Values are checked and frozen where they are emitted and stored. Needs the plain form. */
  readonly checked: boolean;
  /** Null starts from scratch. */
  readonly restored: RestoredState | null;
  /** From 0; makes the names of generated programs unique. */
  readonly number: number;
  /** Processing time: the host's clock as it was before the batch at hand. */
  readonly clock: { now: number };
  readonly acknowledge: Acknowledge;
  /** Written before anything can throw: the operator that is opened, or that runs. */
  readonly place: Place;
}

/** Records run through one generated program a chain, or from operator object to operator object. */
export type ChainForm = 'fused' | 'plain';

/** Makes, opens and restores all tasks, in topological order, the subtasks of a task next to each other. */
export function buildTasks(attempt: Attempt): Task[] {
  const channels = attempt.physical.map((task) => inputChannels(attempt.physical, task));
  const opened: ChainNode[] = [];
  try {
    return attempt.physical.flatMap((task) =>
      Array.from({ length: task.parallelism }, (_, subtask) => new TaskBuilder(attempt, task, subtask, channels, opened).build()),
    );
  } catch (error) {
    for (const { operator } of opened) closeQuietly(operator);
    throw error;
  }
}

/** The error that stopped the start is the one to tell. */
function closeQuietly(operator: Operator): void {
  try {
    operator.close?.();
  } catch {
    // It was opened half at best.
  }
}

/** `channels[input][sender][receiver]`: null where a forward edge leads elsewhere. */
type ChannelTable = readonly (readonly (readonly (Channel | null)[])[])[];

function inputChannels(physical: readonly PhysicalTask[], task: PhysicalTask): ChannelTable {
  return task.inputs.map(({ fromTask, edge }) => {
    const senders = physical[fromTask]?.parallelism ?? 0;
    const isPointwise = edge.partitioning.kind === 'forward' && senders === task.parallelism;
    return Array.from({ length: senders }, (_, sender) =>
      Array.from({ length: task.parallelism }, (_unused, receiver) =>
        isPointwise && sender !== receiver ? null : new Channel(edge.input),
      ),
    );
  });
}

class TaskBuilder {
  readonly #attempt: Attempt;
  readonly #task: PhysicalTask;
  readonly #subtask: number;
  readonly #channels: readonly ChannelTable[];
  readonly #opened: ChainNode[];

  /** Adds what it opens to `opened`. */
  constructor(attempt: Attempt, task: PhysicalTask, subtask: number, channels: readonly ChannelTable[], opened: ChainNode[]) {
    this.#opened = opened;
    this.#attempt = attempt;
    this.#task = task;
    this.#subtask = subtask;
    this.#channels = channels;
  }

  build(): Task {
    const { place, environment, form, checked, plan, number, acknowledge } = this.#attempt;
    const copies = plan.options.copyRecords;
    place.subtask = this.#subtask;
    const inputs = (this.#channels[this.#task.index] ?? []).flatMap((senders) =>
      senders.flatMap((receivers) => receivers[this.#subtask] ?? []),
    );
    const metrics = this.#task.operators.map(() => new UserMetrics());
    const nodes = this.#task.operators.map((operator, index) => this.#node(operator, index, inputs, metrics[index] ?? new UserMetrics()));
    this.#connect(nodes);
    this.#open(nodes, metrics);
    const counters = new Float64Array(2 * nodes.length);
    const name = `${plan.name}/${String(number)}/${nodes[0]?.plan.uid ?? ''}/${String(this.#subtask)}`;
    const onBatch =
      form === 'fused'
        ? fusedChain(nodes, place, counters, name, copies)
        : plainChain(nodes, place, counters, { subtask: this.#subtask, gate: environment.gate, checked, copies });
    return new Task({ nodes, subtask: this.#subtask, channels: inputs, place, counters, metrics, onBatch, acknowledge });
  }

  #node(planned: PlanOperator, index: number, channels: readonly Channel[], metrics: UserMetrics): ChainNode {
    const { plan, environment, place } = this.#attempt;
    place.at = planned.index;
    const host = withCounters(environment.host, metrics);
    const operator = createOperator(plan, planned, host);
    const inputs: readonly { readonly input: number }[] = index === 0 ? channels : planned.inputs;
    const inputOf = inputs.length === 0 ? [0] : inputs.map(({ input }) => input);
    return new ChainNode(planned, index, operator, inputOf, connectedTags(plan, planned), place);
  }

  #connect(nodes: readonly ChainNode[]): void {
    const nodeOf = new Map(nodes.map((node) => [node.plan.index, node]));
    for (const node of nodes.slice(1)) {
      node.plan.inputs.forEach((edge, i) => {
        nodeOf.get(edge.from)?.connectNode(edge.sideOutput, node, edge.input, i);
      });
    }
    const { physical, plan } = this.#attempt;
    for (const receiver of physical) {
      receiver.inputs.forEach(({ edge }, i) => {
        const sender = nodeOf.get(edge.from);
        const [head] = receiver.operators;
        if (sender === undefined || head === undefined) return;
        const channels = (this.#channels[receiver.index]?.[i]?.[this.#subtask] ?? []).flatMap((channel) => channel ?? []);
        const exchange = createExchange(edge.partitioning, channels, this.#subtask, plan.options.maxParallelism, head.uid);
        sender.connectExchange(edge.sideOutput, exchange, head);
      });
    }
  }

  /** All operators of a chain are open and restored before any record moves. */
  #open(nodes: readonly ChainNode[], metrics: readonly UserMetrics[]): void {
    const { place, restored } = this.#attempt;
    for (const node of nodes) {
      place.at = node.plan.index;
      const { operator, plan } = node;
      this.#opened.push(node);
      operator.open(this.#context(node, metrics[node.index] ?? new UserMetrics()));
      const state = restored?.operator(plan.uid, this.#subtask, plan.parallelism, keyedStateSchemaOf(plan.spec)) ?? NOTHING;
      operator.restore?.(state);
    }
  }

  #context(node: ChainNode, metrics: UserMetrics): OperatorContext {
    const { plan, environment, clock } = this.#attempt;
    return {
      uid: node.plan.uid,
      subtask: this.#subtask,
      parallelism: node.plan.parallelism,
      maxParallelism: plan.options.maxParallelism,
      output: node.output,
      sideOutputs: node.sideOutputs,
      now: () => clock.now,
      random: () => environment.host.random(),
      counter: (name) => metrics.counter(name),
      gauge: (name, read) => {
        metrics.gauge(name, read);
      },
      freezeStateValues: this.#attempt.checked,
    };
  }
}

/** The host as an operator's connector gets it: what it counts belongs to the operator. */
function withCounters(host: ConnectorHost, metrics: UserMetrics): ConnectorHost {
  return {
    files: host.files,
    now: () => host.now(),
    random: () => host.random(),
    log: (level, message) => {
      host.log(level, message);
    },
    print: (line) => {
      host.print(line);
    },
    counter: (name) => metrics.counter(name),
    outputs: host.outputs,
  };
}

/** Tags of the side outputs that somebody reads. */
function connectedTags(plan: Plan, from: PlanOperator): ReadonlySet<string> {
  const edges = plan.operators.flatMap((operator) => operator.inputs).filter((edge) => edge.from === from.index);
  return new Set(edges.flatMap((edge) => edge.sideOutput ?? []));
}

/** A fresh start: every operator is restored, from nothing. */
const NOTHING: RestoredOperator = {
  known: false,
  readKeyed: () => undefined,
  listState: () => [],
  broadcastState: () => [],
};
