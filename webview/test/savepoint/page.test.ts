import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createSavepointPage, type SavepointPage } from '../../src/savepoint/page.ts';
import type { FromSavepointPage, PageRequest, ToSavepointPage } from '../../src/savepoint/protocol.ts';
import { pieces, typeName } from '../../src/snapshot/typedValue.ts';
import { answer, factsOf, largeOverview, overview, statistics } from './sampleSnapshot.ts';

let page: SavepointPage;
let root: HTMLElement;
let posted: FromSavepointPage[];
/** Stands in for the snapshot process; null leaves a request unanswered. */
let reply: (request: PageRequest) => unknown;

const until = (holds: () => boolean): Promise<void> =>
  vi.waitFor(() => expect(holds(), `it never came; the page says: ${root.textContent.slice(0, 2000)}`).toBe(true), {
    timeout: 4000,
    interval: 5,
  });
const shown = (text: string) => () => root.textContent.includes(text);
const requests = () => posted.flatMap((message) => (message.kind === 'request' ? [message.request] : []));
const press = (key: string, more: KeyboardEventInit = {}) =>
  (root.contains(document.activeElement) ? document.activeElement! : root).dispatchEvent(
    new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }),
  );
const click = (element: Element | null | undefined) => element!.dispatchEvent(new MouseEvent('click', { bubbles: true }));
const button = (label: string) =>
  [...root.querySelectorAll('button')].find((each) => (each.getAttribute('aria-label') ?? each.textContent) === label);
const send = (message: ToSavepointPage) => page.receive(message);
const open = (bytes: number) => send({ kind: 'overview', overview: { ...overview, sizeBytes: bytes }, can: { run: true } });
const rows = () => [...root.querySelectorAll('.entries tbody tr')];

beforeEach(() => {
  root = document.createElement('div');
  document.body.replaceChildren(root);
  posted = [];
  reply = answer;
  page = createSavepointPage(root, (message) => {
    posted.push(message);
    if (message.kind === 'cancel') {
      queueMicrotask(() => send({ kind: 'refused', id: message.id, reason: 'cancelled', cancelled: true }));
      return;
    }
    if (message.kind !== 'request') return;
    const result = reply(message.request);
    if (result !== null) queueMicrotask(() => send({ kind: 'reply', id: message.id, result }));
  });
});

describe('a small snapshot', () => {
  beforeEach(async () => {
    open(60_000_000);
    const isRead = () => root.querySelector<HTMLElement>('.reading')!.hidden && root.querySelectorAll('.sources tr').length > 0;
    await until(() => rows().length > 0 && root.querySelectorAll('.keys tr').length > 0 && isRead());
  });

  it('says what it is and whether it is whole', () => {
    const head = root.querySelector('.head')!.textContent;
    expect(head).toContain('savepoint-7f3a21-0c9d4be1');
    expect(head).toContain('checksums ok');
    expect(head).toContain('Flink 1.16 to 2.3');
  });

  it('is read by itself, and shows the operator with the most bytes first', () => {
    expect(requests().filter(({ method }) => method === 'statistics')).toHaveLength(1);
    const labels = [...root.querySelectorAll('.operators .line[data-index] .name')].map((each) => each.textContent);
    expect(labels[0]).toBe('late-streaks');
    expect(root.querySelector('.operators .line[aria-selected=true]')?.getAttribute('aria-label')).toBe(
      'late-streaks, parallelism 4, 3 states, 3.54\u202fM entries, 402\u202fMB',
    );
  });

  it('shows key groups, sizes, keys, timers and TTL of the selected state', () => {
    expect(root.querySelectorAll('rect[data-group]')).toHaveLength(128);
    expect(root.querySelectorAll('section[aria-label="Entry size"] rect.bar').length).toBeGreaterThan(5);
    expect(root.querySelector('.keys tr')?.textContent).toContain('"ATL"');
    expect(root.querySelector('section[aria-label="Timers"]')?.textContent).toContain('1,842 before the snapshot was taken');
    expect(root.querySelector('section[aria-label="TTL"]')?.textContent).toContain('half gone in');
  });

  it('moves through operators by arrow keys, and reads the one where it rests', async () => {
    root.querySelector<HTMLElement>('.operators .virtual')!.focus();
    press('ArrowDown');
    await until(shown('window-contents'));
    expect(root.querySelector('.operators .line[aria-selected=true] .name')?.textContent).toBe('hourly-delay');
    await until(() => requests().some((request) => request.method === 'entries' && request.params.state === 'window-contents'));
  });

  it('goes from region to region by F6, and back', () => {
    const region = () => document.activeElement?.closest('header, section, [role=search]')?.getAttribute('aria-label');
    const visited = Array.from({ length: 7 }, () => {
      press('F6');
      return region();
    });
    expect(visited).toEqual(['Snapshot', 'Search entries', 'Operators', 'Key groups', 'Source offsets', 'State', 'Entries']);
    press('F6', { shiftKey: true });
    expect(region()).toBe('State');
    // Past the last one the key is VS Code's.
    press('F6');
    expect(press('F6')).toBe(true);
    expect(region()).toBe('Entries');
  });

  it('searches by expression; Escape shows all again', async () => {
    click(button('Expression'));
    press('/');
    expect(document.activeElement?.tagName).toBe('INPUT');
    (document.activeElement as HTMLInputElement).value = "key == 'JFX'";
    press('Enter');
    await until(shown('No entry matches'));
    expect(requests().at(-1)).toMatchObject({
      method: 'entries',
      params: { query: { expression: "key == 'JFX'", key: null, prefix: null } },
    });
    press('Escape');
    await until(() => rows().length > 0);
    expect(requests().at(-1)).toMatchObject({ params: { query: { expression: null } } });
  });

  it('turns pages by keys, and opens and copies entries', async () => {
    expect(rows()).toHaveLength(50);
    (rows()[0] as HTMLElement).focus();
    press('PageDown');
    await until(shown('Page 2'));
    expect(requests().at(-1)).toMatchObject({ params: { cursor: 'c50' } });
    await until(() => root.querySelector('.entries') !== null && rows().length === 50);
    (rows()[0] as HTMLElement).focus();
    press('ArrowDown');
    press('Enter');
    expect(posted.at(-1)).toMatchObject({ kind: 'openEntry', cursor: 'c51' });
    press('PageUp');
    await until(shown('Page 1'));
  });

  it('shows the entries of a key group, and of a key', async () => {
    click(root.querySelector('rect[data-group="37"]'));
    await until(() => requests().some((request) => request.method === 'entries' && request.params.query.keyGroup === 37));
    await until(() => button('Only key group 37: show all') !== undefined);
    click(button('Only key group 37: show all'));
    click(root.querySelector('.keys tr'));
    expect(requests().at(-1)).toMatchObject({ params: { query: { key: '"ATL"', keyGroup: null } } });
  });

  it('exports what is selected', () => {
    click(button('Export state…'));
    expect(posted.at(-1)).toMatchObject({ kind: 'export', selection: { state: 'worst', group: 'keyed' } });
    click(button('Export…'));
    expect(posted.at(-1)).toEqual({ kind: 'export', selection: null });
  });

  it('shows what went wrong with a search, and offers to try again', async () => {
    reply = () => null;
    const before = posted.length;
    click(button('Search'));
    const asked = posted.slice(before).find((message) => message.kind === 'request');
    send({ kind: 'refused', id: asked!.id, reason: 'Position 9: a value is expected', cancelled: false });
    await until(shown('Position 9: a value is expected'));
    expect(button('Try again')).toBeDefined();
  });
});

describe('a large snapshot', () => {
  it('is read when asked for, shows how far it is, and can be stopped', async () => {
    reply = (request) => (request.method === 'statistics' ? null : answer(request));
    open(overview.sizeBytes);
    await until(() => rows().length > 0);
    expect(requests().some(({ method }) => method === 'statistics')).toBe(false);
    click(button('Read all 430\u202fMB'));
    const asked = posted.find((message) => message.kind === 'request' && message.request.method === 'statistics');
    const id = asked?.kind === 'request' ? asked.id : -1;
    send({
      kind: 'progress',
      id,
      value: { bytesRead: 0.12 * overview.sizeBytes, bytesTotal: overview.sizeBytes, states: [statistics[0]!] },
    });
    await until(shown('Read 12\u202f% of 430\u202fMB'));
    expect(root.querySelector('.keys tr')?.textContent).toContain('"ATL"');
    click(button('Cancel'));
    await until(shown('Cancelled: counts are of what was read until then'));
    expect(posted).toContainEqual({ kind: 'cancel', id });
  });

  it('of 2,000 operators draws those in view, and asks for those alone', async () => {
    send({ kind: 'overview', overview: largeOverview(2000), can: { run: false } });
    await until(() => root.querySelectorAll('.operators .line[data-index]').length > 0);
    expect(root.querySelectorAll('.operators .line[data-index]').length).toBeLessThan(40);
    expect(root.querySelector('.operators .virtual')?.getAttribute('aria-rowcount')).toBe('2000');
    root.querySelector<HTMLElement>('.operators .virtual')!.focus();
    press('End');
    await until(() => root.querySelector('.operators .line[aria-selected=true] .name')?.textContent === 'operator-1999');
    const asked = requests().flatMap((request) => (request.method === 'operators' ? request.params.operators : []));
    expect(asked.length).toBeLessThan(80);
  });
});

describe('what cannot be opened', () => {
  it('spoils its own operator alone, and says why there', async () => {
    const reason = 'hourly-delay-2-of-4: byte 7: 48211 bytes are expected';
    reply = (request) =>
      request.method === 'operators'
        ? {
            operators: request.params.operators.map((id) => ({
              ...factsOf(overview.operators.find((each) => each.id === id)!),
              states: [],
              unreadable: reason,
            })),
          }
        : answer(request);
    open(60_000_000);
    await until(shown(`Not readable: ${reason}`));
    expect(root.querySelectorAll('.operators .line[data-index]')).toHaveLength(overview.operators.length);
  });

  it('says why, and can be tried again', async () => {
    send({ kind: 'failed', reason: '_metadata at byte 8: 48211 operators are expected' });
    await until(() => button('Try again') !== undefined);
    expect(root.textContent).toContain('48211 operators are expected');
    click(button('Try again'));
    expect(posted.at(-1)).toEqual({ kind: 'retry' });
  });
});

describe('values', () => {
  const text = (json: string) =>
    pieces({ json, cut: false })
      .map((piece) => piece.text)
      .join('');

  it.each([
    ['{"$long":"9223372036854775807"}', '9223372036854775807', 'long'],
    ['12345678901234567890123', '12345678901234567890123', 'int'],
    ['{"$ttl":1700000000000,"value":{"$long":"7"}}', '7', 'long'],
    ['{"$avro":{"name":"Ada","age":36,"on":true,"no":null}}', '{name: "Ada", age: 36, on: true, no: null}', 'avro'],
    ['{"$map":[["a",1],["b",{"$double":1.5}]]}', '{"a": 1, "b": 1.5}', 'map'],
    ['{"$window":[0,3600000]}', '1970-01-01 00:00:00 to 01:00:00', 'window'],
    ['{"$class":"a.B","x":1}', '{x: 1}', 'class'],
    ['{"$bytes":"00ff"}', '0x00ff', 'bytes'],
  ])('%s is %s', (json, shownText, type) => {
    expect(text(json)).toBe(shownText);
    expect(typeName({ json, cut: false })).toBe(type);
  });

  it('that are cut, or no JSON, stay as they are', () => {
    expect(pieces({ json: '{"$avro":{"na', cut: true })).toEqual([{ role: 'plain', text: '{"$avro":{"na…' }]);
    expect(text('{"a":')).toBe('{"a":');
  });
});
