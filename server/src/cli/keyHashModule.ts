import type { RewriteOptions } from 'tidemark/snapshot';
import { UsageError } from './io.ts';
import { userFunction } from './userFunction.ts';

type KeyHash = NonNullable<RewriteOptions['keyHash']>;

/** Java's hashCode of keys whose class has code of its own, as a module's default export finds it. @throws UsageError */
export async function keyHashIn(module: string | undefined, cwd: string): Promise<KeyHash | null> {
  if (module === undefined) return null;
  const hash = await userFunction('--key-hash', module, cwd);
  return (key) => {
    const found: unknown = hash(key);
    if (found === null || found === undefined) return null;
    if (typeof found === 'number' && (found | 0) === found) return found;
    throw new UsageError(`--key-hash ${module} gives ${JSON.stringify(found)} for a key, where a whole number of 32 bits is expected.`);
  };
}
