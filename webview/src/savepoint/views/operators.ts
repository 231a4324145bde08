import { bytes } from '../../format.ts';
import { element } from '../../views/element.ts';
import type { Actions } from '../actions.ts';
import { exactBytes, figure } from '../../snapshot/figures.ts';
import { entriesOf, factsOf, type Model } from '../model.ts';
import type { OperatorOverview } from '../protocol.ts';
import { heading, meter } from '../../snapshot/parts.ts';
import { createVirtualList } from '../../snapshot/virtualList.ts';

/** From so many on there is a field to filter them by name. */
const FILTER_FROM = 16;

export interface OperatorsView {
  render(model: Model): void;
}

/** Where the bytes are: all operators, the largest first. */
export function createOperators(root: HTMLElement, actions: Actions, model: Model): OperatorsView {
  let sorted: readonly OperatorOverview[] = [];
  let most = 1;
  let drawn = '';
  const filter = element('input', { type: 'text', placeholder: 'Filter', 'aria-label': 'Filter operators' });
  const filterBox = element('label', { class: 'search small' }, filter);
  const titles = ['Operator', '', 'States', 'Entries', 'Size', ''];
  const columns = element(
    'div',
    { class: 'line columns', 'aria-hidden': 'true' },
    ...titles.map((title, i) => element('span', { class: i === 0 || i === 4 ? '' : 'number' }, title)),
  );
  const list = createVirtualList<OperatorOverview>({
    label: 'Operators, the largest first',
    role: 'grid',
    visibleRows: 12,
    cells: (operator) => cells(model, operator, most),
    sentence: (operator) => sentence(model, operator),
    version: (operator) => `${operator.id} ${String(statesOf(model, operator))} ${String(entriesOf(model, operator.id))}`,
    onSelect: (operator) => actions.selectOperator(operator.id),
    onOpen: (operator) => actions.selectOperator(operator.id),
    onView: (operators) => actions.needFacts(operators.map(({ id }) => id)),
  });
  const none = element('div', { class: 'hint' }, 'No operator has this in its name.');
  const title = heading('Operators', 'bars: square root of bytes', filterBox);
  root.append(title, columns, list.root, none);
  filter.addEventListener('input', () => {
    drawn = '';
    render();
  });

  function render(): void {
    const operators = model.overview?.operators ?? [];
    if (sorted.length !== operators.length || sorted !== shownOf(model)) {
      sorted = shownOf(model);
      most = Math.max(1, sorted[0]?.bytes.total ?? 1);
    }
    filterBox.hidden = operators.length < FILTER_FROM;
    const key = JSON.stringify([model.changes, model.operator, filter.value]);
    if (key === drawn) return;
    drawn = key;
    const wanted = filter.value.trim().toLowerCase();
    const shown =
      wanted === '' ? sorted : sorted.filter(({ label, name, id }) => `${label} ${name ?? ''} ${id}`.toLowerCase().includes(wanted));
    none.hidden = shown.length > 0;
    list.show(shown, shown.find(({ id }) => id === model.operator) ?? null);
  }

  return { render };
}

const sortings = new WeakMap<object, readonly OperatorOverview[]>();

function shownOf({ overview }: Model): readonly OperatorOverview[] {
  if (overview === null) return [];
  let sorted = sortings.get(overview);
  if (sorted === undefined) {
    sorted = [...overview.operators].sort((a, b) => b.bytes.total - a.bytes.total || a.label.localeCompare(b.label));
    sortings.set(overview, sorted);
  }
  return sorted;
}

/** The one that has most is what one wants to see first. */
export function largestOperator(model: Model): OperatorOverview | null {
  return shownOf(model)[0] ?? null;
}

function statesOf(model: Model, { id, bytes: { total } }: OperatorOverview): number | null {
  return factsOf(model, id)?.states.length ?? (total === 0 ? 0 : null);
}

function cells(model: Model, operator: OperatorOverview, most: number): HTMLElement[] {
  const { id, label, name, parallelism, bytes: size } = operator;
  const states = statesOf(model, operator);
  const entries = entriesOf(model, id);
  const cell = (look: string, tip: string | null, ...content: (Node | string)[]): HTMLElement =>
    element('span', { role: 'gridcell', class: look, 'data-tip': tip }, ...content);
  const second = name !== null && name !== label ? [' ', element('span', { class: 'dim' }, name)] : [];
  return [
    cell(
      'fit',
      `${name === null || name === label ? '' : `${name}\n`}operator id ${id}`,
      element('span', { class: 'name' }, label),
      ...second,
    ),
    cell('number', null, operator.finished ? 'ended' : `×${String(parallelism)}`),
    cell('number', null, states === null ? '' : states === 0 ? '–' : figure(states)),
    cell('number', null, entries === null ? '–' : figure(entries)),
    cell('', exactBytes(size.total), meter(Math.sqrt(size.total / most))),
    cell('number', kindsText(operator), size.total === 0 ? 'stateless' : bytes(size.total)),
  ];
}

function kindsText({ bytes: size }: OperatorOverview): string | null {
  const kinds: [string, number][] = [
    ['keyed', size.keyed],
    ['raw keyed', size.rawKeyed],
    ['operator', size.operator],
    ['raw operator', size.rawOperator],
    ['records in flight', size.channels],
    ['coordinator', size.coordinator],
  ];
  const shown = kinds.filter(([, count]) => count > 0).map(([kind, count]) => `${kind}: ${exactBytes(count)}`);
  return shown.length === 0 ? null : shown.join('\n');
}

function sentence(model: Model, operator: OperatorOverview): string {
  const entries = entriesOf(model, operator.id);
  const states = statesOf(model, operator);
  return [
    operator.label,
    operator.finished ? 'finished' : `parallelism ${String(operator.parallelism)}`,
    ...(states === null ? [] : [`${String(states)} states`]),
    ...(entries === null ? [] : [`${figure(entries)} entries`]),
    bytes(operator.bytes.total),
  ].join(', ');
}
