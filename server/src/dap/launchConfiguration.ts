import { existsSync, statSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import type { RunArguments } from '../run/launch.ts';
import { runningPipelines } from '../run/registry.ts';
import type { RegisteredRun } from '../run/registry.ts';
import { badConfiguration } from './errors.ts';

/** A launch configuration of type `tidemark`, checked. */
export interface LaunchConfiguration {
  readonly run: Omit<RunArguments, 'breakpoints'>;
  readonly cwd: string;
  /** The id of a run that is in the way: it is stopped with a savepoint first. */
  readonly stopRun: string | null;
}

type Given = Readonly<Record<string, unknown>>;

/**
 * Relative paths are relative to `cwd`, which is the pipeline's folder where it is not given.
 * @throws RequestError that names the attribute.
 */
export function readLaunchConfiguration(given: Given): LaunchConfiguration {
  const base = optional(given, 'cwd', 'string') ?? process.cwd();
  const program = optional(given, 'program', 'string');
  if (program === null || program === '') throw badConfiguration('program', 'is missing: give the path of a *.pipeline.ts file');
  const file = resolve(base, program);
  if (!existsSync(file) || !statSync(file).isFile()) throw badConfiguration('program', `is not a file: ${file}`);
  const cwd = given['cwd'] === undefined ? dirname(file) : base;
  const debug = optional(given, 'noDebug', 'boolean') !== true;
  return {
    cwd,
    stopRun: optional(given, 'stopRun', 'string'),
    run: {
      program: file,
      from: readSavepoint(optional(given, 'savepoint', 'string'), base),
      claim: optional(given, 'claim', 'boolean') ?? false,
      allowNonRestoredState: optional(given, 'allowNonRestoredState', 'boolean') ?? false,
      overwrite: optional(given, 'overwrite', 'boolean') ?? false,
      parallelism: readParallelism(given['parallelism']),
      parameters: readParameters(given['parameters']),
      debug,
      stopOnEntry: debug && (optional(given, 'stopOnEntry', 'boolean') ?? false),
    },
  };
}

/**
 * The run that an attach configuration names by its id, or by the pipeline's module.
 * @throws RequestError that says what runs.
 */
export function readAttachConfiguration(given: Given, runs: readonly RegisteredRun[] = runningPipelines()): RegisteredRun {
  const id = optional(given, 'run', 'string');
  const program = optional(given, 'program', 'string');
  if (id === null && program === null)
    throw badConfiguration('run', 'is missing: give the id of a run, or "program", the path of its pipeline');
  const [found] = runs.filter((run) => (id === null ? run.program === program : run.id === id));
  if (found !== undefined) return found;
  const now = runs.map((run) => `${run.id} (${run.program})`).join(', ');
  const attribute = id === null ? 'program' : 'run';
  throw badConfiguration(
    attribute,
    `is ${String(id ?? program)}, which is not running. ${now === '' ? 'Nothing runs' : `What runs now: ${now}`}`,
  );
}

function readSavepoint(savepoint: string | null, base: string): string | null {
  if (savepoint === null || savepoint === '') return null;
  if (savepoint === 'latest' || savepoint === 'latest-or-fresh' || /^s3[anp]?:\/\//i.test(savepoint)) return savepoint;
  const path = isAbsolute(savepoint) ? savepoint : resolve(base, savepoint);
  if (!existsSync(path)) throw badConfiguration('savepoint', `does not exist: ${path}`);
  return path;
}

function readParallelism(given: unknown): number | null {
  if (given === undefined || given === null) return null;
  if (typeof given !== 'number' || !Number.isInteger(given) || given < 1 || given > 32768) {
    throw badConfiguration('parallelism', `must be a whole number from 1 to 32768, found ${JSON.stringify(given)}`);
  }
  return given;
}

function readParameters(given: unknown): RunArguments['parameters'] {
  if (given === undefined || given === null) return {};
  if (typeof given !== 'object' || Array.isArray(given)) throw badConfiguration('parameters', 'must be an object of names and values');
  const parameters: [string, string | number | boolean][] = [];
  for (const [name, value] of Object.entries(given)) {
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
      throw badConfiguration(`parameters.${name}`, `must be a string, a number or a boolean, found ${JSON.stringify(value)}`);
    }
    parameters.push([name, value]);
  }
  return Object.fromEntries(parameters);
}

function optional(given: Given, name: string, type: 'string'): string | null;
function optional(given: Given, name: string, type: 'boolean'): boolean | null;
function optional(given: Given, name: string, type: 'string' | 'boolean'): unknown {
  const value = given[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== type) throw badConfiguration(name, `must be a ${type}, found ${JSON.stringify(value)}`);
  return value;
}
