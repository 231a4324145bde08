import { viewOfElement, type DumpValue } from 'tidemark/snapshot';

export function connectorText(state: string, element: DumpValue): string | null {
  return viewOfElement(state, element)?.text ?? null;
}

const NUMBERS = /^next (\d+)(?:, then every (\d+) numbers)?$/;

/**
 * One line for each position of a source. The shares of one generator are one: their readers count through the same numbers in turn, each
 * every Nth, so what all of them have is how many records were read.
 */
export function positionLines(texts: readonly string[]): string[] {
  const shares = texts.map((text) => NUMBERS.exec(text));
  const [first] = shares;
  const step = Number(first?.[2] ?? 1);
  if (first == null || step < 2 || texts.length !== step || shares.some((share) => Number(share?.[2] ?? 0) !== step)) return [...texts];
  const next = shares.map((share) => BigInt(share?.[1] ?? 0));
  // A reader whose next number is n has read its share of those below.
  const read = next.reduce((sum, each) => sum + each / BigInt(step), 0n);
  return [`${read.toLocaleString('en')} records read by ${String(step)} readers`];
}
