import { exact } from '../../format.ts';
import { element } from '../../views/element.ts';
import { plural } from '../../snapshot/figures.ts';
import { icon } from '../../snapshot/icons.ts';
import { heading, iconButton } from '../../snapshot/parts.ts';
import { plainText, typedValue, type ValueText } from '../../snapshot/typedValue.ts';
import { createVirtualList } from '../../snapshot/virtualList.ts';
import type { Actions } from '../actions.ts';
import {
  allStates,
  differing,
  isListed,
  listedEntries,
  operatorLabel,
  stateKey,
  stateLabel,
  type KnownState,
  type Listing,
  type Model,
} from '../model.ts';
import type { ComparedRow, EntryChange } from '../protocol.ts';
import { difference, glyph, signed } from './signs.ts';

type Field = ComparedRow['fields'][number];

export type ChangesRow =
  | { readonly is: 'state'; readonly id: string; readonly state: KnownState; readonly listing: Listing | null }
  | { readonly is: 'entry'; readonly id: string; readonly state: KnownState; readonly row: ComparedRow }
  | { readonly is: 'field'; readonly id: string; readonly state: KnownState; readonly row: ComparedRow; readonly field: Field }
  | { readonly is: 'note'; readonly id: string; readonly state: KnownState; readonly text: string }
  | { readonly is: 'more'; readonly id: string; readonly state: KnownState; readonly text: string };

export interface ChangesView {
  /** In their order. */
  readonly rows: readonly ChangesRow[];
  readonly root: HTMLElement;
  render(model: Model): void;
}

/** What has changed, state by state, down to the fields of an entry. */
export function createChanges(root: HTMLElement, actions: Actions, model: Model): ChangesView {
  let drawn = '';
  let rows: readonly ChangesRow[] = [];
  const columns = element(
    'div',
    { class: 'line columns', 'aria-hidden': 'true' },
    ...['Key or field', 'A, before', 'B, after', 'Difference'].map((title, i) =>
      element('span', { class: i === 3 ? 'number' : '' }, title),
    ),
  );
  const list = createVirtualList<ChangesRow>({
    label: 'Changes',
    role: 'treegrid',
    visibleRows: null,
    cells: (row) => cells(row, model),
    sentence: (row) => sentence(row, model),
    version: (row) => version(row, model),
    look: (row) => `${row.is}-row`,
    branch: (row) => ({ level: row.is === 'state' ? 1 : row.is === 'field' ? 3 : 2, isOpen: isOpen(row, model) }),
    onFold: (row, open) => {
      if (row.is === 'state') actions.openListing(row.state, open);
      else if (row.is === 'entry') actions.foldEntry(row.id, open);
    },
    onSelect: (row) => actions.selectRow(row.id),
    onOpen: (row) => {
      if (row.is === 'state') actions.openListing(row.state, row.listing?.isOpen !== true);
      else if (row.is === 'more') actions.loadMore(row.state);
      else if (row.is === 'entry' || row.is === 'field') actions.openEntry(row.state, row.row);
    },
  });
  const none = element('div', { class: 'whole' });
  const caption = element('span', { class: 'caption fit' });
  const title = heading('Changes', '', iconButton('up', 'Collapse all', actions.closeListings, { bare: true }));
  title.children[0]?.after(caption);
  root.append(title, columns, list.root, none);

  return {
    root: list.root,
    get rows() {
      return rows;
    },
    render() {
      const { changes, showsSame, shown, operator, state, key: of, row, unfolded, comparing } = model;
      const key = JSON.stringify([changes, showsSame, [...shown], operator, state, of, row, [...unfolded], comparing.phase]);
      if (key === drawn) return;
      drawn = key;
      rows = rowsOf(model);
      const revealed = rows.findIndex(({ id }) => id === model.reveal);
      if (revealed >= 0) model.reveal = null;
      list.show(rows, rows.find(({ id }) => id === row) ?? null);
      if (revealed >= 0) list.scrollTo(revealed);
      caption.textContent = of === '' ? 'largest first · Enter opens an entry side by side' : `only of the key ${of}`;
      columns.hidden = list.root.hidden = rows.length === 0;
      none.hidden = rows.length > 0;
      if (rows.length === 0) none.replaceChildren(nothing(model));
    },
  };
}

function nothing(model: Model): HTMLElement {
  const { comparing } = model;
  const states = allStates(model);
  const isSame =
    comparing.phase === 'done' &&
    states.every(({ counts, presence }) => presence === 'both' && (counts === null || differing(counts) === 0));
  if (comparing.phase === 'running' || comparing.phase === 'idle') {
    return panel(
      null,
      'No difference so far',
      'Metadata of both are read. What is known is shown at once; counts fill in as states are read.',
    );
  }
  if (!isSame) return panel(null, 'Nothing to show here', 'What has changed is left out by the filters above.');
  const same = states.reduce((sum, { counts }) => sum + (counts?.same ?? 0), 0);
  const retyped = states.some(({ schema }) => schema.length > 0);
  return panel(
    'pass',
    'The two snapshots hold the same state',
    `${plural(same, 'entry', 'entries')} in ${plural(states.length, 'state')} compared, keys and values equal.${retyped ? ' Types have changed: see the tree.' : ''}`,
  );
}

function panel(glyphName: 'pass' | null, title: string, text: string): HTMLElement {
  return element(
    'div',
    { class: 'state-panel' },
    ...(glyphName === null ? [] : [icon(glyphName)]),
    element('b', {}, title),
    element('span', { class: 'muted-ink' }, text),
  );
}

function rowsOf(model: Model): ChangesRow[] {
  const states = allStates(model)
    .filter((state) => isListed(model, state) && state.counts !== null && listedEntries(model, state) > 0)
    .sort((a, b) => listedEntries(model, b) - listedEntries(model, a));
  return states.flatMap((state) => {
    const id = stateKey(state);
    const listing = model.listings.get(id) ?? null;
    const head: ChangesRow = { is: 'state', id, state, listing };
    return listing?.isOpen === true ? [head, ...entryRows(model, state, listing)] : [head];
  });
}

function entryRows(model: Model, state: KnownState, { rows, phase, cursor, reason }: Listing): ChangesRow[] {
  const key = stateKey(state);
  const made: ChangesRow[] = [];
  for (const row of rows) {
    const id = `${key}\n${row.cursor}`;
    made.push({ is: 'entry', id, state, row });
    if (!model.unfolded.has(id)) continue;
    for (const [i, field] of row.fields.entries()) made.push({ is: 'field', id: `${id}\n${String(i)}`, state, row, field });
    const rest = row.fieldCount - row.fields.length;
    if (rest > 0) made.push({ is: 'note', id: `${id}\nrest`, state, text: `${exact(rest)} more parts: Enter on the entry shows it whole` });
  }
  if (phase === 'failed') made.push({ is: 'note', id: `${key}\nfailed`, state, text: `The entries could not be read: ${reason ?? ''}` });
  else if (phase === 'running') made.push({ is: 'note', id: `${key}\nreading`, state, text: 'Reading…' });
  else if (cursor !== null) made.push({ is: 'more', id: `${key}\nmore`, state, text: moreText(model, state, rows.length) });
  else if (rows.length === 0) made.push({ is: 'note', id: `${key}\nnone`, state, text: 'No entry of this key has changed.' });
  return made;
}

function moreText(model: Model, state: KnownState, shown: number): string {
  const rest = listedEntries(model, state) - shown;
  return model.key !== '' || rest <= 0 ? 'Show more' : `Show ${exact(Math.min(rest, 100))} more of ${exact(rest)}`;
}

function isOpen(row: ChangesRow, model: Model): boolean | null {
  if (row.is === 'state') return row.listing?.isOpen === true;
  return row.is === 'entry' && row.row.fields.length > 0 && !isPlainChange(row.row) ? model.unfolded.has(row.id) : null;
}

/** The value itself has changed, and no part of it: it is shown in the entry's own row. */
function isPlainChange({ fields }: ComparedRow): boolean {
  return fields.length === 1 && fields[0]?.path === 'value';
}

function version(row: ChangesRow, model: Model): string {
  if (row.is === 'state') return JSON.stringify([row.id, row.state.counts, [...model.shown], row.listing?.isOpen, model.comparing.phase]);
  if (row.is === 'note' || row.is === 'more') return `${row.id} ${row.text}`;
  return row.id;
}

function cell(look: string, tip: string | null, ...content: readonly (Node | string)[]): HTMLElement {
  return element('span', { role: 'gridcell', class: look, 'data-tip': tip }, ...content);
}

function twistie(row: ChangesRow, model: Model): HTMLElement {
  const open = isOpen(row, model);
  return element('span', { class: 'twistie', 'aria-hidden': 'true' }, ...(open === null ? [] : [icon(open ? 'down' : 'right')]));
}

function cells(row: ChangesRow, model: Model): HTMLElement[] {
  switch (row.is) {
    case 'state':
      return stateCells(row, model);
    case 'entry':
      return entryCells(row, model);
    case 'field':
      return fieldCells(row.field);
    case 'note':
      return [cell('fit deep muted-ink', row.text, row.text)];
    case 'more':
      return [cell('deep link', null, row.text)];
  }
}

function stateCells(row: ChangesRow & { is: 'state' }, model: Model): HTMLElement[] {
  const { state } = row;
  const counts = state.counts ?? nothingCounted;
  const operator = model.overview?.operators[state.operator];
  const sign = state.presence !== 'both' ? state.presence : 'changed';
  const shown = (['added', 'removed', 'changed'] as const).filter((change) => model.shown.has(change) && counts[change] > 0);
  return [
    cell(
      'fit row',
      null,
      twistie(row, model),
      glyph(sign),
      element('span', { class: 'fit' }, `${operator === undefined ? '' : operatorLabel(operator)} › `, element('b', {}, stateLabel(state))),
    ),
    cell('row end', null, ...shown.map((change) => signed(change, counts[change]))),
  ];
}

const nothingCounted = { added: 0, removed: 0, changed: 0, same: 0, bytesBefore: 0, bytesAfter: 0 };

function entryCells(row: ChangesRow & { is: 'entry' }, model: Model): HTMLElement[] {
  const { row: entry } = row;
  return [
    cell('fit row shallow', placeText(entry), twistie(row, model), glyph(entry.change), entryName(entry)),
    side('before', entry.before, entry.change === 'added'),
    side('after', entry.after, entry.change === 'removed'),
    cell('number', null, differenceOf(entry)),
  ];
}

function entryName({ key, userKey, namespace, timestamp }: ComparedRow): HTMLElement {
  const name = element('span', { class: 'fit' });
  if (key !== null) name.append(typedValue(key));
  if (userKey !== null) name.append(' ', element('span', { class: 'dim' }, '›'), ' ', typedValue(userKey));
  if (namespace !== null && !/^(null|"VoidNamespace"|\{"\$void"|\{\})/.test(namespace.json)) name.append(' ', typedValue(namespace));
  if (timestamp !== null) name.append(' ', element('span', { class: 'dim' }, 'at'), ' ', timeText(timestamp));
  if (key === null && userKey === null && timestamp === null) name.append(element('span', { class: 'dim' }, 'element'));
  return name;
}

function timeText(timestamp: string): string {
  const ms = Number(timestamp);
  return Math.abs(ms) > 8.64e15 || !Number.isFinite(ms) ? timestamp : new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}

function placeText({ keyGroup, key, userKey }: ComparedRow): string | null {
  const lines = [key, userKey].flatMap((value) => (value === null ? [] : [plainText(value)]));
  if (keyGroup !== null) lines.push(`key group ${String(keyGroup)}`);
  return lines.length === 0 ? null : lines.join('\n');
}

function side(which: 'before' | 'after', value: ValueText | null, isNone: boolean): HTMLElement {
  if (value === null) return cell('dim', null, isNone ? '–' : '');
  return cell('fit', shortTip(value), element('span', { class: which }, typedValue(value)));
}

function shortTip(value: ValueText): string {
  const text = plainText(value);
  return text.length > 600 ? `${text.slice(0, 600)}…` : text;
}

function differenceOf({ change, fields, fieldCount, before, after }: ComparedRow): string {
  if (change !== 'changed') return '';
  return (
    numberDifference(before, after) ?? (fields.length > 0 && !isPlainChange({ fields } as ComparedRow) ? plural(fieldCount, 'field') : '')
  );
}

/** Of two numbers that JavaScript's numbers hold exactly. */
function numberDifference(before: ValueText | null, after: ValueText | null): string | null {
  const [from, to] = [numberOf(before), numberOf(after)];
  if (from === null || to === null || from === to) return null;
  return difference(Math.round((to - from) * 1e6) / 1e6, (value) => value.toLocaleString('en-US', { maximumFractionDigits: 6 }));
}

function numberOf(value: ValueText | null): number | null {
  if (value === null || value.cut) return null;
  const digits = /^(?:\{"\$ttl":-?\d+,"value":)?(?:\{"\$(?:long|short|byte|float|double)":)?"?(-?\d{1,15}(?:\.\d+)?)"?\}*$/.exec(
    value.json,
  )?.[1];
  return digits === undefined ? null : Number(digits);
}

function fieldCells({ path, before, after }: Field): HTMLElement[] {
  const sign: EntryChange = before === null ? 'added' : after === null ? 'removed' : 'changed';
  return [
    cell('fit row deeper', path, glyph(sign), element('code', { class: 'field-name fit' }, path.replace(/^value\.?/, '') || 'value')),
    side('before', before, true),
    side('after', after, true),
    cell('number', null, numberDifference(before, after) ?? ''),
  ];
}

function sentence(row: ChangesRow, model: Model): string | null {
  if (row.is === 'state') {
    const counts = row.state.counts ?? nothingCounted;
    const operator = model.overview?.operators[row.state.operator];
    return `${operator === undefined ? '' : operatorLabel(operator)}, ${stateLabel(row.state)}: ${exact(counts.added)} added, ${exact(counts.removed)} removed, ${exact(counts.changed)} changed`;
  }
  if (row.is === 'note' || row.is === 'more') return row.text;
  const said = (value: ValueText | null): string => (value === null ? 'nothing' : plainText(value).slice(0, 200));
  if (row.is === 'field') return `${row.field.path}: ${said(row.field.before)} before, ${said(row.field.after)} after`;
  const { row: entry } = row;
  const name = [entry.key, entry.userKey].flatMap((value) => (value === null ? [] : [plainText(value)])).join(', ');
  return `${entry.change} ${name}: ${said(entry.before)} before, ${said(entry.after)} after`;
}
