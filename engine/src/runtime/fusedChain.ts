import { SinkOperator } from '../operators/sinkOperator.ts';
import type { OperatorSpec, UserFunction } from '../plan/operatorSpec.ts';
import { copyOf } from '../state/copyOf.ts';
import type { ChainNode, Place } from './chainNode.ts';
import { chainText } from './chainText.ts';
import type { Counters, OnBatch } from './plainChain.ts';

interface CompiledChain {
  readonly batch0: BatchFunction;
  readonly batch1: BatchFunction;
  readonly outputs: readonly ((value: unknown, timestamp: number) => void)[];
}

type BatchFunction = (values: readonly unknown[], timestamps: readonly number[], from: number, to: number) => void;

/**
 * The chain as one generated program: the same results as `plainChain`, at several times its speed. `name` is unique in the process:
 * V8 would else share what it has learnt of one chain with all others of the same text, and their calls would no longer be inlined.
 */
export function fusedChain(nodes: readonly ChainNode[], place: Place, counters: Counters, name: string, copies: boolean): OnBatch {
  const program = chainText(nodes, copies);
  const environment = {
    f: nodes.map((node) => userFunctionOf(node.plan.spec)),
    o: nodes.map((node) => node.operator),
    w: nodes.map((node) => (node.operator instanceof SinkOperator ? node.operator.writer : null)),
    k: nodes.map((node) => (node.operator instanceof SinkOperator ? node.operator.check : null)),
    x: program.exchanges,
    c: counters,
    p: place,
    y: copyOf,
  };
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the text is ours alone; nothing of the user's is in it
  const compile = new Function('env', `${program.text}\n//# sourceURL=tidemark-chain/${encodeURIComponent(name)}`) as (
    env: object,
  ) => CompiledChain;
  const { batch0, batch1, outputs } = compile(environment);
  program.outputs.forEach((output, i) => {
    const record = outputs[i];
    if (record !== undefined) output.record = record;
  });
  return (input, values, timestamps, from, to) => {
    if (input === 0) batch0(values, timestamps, from, to);
    else batch1(values, timestamps, from, to);
  };
}

/** The user's function of operators that are inside the generated text. */
function userFunctionOf(spec: OperatorSpec): UserFunction | null {
  switch (spec.kind) {
    case 'map':
    case 'filter':
    case 'flatMap':
      return spec.fn;
    case 'watermarks':
      return spec.timestamp;
    default:
      return null;
  }
}
