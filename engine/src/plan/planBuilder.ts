import { defaultMaxParallelism, MAX_MAX_PARALLELISM, MIN_MAX_PARALLELISM } from '../keys/keyGroup.ts';
import { operatorIdOf } from '../keys/operatorId.ts';
import type { KeyType, Type } from '../types/type.ts';
import type { OperatorSpec, SinkConnector, UserFunction } from './operatorSpec.ts';
import { declareParameter, refuseUnknownParameters, type ParameterSources, type ParameterSpec, type ParameterValue } from './parameters.ts';
import type {
  Edge,
  ParameterDeclaration,
  Partitioning,
  PipelineOptions,
  Plan,
  PlanOperator,
  RestartStrategy,
  SourcePosition,
} from './plan.ts';
import { PlanError, type PlanErrorCode } from './planError.ts';
import { problemOfRestart } from './restartStrategy.ts';

/** What a pipeline module's default export is: made by `pipeline()`, read by code that runs or checks it. */
export interface PipelineModule {
  readonly kind: 'tidemarkPipeline';
  readonly name: string;
  readonly options: PipelineSettings;
  readonly position: SourcePosition | null;
  build(builder: PlanBuilder): void;
}

/** What a pipeline may say about itself; times in milliseconds. */
export interface PipelineSettings {
  /** Between checkpoints; 0 takes none. Default: 10 seconds. */
  readonly checkpointInterval?: number;
  /** How many completed checkpoints are kept. Default: 3. */
  readonly retainedCheckpoints?: number;
  /** What happens when the pipeline fails. Default: up to 3 attempts, 1 second apart. */
  readonly restart?: RestartStrategy;
  /** Of operators that say nothing else. Default: 1. */
  readonly parallelism?: number;
  /**
   * Number of key groups, 1 to 32768; fixed for the life of the state. Default: that of the snapshot that the run begins with, else
   * Flink's: 128, or more where the parallelism needs it.
   */
  readonly maxParallelism?: number;
  /**
   * Each operator gets its own copy of a record, which it may change. Costs time for each record and operator. Default: false, records
   * are shared and must not be changed.
   */
  readonly copyRecords?: boolean;
}

/** What the one who builds the plan decides, over what the pipeline says. */
export interface PlanOptions {
  readonly parallelism?: number;
  readonly maxParallelism?: number;
  readonly parameters?: ParameterSources;
  /** From the place in the bundle to that in the user's source; null where the source map does not know. */
  readonly mapPosition?: (position: SourcePosition) => SourcePosition | null;
}

/** Records of one output on their way to an operator. A union has several. */
export interface StreamOutput {
  readonly from: number;
  readonly sideOutput: string | null;
}

export interface OperatorInput {
  readonly outputs: readonly StreamOutput[];
  /** Null: forward, or rebalance where the parallelism differs. */
  readonly partitioning: 'broadcast' | { readonly key: UserFunction; readonly keyType: KeyType<unknown> } | null;
  /** Who made the stream: streams of another pipeline are refused. */
  readonly owner: PlanBuilder;
}

export interface OperatorDraft {
  readonly uid: string;
  readonly spec: OperatorSpec;
  readonly inputs: readonly OperatorInput[];
  readonly emits: Type<unknown> | null;
  readonly sideOutputs?: Readonly<Record<string, Type<unknown>>>;
  readonly parallelism?: number | undefined;
  /** As the call's stack has it. */
  readonly position: SourcePosition | null;
}

const MAX_UID_LENGTH = 1000;

/** Gathers the operators of one pipeline and checks what can be checked as they come. */
export class PlanBuilder {
  readonly #name: string;
  readonly #options: PipelineOptions;
  readonly #sources: ParameterSources;
  readonly #mapPosition: (position: SourcePosition) => SourcePosition | null;
  readonly #operators: PlanOperator[] = [];
  readonly #parameters: ParameterDeclaration[] = [];
  /** What sinks write, with their uids. */
  readonly #outputs = new Map<string, string>();
  #finished = false;

  constructor(module: PipelineModule, options: PlanOptions) {
    this.#mapPosition = options.mapPosition ?? ((position) => position);
    this.#name = module.name;
    this.#sources = options.parameters ?? {};
    this.#options = this.#pipelineOptions(module, options);
  }

  /** Returns the operator's index. @throws PlanError */
  add(draft: OperatorDraft): number {
    const position = this.map(draft.position);
    const fail = (code: PlanErrorCode, problem: string): never => {
      throw new PlanError(code, problem, typeof draft.uid === 'string' && draft.uid !== '' ? draft.uid : null, position);
    };
    if (this.#finished)
      fail('foreignStream', 'its stream belongs to another pipeline, or to an earlier build of this one; keep streams inside the builder');
    this.#checkUid(draft.uid, fail);
    const parallelism = draft.parallelism ?? this.#options.parallelism;
    this.#checkParallelism(parallelism, fail);
    for (const [tag, type] of Object.entries(draft.sideOutputs ?? {})) checkType(type, `side output "${tag}"`, fail);
    if (draft.emits !== null) checkType(draft.emits, 'what it emits', fail);
    if (draft.spec.kind === 'sink') this.#checkOutputs(draft.spec.connector, draft.uid, parallelism, fail);
    const index = this.#operators.length;
    this.#operators.push({
      index,
      uid: draft.uid,
      operatorId: operatorIdOf(draft.uid),
      spec: draft.spec,
      inputs: draft.inputs.flatMap((input, number) => this.#edges(input, number === 0 ? 0 : 1, parallelism, fail)),
      emits: draft.emits,
      sideOutputs: new Map(Object.entries(draft.sideOutputs ?? {})),
      parallelism,
      position,
    });
    return index;
  }

  operator(index: number): PlanOperator {
    const operator = this.#operators[index];
    if (operator === undefined) throw new RangeError(`the plan has no operator ${String(index)}`);
    return operator;
  }

  /** @throws PlanError */
  parameter(spec: ParameterSpec, position: SourcePosition | null): ParameterValue {
    const place = this.map(position);
    if (this.#parameters.some((known) => known.name === spec.name)) {
      throw new PlanError('parameter', `parameter "${spec.name}" is declared twice; keep its value in a constant`, null, place);
    }
    const { declaration, value } = declareParameter(spec, this.#sources, place);
    this.#parameters.push(declaration);
    return value;
  }

  map(position: SourcePosition | null): SourcePosition | null {
    return position === null ? null : (this.#mapPosition(position) ?? position);
  }

  /** @throws PlanError */
  finish(): Plan {
    if (this.#operators.length === 0) {
      throw new PlanError('pipeline', `pipeline "${this.#name}" has no operators; begin with p.source(...)`, null, null);
    }
    refuseUnknownParameters(this.#parameters, this.#sources);
    this.#finished = true;
    return { name: this.#name, options: this.#options, operators: this.#operators, parameters: this.#parameters };
  }

  #checkUid(uid: unknown, fail: (code: PlanErrorCode, problem: string) => never): void {
    if (typeof uid !== 'string') fail('uid', 'the first argument of every operator is its uid, a text that names its state in savepoints');
    else if (uid.trim() === '') fail('uid', 'the uid is empty; give the operator a name, it names its state in savepoints');
    else if (uid.length > MAX_UID_LENGTH) fail('uid', `the uid is longer than ${String(MAX_UID_LENGTH)} characters`);
    const before = this.#operators.find((operator) => operator.uid === uid);
    if (before === undefined) return;
    const place = before.position === null ? '' : `, at ${before.position.file}:${String(before.position.line)}`;
    fail(
      'duplicateUid',
      `its uid is already used by the ${before.spec.kind} operator before it${place}; every operator needs a uid of its own`,
    );
  }

  /** Two sinks that append to one file, each where it left off itself, tear each other's lines. */
  #checkOutputs(connector: SinkConnector, uid: string, parallelism: number, fail: (code: PlanErrorCode, problem: string) => never): void {
    for (const output of connector.writes?.(parallelism) ?? []) {
      const other = this.#outputs.get(output);
      if (other !== undefined) fail('connector', `it writes ${output}, which the sink "${other}" writes; give each sink a path of its own`);
      this.#outputs.set(output, uid);
    }
  }

  #checkParallelism(parallelism: number, fail: (code: PlanErrorCode, problem: string) => never): void {
    if (!Number.isInteger(parallelism) || parallelism < 1)
      fail('parallelism', `parallelism must be a positive integer, not ${String(parallelism)}`);
    const { maxParallelism } = this.#options;
    if (parallelism > maxParallelism) {
      fail(
        'parallelism',
        `parallelism ${String(parallelism)} is above the max parallelism ${String(maxParallelism)}; lower it, or start without state at a higher maxParallelism`,
      );
    }
  }

  #edges(input: OperatorInput, number: 0 | 1, parallelism: number, fail: (code: PlanErrorCode, problem: string) => never): Edge[] {
    if (input.owner !== this)
      fail('foreignStream', 'one of its streams belongs to another pipeline; a pipeline is built from its own sources only');
    return input.outputs.map((output) => ({
      from: output.from,
      sideOutput: output.sideOutput,
      input: number,
      partitioning: partitioningOf(input, this.operator(output.from).parallelism === parallelism),
    }));
  }

  #pipelineOptions(module: PipelineModule, options: PlanOptions): PipelineOptions {
    const given = module.options;
    const fail = (code: PlanErrorCode, problem: string): never => {
      throw new PlanError(code, `pipeline "${module.name}": ${problem}`, null, this.map(module.position));
    };
    const parallelism = options.parallelism ?? given.parallelism ?? 1;
    if (!Number.isInteger(parallelism) || parallelism < 1)
      fail('parallelism', `parallelism must be a positive integer, not ${String(parallelism)}`);
    const maxParallelism = options.maxParallelism ?? given.maxParallelism ?? defaultMaxParallelism(parallelism);
    if (!Number.isInteger(maxParallelism) || maxParallelism < MIN_MAX_PARALLELISM || maxParallelism > MAX_MAX_PARALLELISM) {
      fail('maxParallelism', `max parallelism must be an integer from 1 to ${String(MAX_MAX_PARALLELISM)}, not ${String(maxParallelism)}`);
    }
    if (parallelism > maxParallelism) {
      fail('parallelism', `parallelism ${String(parallelism)} is above the max parallelism ${String(maxParallelism)}`);
    }
    const checkpointInterval = given.checkpointInterval ?? 10_000;
    if (!(Number.isSafeInteger(checkpointInterval) && checkpointInterval >= 0)) {
      const problem = `checkpointInterval ${String(checkpointInterval)} is not a duration in whole milliseconds; 0 takes no checkpoints`;
      fail('options', problem);
    }
    const retainedCheckpoints = given.retainedCheckpoints ?? 3;
    if (!Number.isInteger(retainedCheckpoints) || retainedCheckpoints < 1)
      fail('options', 'retainedCheckpoints is a whole number from 1 up');
    const restart = given.restart ?? { kind: 'fixedDelay', attempts: 3, delay: 1000 };
    const restartProblem = problemOfRestart(restart);
    if (restartProblem !== null) fail('options', restartProblem);
    const copyRecords: unknown = given.copyRecords ?? false;
    if (typeof copyRecords !== 'boolean') return fail('options', 'copyRecords is true or false');
    const isDefaultMaxParallelism = options.maxParallelism === undefined && given.maxParallelism === undefined;
    return { checkpointInterval, retainedCheckpoints, restart, parallelism, maxParallelism, isDefaultMaxParallelism, copyRecords };
  }
}

function partitioningOf(input: OperatorInput, sameParallelism: boolean): Partitioning {
  if (input.partitioning === 'broadcast') return { kind: 'broadcast' };
  if (input.partitioning !== null) return { kind: 'hash', ...input.partitioning };
  return { kind: sameParallelism ? 'forward' : 'rebalance' };
}

/** A record's schema is made when it is first needed: here, so that what cannot be is an error at the operator's line. */
function checkType(type: Type<unknown>, what: string, fail: (code: PlanErrorCode, problem: string) => never): void {
  try {
    requireSerializer(type);
  } catch (error) {
    fail('type', `the type of ${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** @throws TypeError where the type has no serializer: a tuple in a record, two types of one name. */
export function requireSerializer(type: Type<unknown>): void {
  // A getter that throws.
  if (type.serializer.kind === 'avro' && type.serializer.schema === '') throw new TypeError('a record without a schema');
}

/** Runs the builder. Nothing else of the pipeline runs. @throws PlanError, or whatever the user's own code throws. */
export function buildPlan(module: PipelineModule, options: PlanOptions = {}): Plan {
  if (!isPipelineModule(module)) {
    throw new PlanError(
      'pipeline',
      'the module has no pipeline for its default export; write: export default pipeline("name", (p) => { ... })',
      null,
      null,
    );
  }
  const builder = new PlanBuilder(module, options);
  module.build(builder);
  return builder.finish();
}

export function isPipelineModule(value: unknown): value is PipelineModule {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'tidemarkPipeline';
}
