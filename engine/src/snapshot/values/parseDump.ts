import type { DumpValue } from './dumpValue.ts';

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const LONG_INTEGER = /\d{16}/;
/** What stands for an integer until the text is parsed. No text of JSON can have this character in it as it is. */
const INTEGER = '\u0000integer';

/** JSON, as `dumpText` writes it: integers keep all their digits, as bigints where a number does not hold them. @throws SyntaxError */
export function parseDump(text: string): DumpValue {
  const parsed = JSON.parse(text) as DumpValue;
  if (!LONG_INTEGER.test(text)) return parsed;
  const marked = text.replace(TOKEN, (token) =>
    /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token)) ? JSON.stringify({ [INTEGER]: token }) : token,
  );
  return JSON.parse(marked, (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, INTEGER)) return value;
    return BigInt((value as Readonly<Record<string, string>>)[INTEGER] ?? '');
  }) as DumpValue;
}
