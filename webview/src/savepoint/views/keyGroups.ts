import { max, mean, range, scaleBand, scaleLinear, sum } from 'd3';
import { bytes } from '../../format.ts';
import { button, element, whenChanged } from '../../views/element.ts';
import type { Actions } from '../actions.ts';
import { exactBytes } from '../../snapshot/figures.ts';
import { factsOf, firstKeyGroup, gini, keyGroupBytes, selectedOperator, selectedStatistics, type Model } from '../model.ts';
import type { OperatorOverview } from '../protocol.ts';
import { plainText } from '../../snapshot/typedValue.ts';
import { chart, heat, rovingCells, nodeOf } from '../../snapshot/charts.ts';
import { heading, hint } from '../../snapshot/parts.ts';

/** So many times the mean of those that have bytes is worth a mark. */
const OUTLIER = 10;
const CELLS_MAX = 1024;
const SUBTASKS_SHOWN = 16;
const CELL = 16;
const GAP = 8;

interface Cell {
  readonly first: number;
  readonly last: number;
  readonly bytes: number;
}

/** Skew: a heat map of an operator's key groups in their subtasks, and the same sorted. */
export function renderKeyGroups(root: HTMLElement, model: Model, actions: Actions): void {
  const operator = selectedOperator(model);
  const facts = factsOf(model, model.operator);
  const { changes, keyGroup, parallelism } = model;
  whenChanged(root, JSON.stringify([model.operator, model.state, changes, keyGroup, parallelism, facts === null]), () => {
    if (operator === null) return [];
    const groups = keyGroupBytes(model);
    if (groups === null || sum(groups) === 0) return [heading('Key groups', ''), hint(emptyText(operator))];
    const average = mean(groups) ?? 0;
    const largest = max(groups) ?? 0;
    const unevenness =
      average === 0 ? '' : `max ${(largest / average).toFixed(1)} × mean, Gini ${gini(groups).toFixed(2)} · colour: √ bytes`;
    const width = Math.max(280, root.clientWidth - 24);
    return [
      heading('Key groups', unevenness, element('span', { class: 'caption' }, 'at parallelism'), parallelisms(model, operator, actions)),
      element('div', { class: 'inset' }, heatMap(model, operator, groups, width, actions), sorted(model, groups, width)),
    ];
  });
}

function emptyText({ bytes: size }: OperatorOverview): string {
  if (size.keyed + size.rawKeyed === 0) return 'This operator has no keyed state.';
  return 'How many bytes each key group has is known when the entries have been read: their files hold many key groups.';
}

/** Half, same, twice: what another parallelism would do to the skew. */
function parallelisms(model: Model, operator: OperatorOverview, actions: Actions): HTMLElement {
  const own = Math.max(1, operator.parallelism);
  const options = [...new Set([Math.max(1, Math.floor(own / 2)), own, own * 2])].filter((option) => option <= operator.maxParallelism);
  const chosen = model.parallelism ?? own;
  return element(
    'span',
    { class: 'segments', role: 'group', 'aria-label': 'Parallelism' },
    ...options.map((option) =>
      button(String(option), null, () => actions.setParallelism(option), {
        'aria-pressed': String(option === chosen),
        'aria-label': `parallelism ${String(option)}`,
      }),
    ),
  );
}

function heatMap(model: Model, operator: OperatorOverview, groups: readonly number[], width: number, actions: Actions): SVGSVGElement {
  const parallelism = Math.min(operator.maxParallelism, model.parallelism ?? Math.max(1, operator.parallelism));
  const isSplit = parallelism <= SUBTASKS_SHOWN && groups.length <= CELLS_MAX;
  const blocks = isSplit
    ? range(parallelism).map((subtask) => ({
        subtask,
        cells: cellsOf(
          groups,
          firstKeyGroup(subtask, parallelism, groups.length),
          firstKeyGroup(subtask + 1, parallelism, groups.length),
          1,
        ),
      }))
    : [{ subtask: -1, cells: cellsOf(groups, 0, groups.length, Math.ceil(groups.length / CELLS_MAX)) }];
  const across = Math.min(4, blocks.length);
  const blockWidth = (width - (across - 1) * GAP) / across;
  const columns = columnsOf(max(blocks, ({ cells }) => cells.length) ?? 1, blockWidth);
  const cellWidth = blockWidth / columns;
  const heights = blocks.map(({ cells }) => Math.max(1, Math.ceil(cells.length / columns)) * CELL + (isSplit ? 18 : 0) + 8);
  const rowHeight = max(heights) ?? 0;
  const height = rowHeight * Math.ceil(blocks.length / across);
  const svg = chart(width, height, null).attr('role', 'grid').attr('aria-label', `Key groups of ${operator.label} by bytes`);
  const all = blocks.flatMap(({ cells }) => cells);
  const most = max(all, (cell) => cell.bytes) ?? 1;
  const average = mean(all, (cell) => cell.bytes) ?? 0;
  const usual = meanOfFilled(all.map((cell) => cell.bytes));
  blocks.forEach(({ subtask, cells }, i) => {
    const block = svg
      .append('g')
      .attr('role', 'row')
      .attr('transform', `translate(${String((i % across) * (blockWidth + GAP))},${String(Math.floor(i / across) * rowHeight)})`);
    if (isSplit) {
      const total = sum(cells, (cell) => cell.bytes);
      const label = blockWidth > 100 ? `subtask ${String(subtask + 1)}` : String(subtask + 1);
      block.append('text').attr('class', 'caption').attr('y', 11).text(label);
      block
        .append('text')
        .attr('class', 'small')
        .attr('x', blockWidth - 1)
        .attr('y', 11)
        .attr('text-anchor', 'end')
        .attr('data-tip', exactBytes(total))
        .text(bytes(total));
    }
    block
      .selectAll('rect')
      .data(cells)
      .join('rect')
      .attr('class', (cell) => cellLook(cell, usual, model.keyGroup))
      .attr('x', (_, k) => (k % columns) * cellWidth)
      .attr('y', (_, k) => Math.floor(k / columns) * CELL + (isSplit ? 18 : 0))
      .attr('width', cellWidth - 1)
      .attr('height', CELL - 1)
      .style('fill', (cell) => heat(cell.bytes / most))
      .attr('role', 'gridcell')
      .attr('data-group', (cell) => cell.first)
      .attr('aria-selected', (cell) => String(isChosen(cell, model.keyGroup)))
      .attr('aria-label', (cell) => `${cellName(cell)}, ${bytes(cell.bytes)}`)
      .attr(
        'data-tip',
        (cell) =>
          `${cellName(cell)}${isSplit ? `, subtask ${String(subtask + 1)} of ${String(parallelism)}` : ''}\n${exactBytes(cell.bytes)}, ${(cell.bytes / (average || 1)).toFixed(1)} × mean\nEnter or click: only its entries`,
      );
  });
  const node = nodeOf(svg);
  rovingCells(
    node,
    'rect[data-group]',
    columns,
    (cell) => {
      const group = Number(cell.getAttribute('data-group'));
      actions.setKeyGroup(model.keyGroup === group ? null : group);
    },
    model.keyGroup === null ? null : `[data-group="${String(model.keyGroup)}"]`,
  );
  return node;
}

/** How many fit, and fill their last row best. */
function columnsOf(cells: number, width: number): number {
  let best = Math.max(1, Math.floor(width / CELL));
  const most = Math.max(1, Math.floor(width / 11));
  for (let columns = Math.max(1, Math.ceil(width / 24)); columns <= most; columns++) {
    const empty = (count: number): number => (Math.ceil(cells / count) * count - cells) / count;
    if (empty(columns) < empty(best)) best = columns;
  }
  return best;
}

function cellsOf(groups: readonly number[], first: number, end: number, size: number): Cell[] {
  return range(first, end, size).map((from) => {
    const to = Math.min(end, from + size);
    return { first: from, last: to - 1, bytes: sum(groups.slice(from, to)) };
  });
}

function cellName({ first, last }: Cell): string {
  return first === last ? `key group ${String(first)}` : `key groups ${String(first)} to ${String(last)}`;
}

function isChosen(cell: Cell, chosen: number | null): boolean {
  return chosen !== null && cell.first <= chosen && cell.last >= chosen;
}

function cellLook(cell: Cell, usual: number, chosen: number | null): string {
  const looks = ['cell'];
  if (cell.bytes === 0) looks.push('none');
  if (cell.bytes > usual * OUTLIER) looks.push('outlier');
  if (isChosen(cell, chosen)) looks.push('chosen');
  return looks.join(' ');
}

/** Where few keys leave most key groups empty, none of the others is an outlier for that. */
function meanOfFilled(values: readonly number[]): number {
  return mean(values.filter((value) => value > 0)) ?? 0;
}

/** The same bytes sorted: how steep it falls is the skew. */
function sorted(model: Model, groups: readonly number[], width: number): SVGSVGElement {
  const average = mean(groups) ?? 0;
  const usual = meanOfFilled(groups);
  const order = groups.map((size, group) => ({ size, group })).sort((a, b) => b.size - a.size);
  const shown = order.slice(0, 512);
  const first = order[0] ?? { size: 1, group: 0 };
  const svg = chart(
    width,
    44,
    `Bytes of key groups, sorted. Group ${String(first.group)} has most, ${(first.size / (average || 1)).toFixed(1)} times the mean.`,
  );
  const x = scaleBand(range(shown.length).map(String), [0, width]).padding(shown.length > 200 ? 0 : 0.25);
  const y = scaleLinear([0, first.size || 1], [0, 36]);
  svg
    .selectAll('rect')
    .data(shown)
    .join('rect')
    .attr('class', ({ size }) => (size > usual * OUTLIER ? 'bar outlier' : 'bar'))
    .attr('x', (_, i) => x(String(i)) ?? 0)
    .attr('width', x.bandwidth())
    .attr('y', ({ size }) => 40 - y(size))
    .attr('height', ({ size }) => y(size))
    .attr('data-tip', ({ size, group }) => `key group ${String(group)}: ${exactBytes(size)}`);
  const line = 40 - y(average);
  svg.append('line').attr('class', 'mean').attr('x2', width).attr('y1', line).attr('y2', line);
  if (first.size > average * 2) {
    svg
      .append('text')
      .attr('class', 'caption')
      .attr('x', width)
      .attr('y', line - 5)
      .attr('text-anchor', 'end')
      .text(`mean ${bytes(average)}`);
    const key = selectedStatistics(model)?.largestKeys.find(({ keyGroup }) => keyGroup === first.group)?.key;
    const name = key !== undefined && key.json.length < 40 ? ` (${plainText(key)})` : '';
    svg
      .append('text')
      .attr('class', 'small')
      .attr('x', Math.min(width - 220, (x.step() * order.filter(({ size }) => size > average * 2).length || 0) + 12))
      .attr('y', 11)
      .text(`group ${String(first.group)}${name}, ${(first.size / average).toFixed(1)} × mean`);
  }
  return nodeOf(svg);
}
