import type { SnapshotOperator } from 'tidemark/snapshot';
import { sourcePositions } from '../snapshots/operatorFacts.ts';
import { plural } from './io.ts';

const SHOWN = 20;

/** Where the sources and sinks of an operator go on, one a line. What cannot be read is said in place of it. */
export async function positionsOf(operator: SnapshotOperator): Promise<readonly string[]> {
  try {
    return await sourcePositions(operator);
  } catch (error) {
    return [`its positions cannot be read: ${error instanceof Error ? error.message : String(error)}`];
  }
}

/** For people: the first of them, and how many more there are. */
export function positionLines(positions: readonly string[]): string[] {
  const more = positions.length - SHOWN;
  return [...positions.slice(0, SHOWN), ...(more > 0 ? [`and ${plural(more, 'more position')}`] : [])];
}
