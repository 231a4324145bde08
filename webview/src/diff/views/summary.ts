import { bytes, exact } from '../../format.ts';
import { element, whenChanged } from '../../views/element.ts';
import { exactBytes, figure, plural } from '../../snapshot/figures.ts';
import { icon } from '../../snapshot/icons.ts';
import { allStates, differing, movedBy, operatorChange, operatorLabel, stateDiffers, sumOf, type Model } from '../model.ts';
import { difference, growth, signed, type Sign } from './signs.ts';

/** The verdict, before anything else: how much has changed, and what a restore would leave behind. */
export function renderSummary(root: HTMLElement, model: Model): void {
  const { overview, changes, comparing } = model;
  whenChanged(root, JSON.stringify([changes.overview, changes.counts, comparing.phase]), () => {
    if (overview === null) return [];
    const states = allStates(model);
    const total = sumOf(states);
    const isDone = comparing.phase === 'done';
    return [
      cell('Operators', ...operatorCounts(model)),
      cell('States', ...stateCounts(states)),
      cell(
        isDone ? 'Entries' : 'Entries, so far',
        ...(['added', 'removed', 'changed', 'same'] as const).map((sign) => signed(sign, total[sign])),
      ),
      size(overview.before.sizeBytes, overview.after.sizeBytes),
      ...sources(overview.positions),
      restoring(model),
    ];
  });
}

function cell(title: string, ...values: readonly (Node | string)[]): HTMLElement {
  return element('div', {}, element('span', { class: 'caption' }, title), element('div', { class: 'values' }, ...values));
}

function operatorCounts(model: Model): HTMLElement[] {
  const found = new Map<Sign, number>();
  for (const i of model.overview?.operators.keys() ?? []) {
    const change = operatorChange(model, i);
    if (change !== null) found.set(change, (found.get(change) ?? 0) + 1);
  }
  const signs: readonly Sign[] = ['added', 'removed', 'changed', 'renamed', 'same'];
  return signs.filter((sign) => sign !== 'renamed' || found.has(sign)).map((sign) => signed(sign, found.get(sign) ?? 0));
}

function stateCounts(states: ReturnType<typeof allStates>): HTMLElement[] {
  const of = (sign: Sign): number =>
    states.filter((state) => {
      if (sign === 'added' || sign === 'removed') return state.presence === sign;
      if (state.presence !== 'both') return false;
      return sign === 'changed' ? stateDiffers(state) : state.counts !== null && !stateDiffers(state);
    }).length;
  const retyped = states.filter(({ presence, schema }) => presence === 'both' && schema.length > 0);
  const made = (['added', 'removed', 'changed', 'same'] as const).map((sign) => signed(sign, of(sign)));
  if (retyped.length > 0) {
    const tip = retyped.map(({ name }) => name).join(', ');
    made.push(element('span', { class: 'warning-ink', 'data-tip': tip }, `${plural(retyped.length, 'type')} changed`));
  }
  return made;
}

function size(before: number, after: number): HTMLElement {
  const more = growth(before, after);
  return cell(
    'Size',
    element('span', { 'data-tip': exactBytes(before) }, bytes(before)),
    element('span', { class: 'muted-ink' }, '→'),
    element('span', { 'data-tip': exactBytes(after) }, bytes(after)),
    element(
      'span',
      { class: 'muted-ink light', 'data-tip': `${difference(after - before, exact)} bytes` },
      `${difference(after - before)}${more === null || more === '±0' ? '' : `, ${more}`}`,
    ),
  );
}

function sources(positions: readonly { readonly before: string | null; readonly after: string | null }[]): HTMLElement[] {
  if (positions.length === 0) return [];
  const moves = positions.map(({ before, after }) => ({ isMoved: before !== after, move: movedBy(before, after) }));
  const moved = moves.filter(({ isMoved }) => isMoved);
  const [first] = moved;
  if (first === undefined) return [cell('Sources moved', element('span', { class: 'muted-ink light' }, 'not at all'))];
  const unit = first.move?.unit ?? null;
  if (unit === null || moved.some(({ move }) => move?.unit !== unit)) {
    return [cell('Sources moved', element('span', {}, figure(moved.length)), element('span', { class: 'muted-ink light' }, 'splits'))];
  }
  const by = moved.reduce((sum, { move }) => sum + (move?.by ?? 0), 0);
  return [
    cell(
      'Sources moved',
      element('span', { 'data-tip': `${difference(by, exact)} ${unit}` }, difference(by, unit === 'bytes' ? bytes : figure)),
      element('span', { class: 'muted-ink light' }, unit === 'bytes' ? '' : unit),
    ),
  ];
}

/** State of A that no operator or state of B would take. */
function restoring(model: Model): HTMLElement {
  const states = allStates(model).filter(({ presence, counts }) => presence === 'removed' && counts !== null && differing(counts) > 0);
  const entries = sumOf(states).removed;
  const names = [...new Set(states.map(({ operator }) => operatorLabel(model.overview?.operators[operator] ?? nobody)))];
  const title = 'Restoring A into the pipeline of B';
  if (entries > 0) {
    const said = `${plural(entries, 'entry', 'entries')} of ${names.length === 1 ? (names[0] ?? '') : `${exact(names.length)} operators`} ${entries === 1 ? 'has' : 'have'} no place`;
    return cell(title, element('span', { class: 'warning-ink row light', 'data-tip': names.join('\n') }, icon('warning'), said));
  }
  const isDone = model.comparing.phase === 'done';
  return cell(
    title,
    element(
      'span',
      { class: 'row light muted-ink' },
      ...(isDone ? [icon('pass')] : []),
      isDone ? 'all state has a place' : 'nothing left behind so far',
    ),
  );
}

const nobody = { labelAfter: null, labelBefore: null } as Parameters<typeof operatorLabel>[0];
