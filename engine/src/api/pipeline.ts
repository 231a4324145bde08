import type { Source } from '../plan/connectors.ts';
import type { PipelineModule, PipelineSettings, PlanBuilder } from '../plan/planBuilder.ts';
import { PlanError } from '../plan/planError.ts';
import { callerPosition } from '../plan/sourcePosition.ts';
import { Call, type Graph } from './graph.ts';
import { erased } from './state.ts';
import type { OperatorOptions, Stream } from './stream.ts';
import { StreamBuilder } from './streamBuilder.ts';

/** What the kinds of parameters hold: durations are milliseconds, and may be written as `10 min` outside. */
export interface ParameterKinds {
  readonly string: string;
  readonly number: number;
  readonly boolean: boolean;
  readonly duration: number;
}

/** What a pipeline begins with. */
export interface PipelineBuilder {
  source<T>(uid: string, source: Source<T>, options?: OperatorOptions): Stream<T>;
  /**
   * A value that command line (`--param name=value`, `--param-file FILE`), launch configuration and environment (`TIDEMARK_PARAM_name`) can set.
   * A `secret` one, such as a password, is refused in `--param`, because others see the command line, and is shown nowhere.
   */
  parameter<K extends keyof ParameterKinds>(
    name: string,
    spec: { readonly type: K; readonly default: ParameterKinds[K]; readonly description?: string; readonly secret?: boolean },
  ): ParameterKinds[K];
}

/** A pipeline, for the module's default export. `build` is run once for each run and check; it must do nothing but build. */
export function pipeline(name: string, build: (p: PipelineBuilder) => void): PipelineModule;
export function pipeline(name: string, settings: PipelineSettings, build: (p: PipelineBuilder) => void): PipelineModule;
export function pipeline(name: string, ...rest: readonly unknown[]): PipelineModule {
  const position = callerPosition();
  const [settings, build] = (rest.length === 1 ? [{}, rest[0]] : rest) as [PipelineSettings, (p: PipelineBuilder) => unknown];
  if (typeof name !== 'string' || !/^[\w][\w .-]*$/.test(name)) {
    const problem = `"${name}" is not a name for a pipeline: letters, digits, spaces, and _ - . after the first, because folders are named by it`;
    throw new PlanError('pipeline', problem, null, position);
  }
  if (typeof build !== 'function')
    throw new PlanError('pipeline', `pipeline "${name}": the last argument is the function that builds it`, null, position);
  return {
    kind: 'tidemarkPipeline',
    name,
    options: settings,
    position,
    build: (builder) => {
      if (build(newBuilder(builder)) instanceof Promise) {
        throw new PlanError(
          'pipeline',
          `pipeline "${name}": its builder is async; read what it needs before, or in a source`,
          null,
          builder.map(position),
        );
      }
    },
  };
}

function newBuilder(builder: PlanBuilder): PipelineBuilder {
  const graph: Graph = {
    builder,
    stream: (outputs, type, operator) => new StreamBuilder(graph, outputs, type, operator) as unknown as Stream<unknown>,
  };
  return {
    source: <T>(uid: string, source: Source<T>, options?: OperatorOptions) =>
      addSource(new Call(graph, uid, callerPosition()), source as unknown as Source<unknown>, options) as Stream<T>,
    parameter: (name, { type, default: defaultValue, description = '', secret = false }) =>
      builder.parameter({ name, kind: type, default: defaultValue, description, secret }, callerPosition()) as ParameterKinds[typeof type],
  };
}

function addSource(call: Call, source: Source<unknown>, options: OperatorOptions | undefined): unknown {
  if (typeof (source as Partial<Source<unknown>> | undefined)?.open !== 'function') {
    call.fail('connector', 'the second argument is a source, such as files.read({ path, type })');
  }
  return call.add({ kind: 'source', connector: source }, [], erased(source.type), options);
}
