import type { ParameterDeclaration, SourcePosition } from './plan.ts';
import { PlanError } from './planError.ts';

export type ParameterValue = string | number | boolean;

/** Where values of parameters come from. The command line wins over the launch configuration, that over the environment. */
export interface ParameterSources {
  readonly commandLine?: Readonly<Record<string, ParameterValue>>;
  readonly launch?: Readonly<Record<string, ParameterValue>>;
  /** The process's environment: `TIDEMARK_PARAM_speedup` gives `speedup`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

export interface ParameterSpec {
  readonly name: string;
  readonly kind: ParameterDeclaration['kind'];
  readonly default: ParameterValue;
  readonly description: string;
}

const ENVIRONMENT_PREFIX = 'TIDEMARK_PARAM_';

/** @throws PlanError when a given value is none of the parameter's kind. */
export function declareParameter(spec: ParameterSpec, sources: ParameterSources, position: SourcePosition | null): ParameterDeclaration {
  const fromEnvironment = sources.environment?.[ENVIRONMENT_PREFIX + spec.name];
  const candidates: readonly (readonly [ParameterDeclaration['origin'], ParameterValue | undefined])[] = [
    ['commandLine', own(sources.commandLine, spec.name)],
    ['launch', own(sources.launch, spec.name)],
    ['environment', fromEnvironment],
  ];
  const [origin, given] = candidates.find(([, value]) => value !== undefined) ?? (['default', spec.default] as const);
  const value = convert(spec.kind, given ?? spec.default);
  const defaultValue = convert(spec.kind, spec.default);
  if (value === null || defaultValue === null) {
    const wrong = value === null ? `${JSON.stringify(given)} from ${ORIGINS[origin]}` : `the default ${JSON.stringify(spec.default)}`;
    throw new PlanError('parameter', `parameter "${spec.name}": ${wrong} is no ${KINDS[spec.kind]}`, null, position);
  }
  return { name: spec.name, kind: spec.kind, description: spec.description, value, defaultValue, origin };
}

const ORIGINS = {
  default: 'its default',
  launch: 'the launch configuration',
  commandLine: 'the command line',
  environment: 'the environment',
};

const KINDS = {
  string: 'text',
  number: 'number',
  boolean: 'boolean (true or false)',
  duration: 'duration: milliseconds, or a number with ms, s, min, h or d',
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

/** Milliseconds of `90`, `1.5 s`, `10min`; null where it is no duration. */
export function parseDuration(text: string): number | null {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/.exec(text);
  const unit = UNITS.get(match?.[2] ?? 'none');
  return match === null || unit === undefined ? null : Math.round(Number(match[1]) * unit);
}

/** @throws PlanError when a value was given to a parameter that the pipeline has not. */
export function refuseUnknownParameters(declared: readonly ParameterDeclaration[], sources: ParameterSources): void {
  for (const [origin, values] of [
    ['commandLine', sources.commandLine],
    ['launch', sources.launch],
  ] as const) {
    const unknown = Object.keys(values ?? {}).find((name) => !declared.some((parameter) => parameter.name === name));
    if (unknown === undefined) continue;
    const known = declared.length === 0 ? 'it has none' : `it has ${declared.map((parameter) => parameter.name).join(', ')}`;
    throw new PlanError('parameter', `parameter "${unknown}" from ${ORIGINS[origin]} is none of the pipeline's: ${known}`, null, null);
  }
}
