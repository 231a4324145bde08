import type { Trigger, WindowAssigner, WindowFunction } from '../plan/operatorSpec.ts';
import type { SourcePosition } from '../plan/plan.ts';
import { callerPosition } from '../plan/sourcePosition.ts';
import type { StateDeclaration } from '../plan/stateDeclaration.ts';
import type { Type } from '../types/type.ts';
import { Call, keyedInput } from './graph.ts';
import type { KeyedNode } from './keyedNode.ts';
import { erased } from './state.ts';
import type { OperatorOptions } from './stream.ts';
import { triggerProblem } from './triggers.ts';
import { assignerProblem, defaultTrigger } from './windows.ts';

interface WindowSettings {
  readonly trigger?: Trigger;
  readonly allowedLateness?: number;
  readonly lateOutput?: string;
}

/** The untyped form of what the window functions take. */
interface WindowProcess extends OperatorOptions {
  readonly emits: Type<unknown>;
  readonly sideOutputs?: Readonly<Record<string, Type<unknown>>>;
  readonly windowState?: never;
  readonly globalState?: never;
  readonly reduce?: unknown;
  readonly process?: unknown;
}

interface WindowAggregate extends WindowProcess {
  readonly acc: Type<unknown>;
  readonly create: unknown;
  readonly add: unknown;
  readonly result: unknown;
  readonly merge?: unknown;
}

/** Names that Flink's window operator and its triggers give to states of their own. */
const TAKEN = new Set(['window-contents', 'merging-window-set', 'count', 'fire-time', 'last-element']);

/** `WindowedStream` without its types: see `stream.ts` for what the methods do. Settings make a new one, nothing is changed. */
export class WindowedStreamBuilder {
  readonly #keyed: KeyedNode;
  readonly #assigner: WindowAssigner;
  readonly #settings: WindowSettings;

  constructor(keyed: KeyedNode, assigner: WindowAssigner, settings: WindowSettings = {}) {
    this.#keyed = keyed;
    this.#assigner = assigner;
    this.#settings = settings;
  }

  trigger(trigger: Trigger): WindowedStreamBuilder {
    return this.#with({ trigger });
  }

  allowedLateness(allowedLateness: number): WindowedStreamBuilder {
    return this.#with({ allowedLateness });
  }

  sideOutputLate(lateOutput: string): WindowedStreamBuilder {
    return this.#with({ lateOutput });
  }

  reduce(uid: string, given: unknown, options: OperatorOptions = {}): unknown {
    const call = this.#call(uid, callerPosition());
    const spec = typeof given === 'function' ? { ...options, emits: this.#keyed.stream.type, reduce: given } : (given as WindowProcess);
    const process = call.optionalFn('process', spec.process);
    return this.#add(call, { kind: 'reduce', reduce: call.fn('reduce', spec.reduce), process }, spec);
  }

  aggregate(uid: string, spec: WindowAggregate): unknown {
    const call = this.#call(uid, callerPosition());
    const merge = call.optionalFn('merge', spec.merge);
    if (merge === null && this.#assigner.kind === 'session')
      call.fail('window', 'session windows merge, so their aggregate needs a merge(a, b) function');
    const functions = { create: call.fn('create', spec.create), add: call.fn('add', spec.add), result: call.fn('result', spec.result) };
    const process = call.optionalFn('process', spec.process);
    return this.#add(call, { kind: 'aggregate', accumulator: erased(spec.acc), ...functions, merge, process }, spec);
  }

  process(uid: string, spec: WindowProcess): unknown {
    const call = this.#call(uid, callerPosition());
    return this.#add(call, { kind: 'process', process: call.fn('process', spec.process) }, spec);
  }

  #with(settings: WindowSettings): WindowedStreamBuilder {
    return new WindowedStreamBuilder(this.#keyed, this.#assigner, { ...this.#settings, ...settings });
  }

  #call(uid: string, position: SourcePosition | null): Call {
    const call = new Call(this.#keyed.stream.graph, uid, position);
    const problem = assignerProblem(this.#assigner) ?? triggerProblem(this.#trigger());
    if (problem !== null) call.fail('window', problem);
    if (this.#trigger().kind === 'never')
      call.fail('window', 'the global window never fires by itself; give it a trigger, such as triggers.count(100)');
    return call;
  }

  #trigger(): Trigger {
    return this.#settings.trigger ?? defaultTrigger(this.#assigner);
  }

  #add(call: Call, windowFunction: WindowFunction, spec: WindowProcess): unknown {
    const { stream, key, keyType } = this.#keyed;
    const { lateOutput } = this.#settings;
    if (lateOutput !== undefined && spec.sideOutputs !== undefined && lateOutput in spec.sideOutputs) {
      call.fail('sideOutput', `side output "${lateOutput}" is that of late records and one of its own; give one another name`);
    }
    const late = lateOutput === undefined ? {} : { [lateOutput]: stream.type };
    const windowStates = call.states(spec.windowState);
    if (this.#assigner.kind === 'session' && windowStates.length > 0)
      call.fail('state', 'session windows merge, so windowState is not supported; use globalState');
    const globalStates = call.states(spec.globalState);
    checkNames(call, [...windowStates, ...globalStates]);
    return call.add(
      {
        kind: 'window',
        key,
        keyType,
        elementType: stream.type,
        assigner: this.#assigner,
        trigger: this.#trigger(),
        allowedLateness: call.duration('allowedLateness', this.#settings.allowedLateness ?? 0),
        lateOutput: lateOutput ?? null,
        function: windowFunction,
        windowStates,
        globalStates,
      },
      [keyedInput(stream, key, keyType)],
      spec.emits,
      { ...(spec.parallelism === undefined ? {} : { parallelism: spec.parallelism }), sideOutputs: { ...late, ...spec.sideOutputs } },
    );
  }
}

function checkNames(call: Call, states: readonly StateDeclaration[]): void {
  const seen = new Set<string>();
  for (const { name } of states) {
    if (TAKEN.has(name)) call.fail('state', `state "${name}": Flink's window operator has a state of that name; choose another`);
    if (seen.has(name)) call.fail('state', `state "${name}" is window state and global state; give one another name`);
    seen.add(name);
  }
}
