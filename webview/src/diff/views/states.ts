import { scaleSqrt } from 'd3';
import { bytes, exact } from '../../format.ts';
import { button, element } from '../../views/element.ts';
import { chart, nodeOf } from '../../snapshot/charts.ts';
import { exactBytes, figure, plural } from '../../snapshot/figures.ts';
import { icon } from '../../snapshot/icons.ts';
import { heading, iconButton } from '../../snapshot/parts.ts';
import { createVirtualList } from '../../snapshot/virtualList.ts';
import type { Actions } from '../actions.ts';
import {
  differing,
  isListed,
  isSamePlace,
  operatorChange,
  operatorLabel,
  stateDiffers,
  stateKey,
  stateLabel,
  statesOf,
  sumOf,
  type KnownState,
  type Model,
} from '../model.ts';
import type { ComparedOperator, EntryCounts } from '../protocol.ts';
import { difference, glyph, GLYPHS } from './signs.ts';

type StatesRow =
  | { readonly is: 'operator'; readonly index: number; readonly operator: ComparedOperator; readonly states: readonly KnownState[] }
  | { readonly is: 'proposal'; readonly index: number; readonly operator: ComparedOperator }
  | { readonly is: 'note'; readonly index: number; readonly text: string }
  | { readonly is: 'state'; readonly index: number; readonly state: KnownState };

export interface StatesView {
  render(model: Model): void;
}

/** Operators and their states with what has changed in them, while it is being counted. */
export function createStates(root: HTMLElement, actions: Actions, model: Model): StatesView {
  let most = 1;
  let drawn = '';
  const columns = element(
    'div',
    { class: 'line columns', 'aria-hidden': 'true' },
    ...['State', 'removed │ in B', 'Added', 'Removed', 'Changed', 'Bytes'].map((title, i) =>
      element('span', { class: i > 1 ? 'number' : i === 1 ? 'axis-title' : '' }, title),
    ),
  );
  const list = createVirtualList<StatesRow>({
    label: 'Operators and states',
    role: 'treegrid',
    visibleRows: 16,
    cells: (row) => cells(row, model, most, actions),
    sentence: (row) => sentence(row, model),
    version: (row) => version(row, model, most),
    look: (row) => `${row.is}-line`,
    branch: (row) => ({
      level: row.is === 'operator' ? 1 : 2,
      isOpen: row.is === 'operator' && row.states.length > 0 ? !model.folded.has(row.index) : null,
    }),
    onFold: (row, open) => actions.foldOperator(row.index, open),
    onSelect: (row) => {
      if (row.is === 'state') actions.select(row.state);
      else if (row.is === 'operator' && row.states[0] !== undefined && model.selected?.operator !== row.index)
        actions.select(row.states[0]);
    },
    onOpen: (row) => {
      if (row.is === 'state') actions.openListing(row.state, true);
      else if (row.is === 'operator') actions.foldOperator(row.index, model.folded.has(row.index));
    },
  });
  const none = element('div', { class: 'hint' });
  root.append(
    heading(
      'Operators and states',
      'bars: square root of entries',
      iconButton('up', 'Collapse operators', actions.foldAllOperators, { bare: true }),
    ),
    columns,
    list.root,
    none,
  );

  return {
    render() {
      const { changes, showsSame, operator, state, selected, comparing } = model;
      const key = JSON.stringify([changes, showsSame, operator, state, selected, [...model.folded], comparing.phase]);
      if (key === drawn) return;
      drawn = key;
      const rows = rowsOf(model);
      most = Math.max(1, ...rows.map((row) => (row.is === 'state' && row.state.counts !== null ? largest(row.state.counts) : 0)));
      const chosen = rows.find((row) => row.is === 'state' && isSamePlace(row.state, selected));
      list.show(rows, chosen ?? null);
      none.hidden = rows.length > 0;
      none.textContent =
        comparing.phase === 'running'
          ? 'No difference so far.'
          : operator !== null || state !== null
            ? 'Nothing has changed here. “Same” lists what is the same.'
            : 'No operator and no state has changed. “Same” lists them.';
    },
  };
}

/** Without those that are the same, unless they are asked for; while it is not known, they are listed. */
function rowsOf(model: Model): StatesRow[] {
  const rows: StatesRow[] = [];
  for (const [index, operator] of (model.overview?.operators ?? []).entries()) {
    if (model.operator !== null && model.operator !== index) continue;
    const change = operatorChange(model, index);
    const isFinal = model.counts.get(index)?.isFinal === true;
    const states = statesOf(model, index).filter((state) => isListed(model, state) && (model.showsSame || !isFinal || stateDiffers(state)));
    if (!model.showsSame && change === 'same') continue;
    if (model.state !== null && states.length === 0) continue;
    if (states.length === 0 && change === null && operator.states.length === 0) continue;
    rows.push({ is: 'operator', index, operator, states });
    if (operator.matchedBy === 'proposal' && !model.accepted.has(operator.before ?? '')) rows.push({ is: 'proposal', index, operator });
    if (model.folded.has(index)) continue;
    for (const text of notesOf(model, index, operator)) rows.push({ is: 'note', index, text });
    for (const state of states) rows.push({ is: 'state', index, state });
  }
  return rows;
}

function notesOf(model: Model, index: number, operator: ComparedOperator): string[] {
  const shared = model.counts.get(index)?.sharedBytes ?? 0;
  return [...operator.notes, ...(shared > 0 ? [`${bytes(shared)} in files that both share: the same, not read`] : [])];
}

function largest({ added, removed, changed }: EntryCounts): number {
  return Math.max(removed, added + changed);
}

function version(row: StatesRow, model: Model, most: number): string {
  switch (row.is) {
    case 'operator':
      return JSON.stringify([
        row.index,
        operatorChange(model, row.index),
        model.counts.get(row.index)?.isFinal,
        sumOf(row.states),
        model.changes.overview,
      ]);
    case 'proposal':
      return `proposal ${String(row.index)} ${String(model.changes.overview)}`;
    case 'note':
      return `note ${row.text}`;
    case 'state':
      return JSON.stringify([stateKey(row.state), row.state.counts, most, model.counts.get(row.index)?.isFinal, model.comparing.phase]);
  }
}

function cell(look: string, tip: string | null, ...content: readonly (Node | string)[]): HTMLElement {
  return element('span', { role: 'gridcell', class: look, 'data-tip': tip }, ...content);
}

function cells(row: StatesRow, model: Model, most: number, actions: Actions): HTMLElement[] {
  switch (row.is) {
    case 'operator':
      return operatorCells(row, model);
    case 'proposal':
      return proposalCells(row, actions);
    case 'note':
      return [cell('fit indented dim', row.text, row.text)];
    case 'state':
      return stateCells(row.state, model, most);
  }
}

function operatorCells({ index, operator, states }: StatesRow & { is: 'operator' }, model: Model): HTMLElement[] {
  const { labelBefore, labelAfter, presence, bytesBefore, bytesAfter, before, after } = operator;
  // A snapshot without uids calls an operator by its id: that is no other name.
  const isRenamed = operator.matchedBy === 'rename' || operator.matchedBy === 'proposal';
  const counts = model.counts.get(index);
  const said =
    presence === 'removed'
      ? 'only in A'
      : presence === 'added'
        ? 'only in B'
        : model.comparing.phase === 'running' && counts !== undefined && !counts.isFinal
          ? 'comparing'
          : '';
  const ids = [...new Set([before, after].filter((id) => id !== null))].map((id) => `operator id ${id}`).join('\n');
  return [
    cell(
      'fit row',
      ids,
      element(
        'span',
        { class: 'twistie', 'aria-hidden': 'true' },
        ...(states.length === 0 ? [] : [icon(model.folded.has(index) ? 'right' : 'down')]),
      ),
      glyph(operatorChange(model, index)),
      ...(isRenamed && labelBefore !== null && labelBefore !== labelAfter
        ? [element('s', { class: 'removed-ink' }, labelBefore), element('span', { class: 'renamed-ink' }, '→')]
        : []),
      element('b', { class: 'fit' }, operatorLabel(operator)),
      ...(said === '' ? [] : [element('span', { class: 'dim' }, said)]),
    ),
    cell('number', `${exactBytes(bytesBefore)} → ${exactBytes(bytesAfter)}`, difference(bytesAfter - bytesBefore)),
  ];
}

function proposalCells({ index, operator }: StatesRow & { is: 'proposal' }, actions: Actions): HTMLElement[] {
  const text = `Proposed: the same ${plural(operator.states.length, 'state')}, compared as one operator`;
  return [
    cell('fit indented', `${text}.\nTo rename it in the code, give the new uid and keep the old one as its previous one.`, text),
    cell(
      'row buttons',
      null,
      iconButton('check', 'Accept', () => actions.acceptRename(index), { look: 'secondary-look' }),
      button('Keep apart', null, () => actions.keepApart(index), {}),
    ),
  ];
}

function stateCells(state: KnownState, model: Model, most: number): HTMLElement[] {
  const { counts, type, schema, presence } = state;
  const second =
    presence === 'both' && schema.length > 0
      ? element('span', { class: 'tag warning' }, 'new type')
      : element('span', { class: 'dim fit' }, type);
  const name = cell('fit row indented', `${state.name}: ${type}`, element('span', { class: 'fit' }, stateLabel(state)), second);
  if (counts === null) {
    const text = model.comparing.phase === 'running' ? 'queued' : '–';
    return [name, cell('dim', null, text), cell('', null), cell('', null), cell('', null), cell('', null)];
  }
  const number = (sign: 'added' | 'removed' | 'changed'): HTMLElement =>
    counts[sign] === 0
      ? cell('number dim', null, '·')
      : cell(`number ${sign}-ink`, exact(counts[sign]), `${GLYPHS[sign]}${figure(counts[sign])}`);
  return [
    name,
    cell('', null, bar(counts, most)),
    number('added'),
    number('removed'),
    number('changed'),
    cell(
      'number',
      `${exactBytes(counts.bytesBefore)} → ${exactBytes(counts.bytesAfter)}`,
      difference(counts.bytesAfter - counts.bytesBefore),
    ),
  ];
}

const WIDTH = 148;
const ZERO = 64;

/** What is gone to the left, what is new and then what has changed to the right. */
function bar(counts: EntryCounts, most: number): SVGSVGElement {
  const { added, removed, changed, same } = counts;
  const length = scaleSqrt([0, most], [0, 1]);
  const left = length(removed) * ZERO;
  const right = length(added + changed) * (WIDTH - ZERO - 4);
  const share = added + changed === 0 ? 0 : (right * added) / (added + changed);
  const svg = chart(WIDTH, 12, `${exact(added)} added, ${exact(removed)} removed, ${exact(changed)} changed`)
    .attr('preserveAspectRatio', 'none')
    .attr('data-tip', `+${exact(added)}  \u2212${exact(removed)}  ~${exact(changed)}  =${exact(same)}\nlength: square root of entries`);
  const part = (look: string, x: number, width: number): void => {
    if (width > 0) svg.append('rect').attr('class', look).attr('x', x).attr('y', 2).attr('width', Math.max(1, width)).attr('height', 8);
  };
  part('removed-bar', ZERO - left - 1, left);
  part('added-bar', ZERO + 1, share);
  part('changed-bar', ZERO + 1 + share + (share > 0 ? 1 : 0), right - share);
  svg.append('line').attr('class', 'zero').attr('x1', ZERO).attr('x2', ZERO).attr('y1', 0).attr('y2', 12);
  return nodeOf(svg);
}

function sentence(row: StatesRow, model: Model): string | null {
  if (row.is === 'operator')
    return `${operatorLabel(row.operator)}, ${operatorChange(model, row.index) ?? 'comparing'}, ${plural(row.states.length, 'state')}`;
  if (row.is !== 'state') return null;
  const { counts, schema } = row.state;
  const name = stateLabel(row.state);
  if (counts === null) return `${name}, not compared yet`;
  if (differing(counts) === 0) return `${name}, ${schema.length > 0 ? 'its type has changed, ' : ''}entries are the same`;
  return `${name}, ${exact(counts.added)} added, ${exact(counts.removed)} removed, ${exact(counts.changed)} changed`;
}
