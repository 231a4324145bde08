import { bytes, count, exact, percent, rate, watermark } from '../format.ts';
import type { PageOperator, PageOperatorStatus } from '../protocol.ts';
import { neighbours, rateOf, statusOf, totals, watermarkOf, type Model } from '../store.ts';
import { button, element, whenChanged } from './element.ts';
import { kindName } from './icons.ts';
import type { Commands } from './toolbar.ts';

/** The selected operator: what it is, how it does, subtask by subtask; without a selection, what to do. */
export function renderDetail(root: HTMLElement, model: Model, commands: Commands): void {
  const operator = model.plan?.operators.find((each) => each.uid === model.selected) ?? null;
  const status = operator === null ? null : statusOf(model, operator.uid);
  const rates = operator === null ? [] : [rateOf(model, operator.uid, 'recordsIn'), rateOf(model, operator.uid, 'recordsOut')].map(rate);
  whenChanged(root, JSON.stringify([operator, status, rates, model.run?.canOpenSource]), () =>
    operator === null ? hint() : describe(operator, status, rates, model, commands),
  );
}

function hint(): HTMLElement[] {
  return [element('p', { class: 'hint' }, 'Select an operator to see its subtasks, state and counters.')];
}

function describe(
  operator: PageOperator,
  status: PageOperatorStatus | null,
  rates: readonly string[],
  model: Model,
  commands: Commands,
): HTMLElement[] {
  const heading = element(
    'header',
    {},
    element('h2', {}, operator.uid),
    element('span', { class: 'secondary' }, [kindName(operator.kind), operator.detail].filter((text) => text !== '').join(' · ')),
  );
  if (model.run?.canOpenSource === true && operator.position !== null) {
    heading.append(
      button('Open source', 'Enter', () => commands.post({ kind: 'openSource', uid: operator.uid }), {
        title: `${operator.position.path}:${operator.position.line}`,
      }),
    );
  }
  return [
    heading,
    ...(status === null ? [] : [facts(status, rates), subtasks(status)]),
    ...states(operator),
    ...counters(status),
    ...ways(operator, model, commands),
  ];
}

function facts(status: PageOperatorStatus, [rateIn = '–', rateOut = '–']: readonly string[]): HTMLElement {
  const all = totals(status);
  const fact = (label: string, value: string, tip: string) =>
    element('div', { title: tip }, element('span', { class: 'caption' }, label), element('b', {}, value));
  return element(
    'div',
    { class: 'facts' },
    fact('In', rateIn, `${exact(all.recordsIn)} records`),
    fact('Out', rateOut, `${exact(all.recordsOut)} records`),
    fact('Busy', percent(all.busy), "share of the engine's thread"),
    fact('Watermark', watermark(watermarkOf(status)).slice(-16), `${watermark(watermarkOf(status))} UTC`),
  );
}

function section(title: string, note: string, ...children: HTMLElement[]): HTMLElement {
  return element('section', { 'aria-label': title }, element('h3', {}, title, element('span', { class: 'secondary' }, note)), ...children);
}

function table(label: string, head: readonly string[], rows: readonly (readonly (string | HTMLElement)[])[]): HTMLElement {
  const cell = (tag: 'td' | 'th', content: string | HTMLElement, column: number) =>
    element(tag, { class: column === 0 ? null : 'number', scope: tag === 'th' ? 'col' : null }, content);
  return element(
    'table',
    { 'aria-label': label },
    element('thead', {}, element('tr', {}, ...head.map((title, column) => cell('th', title, column)))),
    element('tbody', {}, ...rows.map((row) => element('tr', {}, ...row.map((content, column) => cell('td', content, column))))),
  );
}

function subtasks(status: PageOperatorStatus): HTMLElement {
  const late = status.subtasks.some((subtask) => subtask.lateDropped > 0);
  const rows = status.subtasks.map((subtask, index) => [
    String(index + 1),
    count(subtask.recordsIn === 0 ? subtask.recordsOut : subtask.recordsIn),
    meter(subtask.busy),
    count(subtask.keys),
    count(subtask.timers),
    bytes(subtask.stateBytes),
    ...(late ? [count(subtask.lateDropped)] : []),
  ]);
  const total = totals(status).stateBytes;
  return section(
    'Subtasks',
    total === 0 ? '' : bytes(total),
    table('Subtasks', ['#', 'Records', 'Busy', 'Keys', 'Timers', 'State', ...(late ? ['Late'] : [])], rows),
  );
}

function meter(share: number): HTMLElement {
  const fill = element('i', {});
  fill.style.width = `${Math.min(100, share * 100)}%`;
  return element(
    'span',
    {
      class: 'meter',
      role: 'meter',
      'aria-valuenow': String(Math.round(share * 100)),
      'aria-valuemin': '0',
      'aria-valuemax': '100',
      title: percent(share),
    },
    fill,
  );
}

function states(operator: PageOperator): HTMLElement[] {
  if (operator.states.length === 0) return [];
  return [
    section(
      'State',
      '',
      table(
        'States',
        ['Name', 'Kind', 'Type'],
        operator.states.map((state) => [state.name, state.kind.toLowerCase(), element('code', {}, state.type)]),
      ),
    ),
  ];
}

function counters(status: PageOperatorStatus | null): HTMLElement[] {
  const all = { ...status?.counters, ...status?.gauges };
  const rows = Object.entries(all).map(([name, value]) => [name, exact(value)]);
  return rows.length === 0 ? [] : [section('Metrics', '', table('Metrics', ['Name', 'Value'], rows))];
}

/** Where the records come from and go to: a way along the edges without the graph. */
function ways(operator: PageOperator, model: Model, commands: Commands): HTMLElement[] {
  const links = (side: 'upstream' | 'downstream') =>
    neighbours(model.plan?.edges ?? [], operator.uid, side).map((uid) =>
      button(uid, null, () => commands.dispatch({ kind: 'select', uid }), { class: 'link' }),
    );
  const [from, to] = [links('upstream'), links('downstream')];
  const row = (label: string, buttons: HTMLElement[]) =>
    buttons.length === 0 ? [] : [element('div', { class: 'ways' }, element('span', { class: 'caption' }, label), ...buttons)];
  const emits =
    operator.emits === null
      ? []
      : [element('div', { class: 'ways' }, element('span', { class: 'caption' }, 'emits'), element('code', {}, operator.emits))];
  return [section('Stream', '', ...emits, ...row('from', from), ...row('to', to))];
}
