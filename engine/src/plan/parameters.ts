import type { ParameterDeclaration, SourcePosition } from './plan.ts';
import { PlanError } from './planError.ts';

export type ParameterValue = string | number | boolean;

/** Where values of parameters come from. The command line wins over files, those over the launch configuration, that over the environment. */
export interface ParameterSources {
  readonly commandLine?: Readonly<Record<string, ParameterValue>>;
  /** Of `--param-file`. */
  readonly file?: Readonly<Record<string, ParameterValue>>;
  readonly launch?: Readonly<Record<string, ParameterValue>>;
  /** The process's environment: `TIDEMARK_PARAM_speedup` gives `speedup`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

export interface ParameterSpec {
  readonly name: string;
  readonly kind: ParameterDeclaration['kind'];
  readonly default: ParameterValue;
  readonly description: string;
  readonly secret: boolean;
}

const ENVIRONMENT_PREFIX = 'TIDEMARK_PARAM_';

export interface DeclaredParameter {
  readonly declaration: ParameterDeclaration;
  readonly value: ParameterValue;
}

/** @throws PlanError when a given value is not of the parameter's kind, or is a secret on the command line. No message has a secret's value. */
export function declareParameter(spec: ParameterSpec, sources: ParameterSources, position: SourcePosition | null): DeclaredParameter {
  const fromEnvironment = sources.environment?.[ENVIRONMENT_PREFIX + spec.name];
  const candidates: readonly (readonly [ParameterDeclaration['origin'], ParameterValue | undefined])[] = [
    ['commandLine', own(sources.commandLine, spec.name)],
    ['file', own(sources.file, spec.name)],
    ['launch', own(sources.launch, spec.name)],
    ['environment', fromEnvironment],
  ];
  const [origin, given] = candidates.find(([, value]) => value !== undefined) ?? (['default', spec.default] as const);
  if (spec.secret && origin === 'commandLine') {
    const remedy = `give it with --param-file FILE (a line ${spec.name}=...) or in the environment variable ${ENVIRONMENT_PREFIX}${spec.name}`;
    const problem = `parameter "${spec.name}" is secret, and other users of this machine see the command line: ${remedy}`;
    throw new PlanError('parameter', problem, null, position);
  }
  const value = convert(spec.kind, given ?? spec.default);
  const defaultValue = convert(spec.kind, spec.default);
  if (value === null || defaultValue === null) {
    const shown = (text: ParameterValue | undefined): string => (spec.secret ? '(secret)' : JSON.stringify(text));
    const wrong = value === null ? `${shown(given)} from ${ORIGINS[origin]}` : `the default ${shown(spec.default)}`;
    throw new PlanError('parameter', `parameter "${spec.name}": ${wrong} is not ${KINDS[spec.kind]}`, null, position);
  }
  const { name, kind, description, secret } = spec;
  const known = secret ? { value: null, defaultValue: null } : { value, defaultValue };
  return { declaration: { name, kind, description, secret, ...known, origin }, value };
}

const ORIGINS = {
  default: 'its default',
  launch: 'the launch configuration',
  commandLine: 'the command line',
  file: 'a file of parameters',
  environment: 'the environment',
};

const KINDS = {
  string: 'a text',
  number: 'a number',
  boolean: 'a boolean (true or false)',
  duration: 'a duration: milliseconds, or a number with ms, s, min, h or d',
};

function own<T>(values: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return values !== undefined && Object.hasOwn(values, name) ? values[name] : undefined;
}

/** Texts come from command line and environment. Null where the value is none of the kind. */
function convert(kind: ParameterDeclaration['kind'], value: ParameterValue): ParameterValue | null {
  switch (kind) {
    case 'string':
      return String(value);
    case 'boolean':
      if (typeof value === 'boolean') return value;
      return value === 'true' ? true : value === 'false' ? false : null;
    case 'number':
      return finite(value);
    case 'duration':
      return typeof value === 'string' ? parseDuration(value) : finite(value);
  }
}

function finite(value: ParameterValue): number | null {
  if (typeof value === 'boolean' || (typeof value === 'string' && value.trim() === '')) return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

const UNITS: ReadonlyMap<string, number> = new Map(
  Object.entries({ '': 1, ms: 1, s: 1000, min: 60_000, m: 60_000, h: 3_600_000, d: 86_400_000 }),
);

/** Milliseconds of `90`, `1.5 s`, `10min`; null where it is not a duration. */
export function parseDuration(text: string): number | null {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/.exec(text);
  const unit = UNITS.get(match?.[2] ?? 'none');
  return match === null || unit === undefined ? null : Math.round(Number(match[1]) * unit);
}

/** @throws PlanError when a value was given to a parameter that the pipeline has not. */
export function refuseUnknownParameters(declared: readonly ParameterDeclaration[], sources: ParameterSources): void {
  for (const [origin, values] of [
    ['commandLine', sources.commandLine],
    ['file', sources.file],
    ['launch', sources.launch],
  ] as const) {
    const unknown = Object.keys(values ?? {}).find((name) => !declared.some((parameter) => parameter.name === name));
    if (unknown === undefined) continue;
    const known = declared.length === 0 ? 'it has none' : `it has ${declared.map((parameter) => parameter.name).join(', ')}`;
    throw new PlanError('parameter', `parameter "${unknown}" from ${ORIGINS[origin]} is none of the pipeline's: ${known}`, null, null);
  }
}
