import { Console } from 'node:console';
import { stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  operatorIdOf,
  type DeclaredClasses,
  type DumpValue,
  type PyflinkType,
  type ValueDecoder,
  type ValueDecoders,
} from 'tidemark/snapshot';
import { readSmallFile } from '../storage/regularFile.ts';
import { parseDecoderFile, type DecoderDeclaration } from './decoderFile.ts';

export const DECODER_FILE = 'tidemark.decoders.json';
/** In bytes. */
const DECODER_FILE_MAX = 1 << 20;
const DESCRIPTORS_MAX = 64 << 20;

/** Where decoders are declared, and whether their code may run; without it, only Protobuf messages are decoded. */
export interface DecoderSources {
  readonly folders: readonly string[];
  readonly trusted: boolean;
}

export interface LoadedDecoders {
  readonly decoders: ValueDecoders;
  /** One sentence each: what of the file does not work, and why. The rest does. */
  readonly problems: readonly string[];
}

/**
 * The decoders that a folder declares in `tidemark.decoders.json`; none where there is no such file. Modules are the user's code and run
 * only where the workspace is trusted; descriptor sets are data and need no trust.
 */
export async function loadDecoders(folder: string, { trusted }: { readonly trusted: boolean }): Promise<LoadedDecoders> {
  let bytes: Buffer | null;
  try {
    bytes = await readSmallFile(join(folder, DECODER_FILE), DECODER_FILE_MAX);
  } catch (error) {
    // A snapshot opens all the same.
    return { decoders: new DecoderTable(), problems: [error instanceof Error ? error.message : String(error)] };
  }
  if (bytes === null) return { decoders: new DecoderTable(), problems: [] };
  const { declarations, classes, problems: parseProblems } = parseDecoderFile(bytes.toString('utf8'));
  const table = new DecoderTable(new Map(classes.map(({ className, declared }) => [className, declared])));
  const problems = [...parseProblems];
  for (const { of, by } of declarations) {
    if (by.kind === 'pyflink') {
      if ('uid' in of) table.addType(of, by.type);
      continue;
    }
    if (by.kind === 'module' && !trusted) {
      problems.push(`${by.path} is code of this folder, which runs only where the folder is trusted (--trust, or a trusted workspace)`);
      continue;
    }
    try {
      table.add(
        of,
        by.kind === 'module' ? await moduleDecoder(folder, by.path) : await messageDecoder(folder, by.message, by.descriptors, trusted),
      );
    } catch (error) {
      const source = by.kind === 'module' ? by.path : by.descriptors;
      problems.push(`${source}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return { decoders: table, problems };
}

/** Those of several folders; the first that has one decides. */
export async function loadAllDecoders({ folders, trusted }: DecoderSources): Promise<LoadedDecoders> {
  const loaded = await Promise.all(folders.map((folder) => loadDecoders(folder, { trusted })));
  const first = <T>(find: (decoders: ValueDecoders) => T | null): T | null =>
    loaded.reduce<T | null>((found, { decoders }) => found ?? find(decoders), null);
  return {
    decoders: {
      // The first folder that has one decides here, too.
      classes: new Map(loaded.toReversed().flatMap(({ decoders }) => [...decoders.classes])),
      hasClasses: loaded.some(({ decoders }) => decoders.hasClasses),
      ofClass: (className) => first((decoders) => decoders.ofClass(className)),
      ofState: (uid, state) => first((decoders) => decoders.ofState(uid, state)),
      pyflinkType: (uid, state) => first((decoders) => decoders.pyflinkType(uid, state)),
    },
    problems: loaded.flatMap(({ problems }) => problems),
  };
}

class DecoderTable implements ValueDecoders {
  readonly classes: DeclaredClasses;
  readonly #classes = new Map<string, ValueDecoder>();
  readonly #states = new Map<string, ValueDecoder>();
  readonly #types = new Map<string, PyflinkType>();

  constructor(classes: DeclaredClasses = new Map()) {
    this.classes = classes;
  }

  add(of: DecoderDeclaration['of'], decoder: ValueDecoder): void {
    if ('className' in of) this.#classes.set(of.className, decoder);
    else for (const key of stateKeys(of)) this.#states.set(key, decoder);
  }

  addType(of: { readonly uid: string; readonly state: string }, type: PyflinkType): void {
    for (const key of stateKeys(of)) this.#types.set(key, type);
  }

  get hasClasses(): boolean {
    return this.#classes.size > 0;
  }

  ofClass(className: string): ValueDecoder | null {
    return this.#classes.get(className) ?? null;
  }

  ofState(uid: string, state: string): ValueDecoder | null {
    return this.#states.get(stateKey(uid, state)) ?? null;
  }

  pyflinkType(uid: string, state: string): PyflinkType | null {
    return this.#types.get(stateKey(uid, state)) ?? null;
  }
}

/** Where a snapshot has no uids and the sources name none, an operator is known by its id alone, which is the hash of the uid. */
function stateKeys({ uid, state }: { readonly uid: string; readonly state: string }): string[] {
  return [stateKey(uid, state), stateKey(operatorIdOf(uid), state)];
}

function stateKey(uid: string, state: string): string {
  return JSON.stringify([uid, state]);
}

type DecodeFunction = (bytes: Uint8Array, className: string) => DumpValue;

/** A module that was changed is loaded again: its time of change is part of its address. */
async function moduleDecoder(folder: string, path: string): Promise<ValueDecoder> {
  const file = inFolder(folder, path);
  const { mtimeMs } = await stat(file);
  printForPeople();
  const loaded = (await import(`${pathToFileURL(file).href}?changed=${String(mtimeMs)}`)) as Readonly<Record<string, unknown>>;
  const decode = [loaded['decode'], loaded['default'], defaultOf(loaded['default'])].find(isDecodeFunction);
  if (decode === undefined) throw new Error('it must export a function decode(bytes, className)');
  return { decode: (bytes, className) => decode(bytes, className) };
}

/** What modules print must not get into stdout, where this process has its protocol or its data. */
function printForPeople(): void {
  globalThis.console = new Console(process.stderr, process.stderr);
}

/** CommonJS: `module.exports = { decode }`. */
function defaultOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'decode' in value ? value.decode : undefined;
}

function isDecodeFunction(value: unknown): value is DecodeFunction {
  return typeof value === 'function';
}

async function messageDecoder(folder: string, message: string, descriptors: string, trusted: boolean): Promise<ValueDecoder> {
  if (!trusted && (isAbsolute(descriptors) || descriptors.split(/[/\\]/).includes('..')))
    throw new Error('only a trusted workspace may name files outside of its folder');
  // Protobuf's own descriptors take as long to set up as a small snapshot to read.
  const { descriptorSet, protobufDecoder } = await import('./protobufDecoder.ts');
  const file = inFolder(folder, descriptors);
  const bytes = await readSmallFile(file, DESCRIPTORS_MAX);
  if (bytes === null) throw new Error(`there is no file ${file}`);
  return protobufDecoder(descriptorSet(bytes), message);
}

function inFolder(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path);
}
