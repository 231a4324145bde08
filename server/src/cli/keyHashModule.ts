import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { RewriteOptions } from 'tidemark/snapshot';
import { UsageError } from './io.ts';

type KeyHash = NonNullable<RewriteOptions['keyHash']>;

/** Java's hashCode of keys whose class has code of its own, as a module's default export finds it. @throws UsageError */
export async function keyHashIn(module: string | undefined, cwd: string): Promise<KeyHash | null> {
  if (module === undefined) return null;
  let loaded: unknown;
  try {
    loaded = await import(pathToFileURL(resolve(cwd, module)).href);
  } catch (error) {
    throw new UsageError(`--key-hash ${module} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`);
  }
  const hash: unknown = typeof loaded === 'object' && loaded !== null && 'default' in loaded ? loaded.default : undefined;
  if (typeof hash !== 'function') throw new UsageError(`--key-hash ${module} has no function as its default export.`);
  return (key) => {
    const found: unknown = (hash as (key: unknown) => unknown)(key);
    if (found === null || found === undefined) return null;
    if (typeof found === 'number' && (found | 0) === found) return found;
    throw new UsageError(`--key-hash ${module} gives ${JSON.stringify(found)} for a key, where a whole number of 32 bits is expected.`);
  };
}
