import { MAX_TIMESTAMP, MIN_TIMESTAMP, type Operator, type Output } from '../operators/operator.ts';
import type { PlanOperator } from '../plan/plan.ts';
import type { Exchange } from './exchange.ts';
import { WatermarkValve } from './watermarkValve.ts';

/** Where the engine is at the moment, to name the operator when something throws. */
export interface Place {
  /** Index in `Plan.operators`; -1 outside of all. */
  at: number;
  subtask: number;
}

/** Where an output's records go: an operator of the same chain, or an exchange. */
export type Target =
  | { readonly kind: 'node'; readonly node: ChainNode; readonly input: 0 | 1 }
  | { readonly kind: 'exchange'; readonly exchange: Exchange; readonly receiver: PlanOperator };

/**
 * One operator of one subtask within its chain: what goes from operator to operator beside records. Records take the way that
 * `plainChain` or `fusedChain` lays: both set the `record` of the outputs.
 */
export class ChainNode {
  readonly plan: PlanOperator;
  /** Index in the task. */
  readonly index: number;
  readonly operator: Operator;
  readonly output: ChainOutput;
  readonly sideOutputs: ReadonlyMap<string, ChainOutput>;
  /** Watermarks of the in-edges: those of the chain, or the channels of a head. */
  readonly valve: WatermarkValve;
  /** Whether a subtask's stream is idle passes through operators untouched, except where watermarks are made. */
  readonly makesWatermarks: boolean;
  readonly #place: Place;
  /** Control elements go over every out-edge once: valve inputs of nodes of the chain, and exchanges. */
  readonly #nodes: { readonly node: ChainNode; readonly valveInput: number }[] = [];
  readonly #exchanges: Exchange[] = [];
  #sentIdle = false;
  /** The last watermark that went on from here. */
  sentWatermark = MIN_TIMESTAMP;

  /** `inputOf`: by in-edge or channel, the operator's input that it belongs to; a source has one that nothing is connected to. */
  constructor(
    plan: PlanOperator,
    index: number,
    operator: Operator,
    inputOf: readonly number[],
    connectedTags: Iterable<string>,
    place: Place,
  ) {
    this.plan = plan;
    this.index = index;
    this.operator = operator;
    this.valve = new WatermarkValve(inputOf, (watermark) => this.#deliver(watermark));
    this.makesWatermarks = plan.spec.kind === 'watermarks';
    this.#place = place;
    this.output = new ChainOutput((watermark) => this.#forward(watermark));
    this.sideOutputs = new Map(Array.from(connectedTags, (tag) => [tag, new ChainOutput(ignoreWatermark)]));
  }

  /** Lays an edge to another node of the chain; `valveInput` is its number among the in-edges there. */
  connectNode(sideOutput: string | null, node: ChainNode, input: 0 | 1, valveInput: number): void {
    this.#outputOf(sideOutput).targets.push({ kind: 'node', node, input });
    this.#nodes.push({ node, valveInput });
  }

  connectExchange(sideOutput: string | null, exchange: Exchange, receiver: PlanOperator): void {
    this.#outputOf(sideOutput).targets.push({ kind: 'exchange', exchange, receiver });
    this.#exchanges.push(exchange);
  }

  get exchanges(): readonly Exchange[] {
    return this.#exchanges;
  }

  onWatermark(valveInput: number, watermark: number): void {
    this.valve.onWatermark(valveInput, watermark);
  }

  onIdle(valveInput: number, idle: boolean): void {
    this.valve.onIdle(valveInput, idle);
    if (!this.makesWatermarks) this.sendIdle(this.valve.idle);
  }

  /** Tells all that come after whether this stream is idle, when that has changed. */
  sendIdle(idle: boolean): void {
    if (idle === this.#sentIdle) return;
    this.#sentIdle = idle;
    for (const { node, valveInput } of this.#nodes) node.onIdle(valveInput, idle);
    for (const exchange of this.#exchanges) exchange.control({ kind: 'idle', idle });
  }

  #deliver(watermark: number): void {
    // The end of a stream that was idle is news all the same.
    if (this.makesWatermarks && watermark === MAX_TIMESTAMP) this.sendIdle(false);
    this.#place.at = this.plan.index;
    this.operator.onWatermark(watermark);
  }

  #forward(watermark: number): void {
    this.sentWatermark = watermark;
    for (const { node, valveInput } of this.#nodes) node.onWatermark(valveInput, watermark);
    for (const exchange of this.#exchanges) exchange.control({ kind: 'watermark', watermark });
    this.#place.at = this.plan.index;
  }

  #outputOf(sideOutput: string | null): ChainOutput {
    const output = sideOutput === null ? this.output : this.sideOutputs.get(sideOutput);
    if (output === undefined) throw new Error(`operator "${this.plan.uid}" has no side output "${String(sideOutput)}"`);
    return output;
  }
}

/** What an operator emits to. Watermarks given to the main output go over all edges, those of side outputs included. */
export class ChainOutput implements Output {
  /** Laid by the form of the chain, after all operators have been opened. */
  record: (value: unknown, timestamp: number) => void = tooEarly;
  readonly targets: Target[] = [];
  readonly watermark: (watermark: number) => void;

  constructor(watermark: (watermark: number) => void) {
    this.watermark = watermark;
  }
}

function tooEarly(): void {
  throw new Error('an operator may not emit before its first record');
}

function ignoreWatermark(): void {
  // The main output sends watermarks over all edges.
}
