import {
  countText,
  stateDiffers,
  type DifferenceGroup,
  type DumpValue,
  type EntryDifference,
  type OperatorDifference,
  type StateDifference,
} from 'tidemark/snapshot';
import { labelText, timeText, valueText } from '../valueText.ts';

const SIGNS = { added: '+', removed: '-', changed: '~' } as const;
const GROUPS: Readonly<Record<DifferenceGroup, string>> = {
  keyed: '',
  timers: 'timer',
  list: 'element',
  broadcast: 'broadcast',
  raw: 'raw',
  coordinator: '',
};

/** An operator's line: what it is called, and what of it itself is different. */
export function operatorLine(
  { presence, before, after, matchedBy, sharedBytes }: OperatorDifference,
  size: (bytes: number) => string,
): string {
  const label = after?.label ?? before?.label ?? '';
  const parts: string[] = [];
  if (presence !== 'both') parts.push(presence);
  if (before !== null && after !== null) {
    if (before.label !== label) parts.push(`was ${before.label}`);
    if (matchedBy === 'proposal') parts.push('taken for the same because they look alike');
    if (before.parallelism !== after.parallelism) parts.push(`parallelism ${String(before.parallelism)} -> ${String(after.parallelism)}`);
    if (before.maxParallelism !== after.maxParallelism) {
      parts.push(`max parallelism ${String(before.maxParallelism)} -> ${String(after.maxParallelism)}`);
    }
  }
  const sizes = [before, after].flatMap((side) => (side === null ? [] : [size(side.stateSize)]));
  parts.push([...new Set(sizes)].join(' -> '));
  if (sharedBytes > 0) parts.push(`${size(sharedBytes)} in files that both share, not read`);
  return `${presence === 'both' ? '' : `${SIGNS[presence]} `}${label}  (${parts.join(', ')})`;
}

/** A state's lines: counts, and what of its type is different. */
export function stateLines(state: StateDifference, size: (bytes: number) => string): string[] {
  const { name, group, presence, schema, onRestore, counts, isShared } = state;
  const { added, removed, changed, same, unknown, bytesBefore, bytesAfter } = counts;
  const sign = presence !== 'both' ? SIGNS[presence] : stateDiffers(state) ? '~' : '=';
  const of = GROUPS[group] === '' || group === 'timers' ? '' : ` (${GROUPS[group]})`;
  const numbers = [
    ...(added > 0 ? [`${countText(added)} added`] : []),
    ...(removed > 0 ? [`${countText(removed)} removed`] : []),
    ...(changed > 0 ? [`${countText(changed)} changed`] : []),
    ...(unknown > 0 ? [`${countText(unknown)} unknown`] : []),
    isShared ? `${same === 0 ? '' : `${countText(same)} and `}what is shared the same` : `${countText(same)} the same`,
    bytesBefore === bytesAfter ? size(bytesAfter) : `${size(bytesBefore)} -> ${size(bytesAfter)}`,
  ];
  const lines = [`  ${sign} ${name}${of}: ${numbers.join(', ')}`];
  for (const { part, before, after } of schema) lines.push(`      ${part}: ${before ?? 'none'} -> ${after ?? 'none'}`);
  for (const sentence of onRestore) lines.push(`      on restore: ${sentence}.`);
  return lines;
}

/** An entry's lines: where it is, and what it is, or part by part what has changed. */
export function entryLines(entry: EntryDifference): string[] {
  const { change, before, after, changes } = entry;
  const place = `    ${SIGNS[change]} ${placeText(entry)}`;
  if (change !== 'changed') {
    const value = before ?? after;
    return [value === undefined ? place : `${place} = ${valueText(value)}`];
  }
  const [only] = changes;
  if (changes.length === 1 && only?.path === 'value') return [`${place}: ${sideText(only.before)} -> ${sideText(only.after)}`];
  return [place, ...changes.map(({ path, before: one, after: two }) => `        ${path}: ${sideText(one)} -> ${sideText(two)}`)];
}

function sideText(value: DumpValue | undefined): string {
  return value === undefined ? 'nothing' : valueText(value);
}

function placeText({ state, group, key, namespace, userKey, timestamp }: EntryDifference): string {
  const parts = [state];
  if (group === 'timers') parts.push(`at ${timeText(timestamp)}`);
  if (group === 'keyed' || group === 'timers' || group === 'broadcast' || key !== null) parts.push(labelText(key));
  if (namespace !== null) parts.push(`in ${valueText(namespace)}`);
  if (userKey !== null) parts.push(`[${labelText(userKey)}]`);
  return parts.join(' ');
}
