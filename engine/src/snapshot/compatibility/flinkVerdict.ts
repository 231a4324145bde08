import type { PositionalVerdict } from './positionalEvolution.ts';

/** Versions of Flink whose verdicts are known: of 2.0 to 2.2 nothing else was seen than of 2.3. */
export type FlinkTarget = '1.20' | '2.3';

/** What Flink does with values that one serializer has written, where a job now has another. */
export type FlinkVerdict =
  | PositionalVerdict
  /** It reads every value with the old serializer and writes it with the new one. */
  | { readonly kind: 'migrates'; readonly changes: readonly string[] }
  /** Only the code of the serializers decides. */
  | { readonly kind: 'unknown'; readonly reason: string };

export const WORKS: FlinkVerdict = { kind: 'works' };

export function refuses(reason: string): FlinkVerdict {
  return { kind: 'refuses', reason };
}

/** More of them nobody reads. */
const REASONS_MAX = 4;

/** From the worst on; refusals are said all together. */
const ORDER: readonly FlinkVerdict['kind'][] = ['fails', 'unknown', 'spoils', 'renames', 'migrates', 'works'];

/** The verdict on a whole, from those on its parts. */
export function together(parts: readonly FlinkVerdict[]): FlinkVerdict {
  const refusals = new Set(parts.flatMap((part) => (part.kind === 'refuses' ? [part.reason] : [])));
  if (refusals.size > 0) return refuses([...refusals].slice(0, REASONS_MAX).join('; '));
  const changes = parts.flatMap((part) => (part.kind === 'migrates' ? part.changes : []));
  for (const kind of ORDER) {
    if (kind === 'migrates') {
      if (parts.some((part) => part.kind === 'migrates')) return { kind, changes: [...new Set(changes)] };
      continue;
    }
    const found = parts.find((part) => part.kind === kind);
    if (found !== undefined) return found;
  }
  return WORKS;
}

/** For people, as a sentence without its end. `flink` is who decides: `Flink 1.20`. */
export function verdictText(verdict: FlinkVerdict, flink: string): string {
  switch (verdict.kind) {
    case 'works':
      return `${flink} restores it as it is`;
    case 'migrates':
      return `${flink} migrates it${verdict.changes.length === 0 ? '' : ` (${verdict.changes.join('; ')})`}`;
    case 'refuses':
      return `${flink} refuses it: ${verdict.reason}`;
    case 'fails':
      return `${flink} accepts it, and then fails at the first record: ${verdict.reason}`;
    case 'unknown':
      return `What ${flink} does with it is not known: ${verdict.reason}`;
    case 'spoils':
      return `${flink} restores it with values in the wrong fields, without a word: it writes old records with the new schema by position (${verdict.fields.join('; ')})`;
    case 'renames':
      return `${flink} goes by position: ${verdict.fields.map(({ from, to }) => `${to} gets the values of ${from}`).join('; ')}`;
  }
}

/** The verdicts of several versions, those that are alike as one; none where all restore it as it is. */
export function verdictsInWords(verdicts: ReadonlyMap<FlinkTarget, FlinkVerdict>): string[] {
  if ([...verdicts.values()].every(({ kind }) => kind === 'works')) return [];
  const alike = new Set([...verdicts.values()].map((verdict) => verdictText(verdict, 'Flink')));
  if (verdicts.size > 1 && alike.size === 1) return [...alike];
  return [...verdicts].map(([target, verdict]) => verdictText(verdict, `Flink ${target}`));
}
