import { select } from 'd3';
import { backlog, bytes, count, exact, percent, rate, watermark } from '../format.ts';
import type { PageOperator } from '../protocol.ts';
import { backlogOf, mainDirection, markOf, rateOf, statusOf, totals, watermarkOf, type Model } from '../store.ts';
import { kindName } from './icons.ts';
import { matches } from './operatorText.ts';
import type { Commands } from './toolbar.ts';

interface Column {
  readonly title: string;
  readonly numeric: boolean;
  text(model: Model, operator: PageOperator): string;
  tip?(model: Model, operator: PageOperator): string;
}

const sum = (model: Model, operator: PageOperator) => {
  const status = statusOf(model, operator.uid);
  return status === null ? null : totals(status);
};

/** Columns are data: what a reader of the graph sees, a reader of the table reads. */
const columns: readonly Column[] = [
  { title: 'Operator', numeric: false, text: (model, operator) => withMark(operator.uid, markOf(model, operator.uid)) },
  { title: 'Kind', numeric: false, text: (_, operator) => kindName(operator.kind), tip: (_, operator) => operator.detail },
  { title: 'Subtasks', numeric: true, text: (_, operator) => String(operator.parallelism) },
  { title: 'Rate', numeric: true, text: (model, operator) => rate(rateOf(model, operator.uid, mainDirection(operator.kind))) },
  {
    title: 'In',
    numeric: true,
    text: (model, operator) => count(sum(model, operator)?.recordsIn ?? 0),
    tip: (model, operator) => exact(sum(model, operator)?.recordsIn ?? 0),
  },
  {
    title: 'Out',
    numeric: true,
    text: (model, operator) => count(sum(model, operator)?.recordsOut ?? 0),
    tip: (model, operator) => exact(sum(model, operator)?.recordsOut ?? 0),
  },
  { title: 'Busy', numeric: true, text: (model, operator) => percent(sum(model, operator)?.busy ?? 0) },
  {
    title: 'State',
    numeric: true,
    text: (model, operator) => bytes(sum(model, operator)?.stateBytes ?? 0),
    tip: (model, operator) => `${exact(sum(model, operator)?.stateBytes ?? 0)} bytes`,
  },
  {
    title: 'Backlog',
    numeric: true,
    text: (model, operator) => {
      const status = statusOf(model, operator.uid);
      return status === null ? '–' : backlog(backlogOf(status));
    },
  },
  {
    title: 'Watermark',
    numeric: true,
    text: (model, operator) => {
      const status = statusOf(model, operator.uid);
      return status === null ? '–' : watermark(watermarkOf(status));
    },
  },
];

/** In words too: colour alone tells nothing to those who do not see it. */
function withMark(uid: string, mark: 'failed' | 'paused' | null): string {
  return mark === null ? uid : `${uid} (${mark} here)`;
}

/** The table twin of the graph: same operators, same numbers, for large plans and screen readers. */
export function renderTable(root: HTMLElement, model: Model, commands: Commands): void {
  const table = select(root)
    .selectAll<HTMLTableElement, null>('table')
    .data([null])
    .join((enter) => {
      const made = enter.append('table').attr('aria-label', 'Operators');
      made
        .append('thead')
        .append('tr')
        .selectAll('th')
        .data(columns)
        .join('th')
        .attr('scope', 'col')
        .classed('number', (column) => column.numeric)
        .text((column) => column.title);
      made.append('tbody');
      return made;
    });
  const shown = model.plan?.operators.filter((operator) => matches(operator, model.query)) ?? [];
  const focusable = shown.some((operator) => operator.uid === model.selected) ? model.selected : (shown[0]?.uid ?? null);
  table
    .select('tbody')
    .selectAll<HTMLTableRowElement, PageOperator>('tr')
    .data(shown, (operator) => operator.uid)
    .join('tr')
    .attr('data-uid', (operator) => operator.uid)
    .attr('class', (operator) => markOf(model, operator.uid))
    .attr('tabindex', (operator) => (operator.uid === focusable ? 0 : -1))
    .attr('aria-selected', (operator) => String(operator.uid === model.selected))
    .on('click', (_, operator) => commands.dispatch({ kind: 'select', uid: operator.uid }))
    .on('dblclick', (_, operator) => commands.post({ kind: 'openSource', uid: operator.uid }))
    .selectAll<HTMLTableCellElement, { column: Column; operator: PageOperator }>('td')
    .data((operator) => columns.map((column) => ({ column, operator })))
    .join('td')
    .classed('number', ({ column }) => column.numeric)
    .attr('title', ({ column, operator }) => column.tip?.(model, operator) ?? null)
    .text(({ column, operator }) => column.text(model, operator));
}
