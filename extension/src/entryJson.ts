import type { ValueText } from '../../server/src/protocol.ts';
import { indented } from './prettyJson.ts';

/** An entry is shown whole, up to here. */
export const VALUE_LIMIT = 64 * 2 ** 20;

/** Parts of an entry that are there: JSON as it is, or a value, which is a text where it has been cut. */
export type EntryPart = readonly [name: string, value: string | ValueText | null];

export function entryJson(parts: readonly EntryPart[]): string {
  const texts = parts.flatMap(([name, value]) => {
    if (value === null) return [];
    const json = typeof value === 'string' ? value : value.cut ? JSON.stringify(value.json) : value.json;
    return [`${JSON.stringify(name)}:${json}`];
  });
  return indented(`{${texts.join(',')}}`);
}

/** A title as the name of a file. */
export function fileNameOf(title: string): string {
  return `${title.replaceAll(/[^\p{L}\p{N}._ -]/gu, '_').slice(0, 60) || 'entry'}.json`;
}
