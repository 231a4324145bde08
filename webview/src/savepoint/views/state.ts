import { bytes } from '../../format.ts';
import { button, element, whenChanged } from '../../views/element.ts';
import type { Actions } from '../actions.ts';
import { exactBytes, figure } from '../../snapshot/figures.ts';
import { factsOf, selectedOperator, selectedState, selectedStatistics, statisticsKey, type Model } from '../model.ts';
import type { StateFacts, StateStatistics } from '../protocol.ts';
import { rovingCells } from '../../snapshot/charts.ts';
import { icon } from '../../snapshot/icons.ts';
import { heading, hint, meter } from '../../snapshot/parts.ts';
import { typedValue } from '../../snapshot/typedValue.ts';

/** More states than these are reached through the list, and those that have no room. */
const TABS_MAX = 8;
/** About a letter's width, what is around a tab's text, and what is at the right of the tabs. */
const LETTER = 6;
const PADDING = 24;
const SUMMARY = 230;
const KEYS_SHOWN = 6;
/** A key with such a share of its state's bytes, and so many times the mean of all keys, is worth a mark. */
const LARGE_SHARE = 0.1;
const LARGE_TIMES = 3;

export function stateLabel({ name, group }: { readonly name: string; readonly group: StateFacts['group'] }): string {
  // Flink's own names of timer queues say where they are kept.
  return group === 'timers' ? name.replace(/^_timer_state\/(event|processing)_/, '') : name;
}

export function stateKind(state: StateFacts): string {
  return state.hasTtl ? `${state.kind}, TTL` : state.kind;
}

/** The states of the selected operator as tabs, and what is known of the selected one. */
export function renderTabs(root: HTMLElement, model: Model, actions: Actions): void {
  const facts = factsOf(model, model.operator);
  whenChanged(root, JSON.stringify([model.operator, model.state, model.changes]), () => {
    if (facts === null) return [hint(loadingText(model))];
    if (facts.states.length === 0) return [facts.unreadable === null ? hint('This operator has no state.') : unreadable(facts.unreadable)];
    const at = facts.states.findIndex(({ name, group }) => name === model.state?.name && group === model.state.group);
    const shown = fitting(model, facts.states, Math.max(0, at), root.clientWidth - SUMMARY);
    const tabs = element(
      'div',
      { class: 'tabs', role: 'tablist', 'aria-label': `States of ${selectedOperator(model)?.label ?? ''}` },
      ...shown.map((state) => tab(model, state, actions)),
    );
    rovingCells(
      tabs,
      '[role=tab]',
      0,
      (cell) => {
        const state = shown[[...tabs.children].indexOf(cell)];
        if (state !== undefined) actions.selectState(state);
      },
      '[aria-selected=true]',
    );
    const rest = facts.states.length - shown.length;
    const more = button(`${figure(rest)} more…`, null, () => actions.pickState(more), { class: 'link' });
    return [
      tabs,
      ...(rest > 0 ? [more] : []),
      ...(facts.unreadable === null ? [] : [unreadable(facts.unreadable)]),
      element('span', { class: 'grow' }),
      element('span', { class: 'caption row' }, ...summary(model)),
    ];
  });
}

/** State that is there and cannot be shown. */
function unreadable(reason: string): HTMLElement {
  return element(
    'span',
    { class: 'row warning-ink fit', tabindex: '0', 'data-tip': reason },
    icon('warning'),
    element('span', { class: 'fit' }, `Not readable: ${reason}`),
  );
}

/** The first states that fit; where the selected one is not among them, those that end with it. */
function fitting(model: Model, states: readonly StateFacts[], selected: number, width: number): readonly StateFacts[] {
  const widthOf = (state: StateFacts): number => PADDING + LETTER * (stateLabel(state).length + detailOf(model, state).length);
  const take = (from: number, step: 1 | -1): number => {
    let left = width;
    let count = 0;
    for (let i = from; i >= 0 && i < states.length && count < TABS_MAX; i += step) {
      const state = states[i];
      if (state !== undefined) left -= widthOf(state);
      if (left < 0 && count > 0) break;
      count++;
    }
    return count;
  };
  const first = take(0, 1);
  return selected < first ? states.slice(0, first) : states.slice(selected - take(selected, -1) + 1, selected + 1);
}

function detailOf(model: Model, state: StateFacts): string {
  const entries = model.statistics.get(statisticsKey(model.operator ?? '', state))?.entries ?? state.count;
  return `${stateKind(state)}${entries === null ? '' : ` · ${figure(entries)}`}`;
}

function loadingText(model: Model): string {
  const known = model.operator === null ? undefined : model.facts.get(model.operator);
  if (typeof known === 'object' && 'reason' in known) return known.reason;
  return selectedOperator(model)?.bytes.total === 0 ? 'This operator has no state.' : 'Reading headers';
}

function tab(model: Model, state: StateFacts, actions: Actions): HTMLElement {
  const isSelected = state.name === model.state?.name && state.group === model.state.group;
  const made = element(
    'button',
    { type: 'button', class: 'tab', role: 'tab', 'aria-selected': String(isSelected), 'data-tip': state.name },
    element('span', { class: 'name' }, stateLabel(state)),
    element('span', { class: 'dim' }, detailOf(model, state)),
  );
  made.addEventListener('focus', () => {
    if (!isSelected && made.matches(':focus-visible')) actions.selectState(state);
  });
  return made;
}

function summary(model: Model): HTMLElement[] {
  const statistics = selectedStatistics(model);
  if (statistics === null) return [];
  const said = [element('span', { 'data-tip': exactBytes(statistics.bytes) }, bytes(statistics.bytes))];
  if (statistics.entries > 0) said.push(element('span', {}, `mean ${bytes(Math.round(statistics.bytes / statistics.entries))}`));
  if (statistics.keys !== null && statistics.group !== 'timers') said.push(element('span', {}, `${figure(statistics.keys)} keys`));
  return said;
}

/** Types of key, namespace and value, and the serializers behind them. */
export function renderSchema(root: HTMLElement, model: Model): void {
  const state = selectedState(model);
  whenChanged(root, JSON.stringify([model.operator, state]), () => {
    if (state === null) return [heading('Schema', '')];
    const lines = element('div', { class: 'schema' });
    const line = (depth: number, name: string, type: string): void => {
      const made = element(
        'div',
        { 'data-tip': type.length > 24 ? `${name} ${type}` : null },
        element('span', { class: 'dim' }, name),
        element('span', { class: 'fit' }, type),
      );
      made.style.paddingLeft = `${String(depth * 12)}px`;
      lines.append(made);
    };
    const isMap = state.userKey !== null;
    if (state.key !== null) line(0, 'key', state.key);
    if (state.namespace !== null) line(0, 'namespace', state.namespace);
    if (state.userKey !== null) line(0, 'map key', state.userKey);
    if (state.value !== null)
      for (const [depth, name, type] of typeLines(isMap ? 'map value' : 'value', state.value, 0)) line(depth, name, type);
    const serializers = element(
      'div',
      { class: 'schema dim' },
      ...state.serializers.slice(0, 5).map((name) => element('div', { class: 'fit' }, name)),
    );
    return [heading('Schema', state.kind), lines, serializers];
  });
}

/** `record<a: int, b: list<long>>` as lines with fields below each other; other types are one line. */
function typeLines(name: string, type: string, depth: number): [number, string, string][] {
  const inner = /^(\w+)<(.*)>$/s.exec(type);
  if (inner === null || type.length <= 28 || depth > 3) return [[depth, name, type]];
  const [, outer = '', rest = ''] = inner;
  const parts = split(rest);
  return [
    [depth, name, outer],
    ...parts.flatMap((part, i): [number, string, string][] => {
      const named = /^([\w$]+): (.*)$/s.exec(part);
      return typeLines(named?.[1] ?? partName(outer, i, parts.length), named?.[2] ?? part, depth + 1);
    }),
  ];
}

function partName(outer: string, index: number, count: number): string {
  if (/map/i.test(outer) && count === 2) return index === 0 ? 'key' : 'value';
  return count === 1 ? 'element' : `f${String(index)}`;
}

/** At the commas that are in no brackets. */
function split(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '<' || char === '(') depth++;
    else if (char === '>' || char === ')') depth--;
    else if (char === ',' && depth === 0) {
      parts.push(text.slice(from, i).trim());
      from = i + 1;
    }
  }
  parts.push(text.slice(from).trim());
  return parts;
}

/** The keys with the most bytes. */
export function renderLargestKeys(root: HTMLElement, model: Model, actions: Actions): void {
  const statistics = selectedStatistics(model);
  whenChanged(root, JSON.stringify([model.operator, model.state, model.changes.statistics, model.reading.phase]), () => {
    if (statistics === null || statistics.largestKeys.length === 0) {
      return [heading('Largest keys', ''), hint(unreadText(model))];
    }
    const title = heading('Largest keys', statistics.keys === null ? '' : `of ${figure(statistics.keys)}`);
    return [title, keysTable(statistics, actions)];
  });
}

function keysTable(statistics: StateStatistics, actions: Actions): HTMLElement {
  const most = statistics.largestKeys[0]?.bytes ?? 1;
  const body = element('tbody', {});
  const average = statistics.bytes / Math.max(1, statistics.keys ?? 1);
  const shown = statistics.largestKeys.slice(0, KEYS_SHOWN);
  for (const { key, keyGroup, entries, bytes: size } of shown) {
    const share = size / Math.max(1, statistics.bytes);
    body.append(
      element(
        'tr',
        {
          'data-tip': `${key.json.slice(0, 200)}\nkey group ${String(keyGroup)}\n${figure(entries)} entries, ${exactBytes(size)}, ${(share * 100).toFixed(1)} % of the state\nEnter or click: its entries`,
        },
        element('td', { class: 'fit' }, typedValue(key)),
        element('td', {}, meter(size / most, share > LARGE_SHARE && size > average * LARGE_TIMES)),
        element('td', { class: 'number dim' }, figure(entries)),
        element('td', { class: 'number' }, bytes(size)),
      ),
    );
  }
  rovingCells(body, 'tr', 1, (row) => {
    const found = shown[[...body.children].indexOf(row)];
    if (found !== undefined) actions.searchKey(found.key.json);
  });
  const columns = element('colgroup', {}, ...['key', 'bar', 'entries', 'size'].map((name) => element('col', { class: name })));
  return element('table', { class: 'keys', 'aria-label': 'Largest keys: key, entries, bytes' }, columns, body);
}

/** Why statistics are not there. */
export function unreadText(model: Model): string {
  if (model.state === null) return 'No state is selected.';
  const { group } = model.state;
  if (group !== 'keyed' && group !== 'timers') return 'Operator state has no keys.';
  switch (model.reading.phase) {
    case 'running':
      return 'Being read…';
    case 'done':
      return model.reading.scope === null || model.reading.scope === model.operator ? 'No entries.' : 'Not read yet.';
    default:
      return 'Not read yet.';
  }
}
