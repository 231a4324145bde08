import { SinkOperator } from '../operators/sinkOperator.ts';
import type { ChainNode, ChainOutput, Target } from './chainNode.ts';
import type { Exchange } from './exchange.ts';

/**
 * Writes the program of a fused chain: JavaScript text in which the operators between two keyed ones are inside each other,
 * so that a record runs through them without a call of ours. The user's functions and the other operators come in as `env`:
 *
 *     f[k]  the user's function of node k        o[k]  the operator object of node k
 *     w[k]  the writer of the sink at node k     x[k]  the exchange number k
 *     c     counters: records in and out         p     the place, to name the operator that throws
 *     k[k]  the check of what comes to the sink at node k, where there is one
 *     y     copies a value, where `copies` gives each operator its own
 *
 * It returns `{ batch0, batch1, outputs }`: the entries of the head, and the functions that operators which stand for themselves emit to.
 */
export function chainText(nodes: readonly ChainNode[], copies: boolean): ChainProgram {
  return new ChainWriter(nodes, copies).write();
}

export interface ChainProgram {
  readonly text: string;
  /** `x` of the environment. */
  readonly exchanges: readonly Exchange[];
  /** In the order of `outputs`. */
  readonly outputs: readonly ChainOutput[];
}

/** Counters of a batch are locals that are added up at its end; elsewhere they are counted in place. */
interface Scope {
  readonly inBatch: boolean;
  readonly counters: Map<string, string>;
  /** Watermark operators whose highest timestamp is a local of the batch. */
  readonly watermarks: Set<number>;
}

class ChainWriter {
  readonly #nodes: readonly ChainNode[];
  readonly #copies: boolean;
  readonly #exchanges: Exchange[] = [];
  readonly #outputs: ChainOutput[] = [];
  readonly #constants: string[] = [];
  readonly #functions: string[] = [];
  /** How many edges of the chain lead to a node: with several, its code is in a function of its own. */
  readonly #entries: number[];
  #names = 0;

  constructor(nodes: readonly ChainNode[], copies: boolean) {
    this.#nodes = nodes;
    this.#copies = copies;
    this.#entries = nodes.map(() => 0);
    for (const node of nodes) {
      for (const target of allTargets(node))
        if (target.kind === 'node') this.#entries[target.node.index] = this.#entriesOf(target.node) + 1;
    }
  }

  write(): ChainProgram {
    for (const node of this.#nodes) this.#declare(node);
    const [head] = this.#nodes;
    if (head === undefined) throw new Error('a chain has at least one operator');
    const batches = [0, 1].map((input) => (input === 0 || hasSecondInput(head) ? this.#batch(head, input) : 'const batch1 = batch0;'));
    const outputs = this.#outputs.map((_, i) => `e${String(i)}`).join(', ');
    const text = [
      `'use strict';`,
      `const { f, o, w, k, x, c, p, y } = env;`,
      ...this.#constants,
      ...this.#functions,
      ...batches,
      `return { batch0, batch1, outputs: [${outputs}] };`,
    ].join('\n');
    return { text, exchanges: this.#exchanges, outputs: this.#outputs };
  }

  #entriesOf(node: ChainNode): number {
    return this.#entries[node.index] ?? 0;
  }

  #declare(node: ChainNode): void {
    const k = String(node.index);
    switch (node.plan.spec.kind) {
      case 'source':
        break;
      case 'map':
      case 'filter':
        this.#constants.push(`const f${k} = f[${k}];`);
        break;
      case 'watermarks':
        this.#constants.push(`const f${k} = f[${k}], o${k} = o[${k}];`);
        break;
      case 'flatMap':
        this.#constants.push(`const f${k} = f[${k}];`, `let ft${k} = 0;`);
        this.#functions.push(...this.#emitter(`fe${k}`, ['v'], node, node.output, `ft${k}`));
        break;
      case 'sink':
        this.#constants.push(`const w${k} = w[${k}];`);
        if (isChecked(node)) this.#constants.push(`const k${k} = k[${k}], q${k} = k${k}.fits;`);
        break;
      default:
        this.#constants.push(`const o${k} = o[${k}];`);
        for (const output of [node.output, ...node.sideOutputs.values()]) {
          const number = this.#outputs.push(output) - 1;
          this.#functions.push(...this.#emitter(`e${String(number)}`, ['v', 't'], node, output, 't'));
        }
    }
    if (this.#entriesOf(node) > 1) this.#functions.push(...this.#sharedEntries(node));
  }

  /** The function that an operator emits to: everything that happens to the record until the next operator that stands for itself. */
  #emitter(name: string, parameters: readonly string[], node: ChainNode, output: ChainOutput, timestamp: string): string[] {
    const scope: Scope = { inBatch: false, counters: new Map(), watermarks: new Set() };
    const body = [this.#count(node, 1, scope), ...this.#emit(output, 'v', timestamp, scope), `p.at = ${String(node.plan.index)};`];
    return [`function ${name}(${parameters.join(', ')}) {`, ...indent(body), '}'];
  }

  #sharedEntries(node: ChainNode): string[] {
    return (hasSecondInput(node) ? [0, 1] : [0]).flatMap((input) => {
      const scope: Scope = { inBatch: false, counters: new Map(), watermarks: new Set() };
      return [`function n${String(node.index)}_${String(input)}(v, t) {`, ...indent(this.#body(node, input, 'v', 't', scope)), '}'];
    });
  }

  #batch(head: ChainNode, input: number): string {
    const scope: Scope = { inBatch: true, counters: new Map(), watermarks: new Set() };
    const body = this.#body(head, input, 'v', 't', scope);
    const locals = [...scope.counters.values()].map((name) => `let ${name} = 0;`);
    const flush = [...scope.counters].map(([slot, name]) => `c[${slot}] += ${name};`);
    for (const k of scope.watermarks) {
      locals.push(`let m${String(k)} = o${String(k)}.maxTimestamp;`);
      flush.push(`o${String(k)}.maxTimestamp = m${String(k)};`);
    }
    return [
      `function batch${String(input)}(values, timestamps, from, to) {`,
      ...indent(locals),
      `  try {`,
      `    for (let i = from; i < to; i++) {`,
      `      const v = values[i], t = timestamps[i];`,
      ...indent(indent(indent(body))),
      `    }`,
      `  } finally {`,
      ...indent(indent(flush)),
      `  }`,
      `}`,
    ].join('\n');
  }

  /** What a node does with a record. */
  #body(node: ChainNode, input: number, v: string, t: string, scope: Scope): string[] {
    const k = String(node.index);
    const at = `p.at = ${String(node.plan.index)};`;
    const count = this.#count(node, 0, scope);
    switch (node.plan.spec.kind) {
      case 'source':
        return [count, this.#count(node, 1, scope), ...this.#emit(node.output, v, t, scope)];
      case 'map': {
        const mapped = this.#name('v');
        return [count, at, `const ${mapped} = f${k}(${v});`, this.#count(node, 1, scope), ...this.#emit(node.output, mapped, t, scope)];
      }
      case 'filter':
        return [count, at, `if (f${k}(${v})) {`, ...indent([this.#count(node, 1, scope), ...this.#emit(node.output, v, t, scope)]), '}'];
      case 'watermarks':
        return this.#watermarks(node, v, scope);
      case 'flatMap':
        return [count, at, `ft${k} = ${t};`, `f${k}(${v}, fe${k});`];
      case 'sink':
        return [count, at, ...(isChecked(node) ? [`if (!q${k}(${v})) k${k}.refuse(${v});`] : []), `w${k}.write(${v}, ${t});`];
      default:
        return [count, at, `o${k}.${input === 0 ? 'onRecord' : 'onRecord2'}(${v}, ${t});`];
    }
  }

  #watermarks(node: ChainNode, v: string, scope: Scope): string[] {
    const k = String(node.index);
    const t = this.#name('t');
    const highest = scope.inBatch ? `m${k}` : `o${k}.maxTimestamp`;
    if (scope.inBatch) scope.watermarks.add(node.index);
    return [
      this.#count(node, 0, scope),
      `p.at = ${String(node.plan.index)};`,
      `const ${t} = f${k}(${v});`,
      `if (typeof ${t} !== 'number' || Math.floor(${t}) !== ${t} || ${t} - ${t} !== 0) throw o${k}.wrongTimestamp(${t});`,
      `if (${t} > ${highest}) ${highest} = ${t};`,
      this.#count(node, 1, scope),
      ...this.#emit(node.output, v, t, scope),
    ];
  }

  #emit(output: ChainOutput, v: string, t: string, scope: Scope): string[] {
    return output.targets.flatMap((target) => {
      if (this.#copies) {
        const copy = this.#name('v');
        return [`const ${copy} = y(${v});`, ...this.#toTarget(target, copy, t, scope)];
      }
      return this.#toTarget(target, v, t, scope);
    });
  }

  #toTarget(target: Target, v: string, t: string, scope: Scope): string[] {
    if (target.kind === 'node') return this.#enter(target.node, target.input, v, t, scope);
    const number = this.#exchanges.push(target.exchange) - 1;
    const name = `x${String(number)}`;
    this.#constants.push(`const ${name} = x[${String(number)}];`);
    return [`p.at = ${String(target.receiver.index)};`, `${name}.record(${v}, ${t});`];
  }

  #enter(node: ChainNode, input: number, v: string, t: string, scope: Scope): string[] {
    if (this.#entriesOf(node) > 1) return [`n${String(node.index)}_${String(input)}(${v}, ${t});`];
    return this.#body(node, input, v, t, scope);
  }

  /** `side` 0 counts records in, 1 records out. */
  #count(node: ChainNode, side: 0 | 1, scope: Scope): string {
    const slot = String(2 * node.index + side);
    if (!scope.inBatch) return `c[${slot}]++;`;
    const name = `${side === 0 ? 'in' : 'out'}${String(node.index)}`;
    scope.counters.set(slot, name);
    return `${name}++;`;
  }

  #name(prefix: string): string {
    this.#names++;
    return `${prefix}${String(this.#names)}_`;
  }
}

function hasSecondInput(node: ChainNode): boolean {
  return node.operator.onRecord2 !== undefined;
}

function allTargets(node: ChainNode): readonly Target[] {
  return [node.output, ...node.sideOutputs.values()].flatMap((output) => output.targets);
}

function indent(lines: readonly string[]): string[] {
  return lines.flatMap((line) => line.split('\n')).map((line) => `  ${line}`);
}

function isChecked({ operator }: ChainNode): boolean {
  return operator instanceof SinkOperator && operator.check !== null;
}
