import { bytes, duration } from '../../format.ts';
import { button, element, whenChanged } from '../../views/element.ts';
import type { Actions } from '../actions.ts';
import { exactBytes, figure, instant, plural, span } from '../../snapshot/figures.ts';
import { selectedState, type Model, type Results } from '../model.ts';
import type { EntryRow, StateFacts } from '../protocol.ts';
import { icon } from '../../snapshot/icons.ts';
import { hint, iconButton, progressBar } from '../../snapshot/parts.ts';
import { isNumber, plainText, typedValue, typeName } from '../../snapshot/typedValue.ts';

export const PAGE_ROWS = 50;

interface Column {
  readonly title: string;
  readonly name: string;
  readonly isNumber: boolean;
  cell(row: EntryRow): Node | string;
  tip?(row: EntryRow): string | null;
}

/** The entries of the selected state, or those that the search found. */
export function renderResults(root: HTMLElement, model: Model, actions: Actions): void {
  const { results } = model;
  const state = selectedState(model);
  const key = JSON.stringify([results.phase, results.selection, results.starts, results.reason, state?.name, model.ttl]);
  whenChanged(root, key, () => {
    const caption = element('span', { class: 'caption fit said' });
    const title = element(
      'div',
      { class: 'heading' },
      element('h2', {}, isSearch(results) ? 'Results' : 'Entries'),
      caption,
      element('span', { class: 'grow' }),
      ...(results.phase === 'running' ? [button('Cancel', null, actions.stopSearch, { class: 'button secondary-look' })] : []),
      iconButton('export', isSearch(results) ? 'Export results…' : 'Export state…', actions.exportResults, {
        disabled: results.selection === null,
      }),
    );
    return [title, ...content(model, state, actions), pager(results, actions)];
  });
  const said = root.querySelector('.said');
  if (said !== null) said.textContent = caption(results);
  const share = results.bytesTotal === 0 ? 0 : results.bytesRead / results.bytesTotal;
  const fill = root.querySelector<HTMLElement>('.progress i');
  if (fill !== null) fill.style.width = `${String(share * 100)}%`;
}

function isSearch({ selection }: Results): boolean {
  return selection !== null && Object.values(selection.query).some((part) => part !== null);
}

/** How much was read for what is shown. */
function caption(results: Results): string {
  const { page, phase, bytesRead, bytesTotal } = results;
  if (phase === 'running') return bytesTotal === 0 ? 'searching' : `searching, ${bytes(bytesRead)} of ${bytes(bytesTotal)} read`;
  if (page === null) return '';
  const searched =
    page.keyGroups === 0
      ? []
      : [
          page.searchedKeyGroups >= page.keyGroups
            ? 'all key groups searched'
            : `${figure(page.searchedKeyGroups)} of ${plural(page.keyGroups, 'key group')} searched`,
        ];
  // Of some layouts nobody knows how many bytes a key group has; and what the first one has is not all read.
  const read = page.bytesRead === 0 ? '' : `, ${bytes(page.bytesRead)} read of ${bytes(page.bytesTotal)}`;
  const unreadable = page.unreadable === null ? [] : [page.unreadable];
  return [...searched, `${duration(page.durationMs)}${read}`, ...unreadable].join(' · ');
}

function content(model: Model, state: StateFacts | null, actions: Actions): HTMLElement[] {
  const { results } = model;
  const rows = results.page?.rows ?? [];
  if (results.phase === 'failed') return [failure(results.reason ?? '', actions)];
  if (results.phase === 'running') {
    const bar = progressBar(0);
    bar.setAttribute('aria-label', 'Searching');
    return [bar, rows.length > 0 ? table(model, state, rows, actions) : element('div', { class: 'scroll grow' }, ...skeleton())];
  }
  if (results.phase === 'stopped')
    return [
      element(
        'div',
        { class: 'state-panel' },
        element('b', {}, 'Search cancelled'),
        button('Search again', null, actions.search, { class: 'button secondary-look' }),
      ),
    ];
  if (rows.length === 0) return [nothing(model, actions)];
  return [table(model, state, rows, actions)];
}

function skeleton(): HTMLElement[] {
  return [76, 64, 70, 52].map((width) => {
    const line = element('div', { class: 'skeleton' });
    line.style.width = `${String(width)}%`;
    return line;
  });
}

function failure(reason: string, actions: Actions): HTMLElement {
  return element(
    'div',
    { class: 'state-panel' },
    element('div', { class: 'row error-ink' }, icon('error'), element('b', {}, 'The entries could not be read')),
    element('pre', {}, reason),
    element(
      'div',
      { class: 'row' },
      button('Try again', null, actions.search, { class: 'button secondary-look' }),
      button('Show log', null, actions.showLog, { class: 'link' }),
    ),
  );
}

function nothing(model: Model, actions: Actions): HTMLElement {
  const { results } = model;
  if (results.selection === null) return hint('Select a state to see its entries.');
  const { query } = results.selection;
  if (!isSearch(results)) return hint('This state has no entries.');
  const what =
    query.expression !== null
      ? query.expression
      : query.key !== null
        ? `the key ${query.key}`
        : query.prefix !== null
          ? `the prefix ${query.prefix}`
          : `key group ${String(query.keyGroup)}`;
  const searched =
    results.page === null || results.page.keyGroups === 0
      ? ''
      : `Searched ${plural(results.page.searchedKeyGroups, 'key group')} of ${results.selection.state}. `;
  return element(
    'div',
    { class: 'state-panel' },
    icon('search'),
    element('b', {}, `No entry matches ${what}`),
    element('span', { class: 'dim' }, `${searched}${query.key === null ? '' : 'Quotes are optional; keys are case-sensitive. '}`),
    button('Show all entries', null, actions.clearSearch, { class: 'button secondary-look' }),
  );
}

function table(model: Model, state: StateFacts | null, rows: readonly EntryRow[], actions: Actions): HTMLElement {
  const columns = columnsFor(state, rows, model);
  const head = element(
    'tr',
    {},
    ...columns.map(({ title, isNumber }) => element('th', { scope: 'col', class: isNumber ? 'number' : '' }, title)),
    element('th', { scope: 'col', 'aria-label': 'Actions' }),
  );
  const body = element('tbody', {});
  rows.forEach((row, i) => {
    const made = element(
      'tr',
      { role: 'row', tabindex: i === 0 ? '0' : '-1', 'aria-selected': String(i === 0), 'data-row': String(i) },
      ...columns.map((column) =>
        element(
          'td',
          { role: 'gridcell', class: column.isNumber ? 'number' : 'fit', 'data-tip': column.tip?.(row) ?? null },
          column.cell(row),
        ),
      ),
      element(
        'td',
        { role: 'gridcell', class: 'actions' },
        iconButton('json', 'Open as JSON (Enter)', () => actions.openEntry(row.cursor, titleOf(row)), { bare: true }),
        iconButton('copy', 'Copy (C)', () => actions.copy(copied(row)), { bare: true }),
      ),
    );
    for (const inner of made.querySelectorAll('button')) inner.tabIndex = -1;
    body.append(made);
  });
  onRows(body, rows, actions);
  const sizes = element(
    'colgroup',
    {},
    ...columns.map(({ name }) => element('col', { class: name })),
    element('col', { class: 'actions' }),
  );
  return element(
    'div',
    { class: 'scroll grow' },
    element('table', { role: 'grid', 'aria-label': 'Entries', class: 'entries' }, sizes, element('thead', {}, head), body),
  );
}

/** Arrows move the selected row, page keys turn pages, Enter opens. */
function onRows(body: HTMLElement, rows: readonly EntryRow[], actions: Actions): void {
  const select = (index: number, withFocus: boolean): void => {
    const next = body.children[index] as HTMLElement | undefined;
    if (next === undefined) return;
    for (const row of body.querySelectorAll<HTMLElement>('[aria-selected=true]')) {
      row.setAttribute('aria-selected', 'false');
      row.tabIndex = -1;
    }
    next.setAttribute('aria-selected', 'true');
    next.tabIndex = 0;
    if (!withFocus) return;
    next.focus({ preventScroll: true });
    if (typeof next.scrollIntoView === 'function') next.scrollIntoView({ block: 'nearest' });
  };
  const indexOf = (event: Event): number =>
    Number((event.target as Element | null)?.closest<HTMLElement>('[data-row]')?.dataset['row'] ?? -1);
  body.addEventListener('click', (event) => select(indexOf(event), true));
  body.addEventListener('dblclick', (event) => {
    const row = rows[indexOf(event)];
    if (row !== undefined) actions.openEntry(row.cursor, titleOf(row));
  });
  body.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLButtonElement) return;
    const at = indexOf(event);
    const row = rows[at];
    if (row === undefined) return;
    const steps: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 };
    const to = steps[event.key];
    if (to !== undefined) select(to, true);
    else if (event.key === 'Enter') actions.openEntry(row.cursor, titleOf(row));
    else if (event.key === 'c' || event.key === 'C') actions.copy(copied(row));
    else if (event.key === 'PageDown') actions.nextPage();
    else if (event.key === 'PageUp') actions.previousPage();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}

function titleOf(row: EntryRow): string {
  return row.key === null ? 'entry' : plainText(row.key).replaceAll('"', '');
}

function copied(row: EntryRow): string {
  const parts = [row.timestamp, row.key?.json, row.userKey?.json, row.value?.json];
  return parts.filter((part) => part != null).join('\t');
}

function columnsFor(state: StateFacts | null, rows: readonly EntryRow[], model: Model): Column[] {
  const has = (part: (row: EntryRow) => unknown): boolean => rows.some((row) => part(row) !== null);
  const columns: Column[] = [];
  if (has((row) => row.keyGroup)) {
    columns.push({
      title: 'Group',
      name: 'group',
      isNumber: true,
      cell: ({ keyGroup }) => element('span', { class: 'dim' }, String(keyGroup ?? '')),
      tip: ({ subtask }) => `subtask ${String(subtask + 1)}`,
    });
  } else columns.push({ title: 'Subtask', name: 'group', isNumber: true, cell: ({ subtask }) => String(subtask + 1) });
  if (has((row) => row.timestamp)) {
    columns.push({
      title: 'Fires (UTC)',
      name: 'time',
      isNumber: false,
      cell: ({ timestamp }) => instant(Number(timestamp)),
      tip: ({ timestamp }) => timestamp,
    });
  }
  const valued = (title: string, name: string, part: (row: EntryRow) => EntryRow['value'], isNumber = false): void => {
    if (has(part)) columns.push({ title, name, isNumber, cell: (row) => typedValue(part(row)), tip: (row) => tipOf(part(row)) });
  };
  const areNumbers = rows.every(({ value }) => value === null || isNumber(value));
  // One column takes the room that is left.
  const isWide = areNumbers && !has((row) => row.userKey) && !has((row) => row.namespace);
  valued('Key', isWide ? 'wide' : 'key', (row) => row.key);
  valued('Namespace', 'namespace', (row) => row.namespace);
  valued('Map key', 'key', (row) => row.userKey);
  valued('Value', areNumbers ? 'figure' : 'text', (row) => row.value, areNumbers);
  if (has((row) => row.value)) {
    columns.push({
      title: 'Type',
      name: 'type',
      isNumber: false,
      cell: ({ value }) => element('span', { class: 'dim' }, value === null ? '' : typeName(value)),
    });
  }
  if (state?.hasTtl === true && has((row) => row.lastAccess)) {
    columns.push({
      title: 'Expires in',
      name: 'expires',
      isNumber: true,
      cell: (row) => expiry(row, model),
      tip: ({ lastAccess }) => (lastAccess === null ? null : `last access ${instant(lastAccess)} UTC`),
    });
  }
  columns.push({
    title: 'Size',
    name: 'size',
    isNumber: true,
    cell: (row) => element('span', { class: 'dim' }, bytes(row.bytes)),
    tip: (row) => exactBytes(row.bytes),
  });
  return columns;
}

function tipOf(value: EntryRow['value']): string | null {
  if (value === null || value.json.length < 20) return null;
  return value.json.length > 600 ? `${value.json.slice(0, 600)}…` : value.json;
}

function expiry({ lastAccess }: EntryRow, { overview, ttl }: Model): string {
  if (lastAccess === null) return '';
  const left = lastAccess + ttl - (overview?.createdAt ?? lastAccess);
  return left <= 0 ? 'expired' : span(left);
}

function pager(results: Results, actions: Actions): HTMLElement {
  const number = Math.max(1, results.starts.length);
  const rows = results.page?.rows.length ?? 0;
  const from = (number - 1) * PAGE_ROWS + 1;
  const text = rows === 0 ? '' : `Rows ${figure(from)} to ${figure(from + rows - 1)}${results.page?.cursor === null ? `, the last` : ''}`;
  return element(
    'div',
    { class: 'pager' },
    element('span', { class: 'caption' }, text),
    element('span', { class: 'grow' }),
    iconButton('left', 'Previous page (PageUp)', actions.previousPage, { bare: true, disabled: number < 2 }),
    element('span', { class: 'caption' }, `Page ${figure(number)}`),
    iconButton('right', 'Next page (PageDown)', actions.nextPage, { bare: true, disabled: results.page?.cursor == null }),
  );
}
