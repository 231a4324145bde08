import { beforeEach, describe, expect, it, vi } from 'vitest';
import { movedBy } from '../../src/diff/model.ts';
import { createDiffPage, type DiffPage } from '../../src/diff/page.ts';
import type { ComparisonProgress, DiffRequest, FromDiffPage, ToDiffPage } from '../../src/diff/protocol.ts';
import { answer, countsOf, overview, same, sameOverview } from './sampleComparison.ts';

let page: DiffPage;
let root: HTMLElement;
let posted: FromDiffPage[];
/** Stands in for the snapshot process; null leaves a request unanswered. */
let reply: (request: DiffRequest) => unknown;

const until = (holds: () => boolean): Promise<void> =>
  vi.waitFor(() => expect(holds(), `it never came; the page says: ${root.textContent.slice(0, 2000)}`).toBe(true), {
    timeout: 4000,
    interval: 5,
  });
const shown = (text: string) => () => root.textContent.includes(text);
const requests = <M extends DiffRequest['method']>(method: M) =>
  posted.flatMap((message) =>
    message.kind === 'request' && message.request.method === method ? [message.request as DiffRequest & { method: M }] : [],
  );
const press = (key: string, more: KeyboardEventInit = {}) =>
  (root.contains(document.activeElement) ? document.activeElement! : root).dispatchEvent(
    new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }),
  );
const click = (element: Element | null | undefined) => element!.dispatchEvent(new MouseEvent('click', { bubbles: true }));
const button = (label: string) =>
  [...root.querySelectorAll('button')].find((each) => (each.getAttribute('aria-label') ?? each.textContent) === label);
const chip = (label: string) => [...root.querySelectorAll('.chip')].find((each) => each.textContent.includes(label))!;
const send = (message: ToDiffPage) => page.receive(message);
const report = (value: ComparisonProgress) => {
  const asked = posted.findLast((message) => message.kind === 'request' && message.request.method === 'run');
  if (asked?.kind === 'request') send({ kind: 'progress', id: asked.id, value });
};
const states = () => [...root.querySelectorAll('.states .line[data-index]')].map((each) => each.textContent);
const entries = () => [...root.querySelectorAll('.changes .entry-row')];
const start = () => send({ kind: 'pair', before: '/projects/a', after: '/projects/b' });

beforeEach(() => {
  root = document.createElement('div');
  document.body.replaceChildren(root);
  posted = [];
  reply = answer;
  page = createDiffPage(root, (message) => {
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

it('a preview is kept or discarded where it is looked at; other comparisons are not', async () => {
  start();
  await until(() => root.querySelector('.snapshot-side') !== null);
  expect(button('Write Savepoint')).toBeUndefined();
  send({ kind: 'pair', before: '/projects/a', after: '/projects/.tidemark-previews/b', isPreview: true });
  await until(() => button('Write Savepoint') !== undefined);
  click(button('Write Savepoint'));
  // Beside its buttons there is no room for this one's name.
  expect(button('Report as JSON')?.textContent).toBe('');
  click(button('Discard the preview'));
  expect(posted.flatMap(({ kind }) => (kind.endsWith('Preview') ? [kind] : []))).toEqual(['keepPreview', 'discardPreview']);
});

describe('two that differ', () => {
  beforeEach(async () => {
    start();
    await until(() => entries().length > 0 && root.querySelector('.growth svg') !== null);
  });

  it('says the verdict first: counts, sizes, sources, and what a restore would leave behind', () => {
    const summary = root.querySelector('.summary')!.textContent;
    expect(summary).toContain('+275\u202fk');
    expect(summary).toContain('1 type changed');
    expect(summary).toContain('397\u202fMB→422\u202fMB+25.5\u202fMB, +6.4\u202f%');
    expect(summary).toContain('+28.4\u202fMB');
    expect(summary).toContain('512\u202fk entries of dedupe have no place');
  });

  it('lists operators and states with their counts; what is the same only when asked for', async () => {
    expect(states().some((text) => text.includes('byGate') && text.includes('+8,204'))).toBe(true);
    expect(states().some((text) => text.startsWith('=') || text.includes('flights'))).toBe(false);
    click(chip('Same'));
    await until(() => states().some((text) => text.includes('flights')));
  });

  it('opens what has changed most, and an entry side by side by Enter', () => {
    expect(requests('entries')[0]!.params).toMatchObject({ state: 'worst', operatorBefore: 'late-streak-id', cursor: null });
    root.querySelector<HTMLElement>('.changes .virtual')!.focus();
    press('ArrowDown');
    press('Enter');
    expect(posted.at(-1)).toMatchObject({ kind: 'openEntry', cursor: 'c0', selection: { state: 'worst' }, title: 'worst "ATL" "DL1042"' });
  });

  it('shows the type of a state in both, and the parts of an entry that have changed', async () => {
    click([...root.querySelectorAll('.states .state-line')].find((each) => each.textContent.includes('streak')));
    await until(() => entries().some((each) => each.textContent.includes('2 fields')));
    expect(root.querySelector('.schemas')!.textContent).toContain('value: int');
    const record = entries().find((each) => each.textContent.includes('2 fields'))!;
    click(record.querySelector('.twistie'));
    await until(() => root.querySelectorAll('.changes .field-row').length === 2);
    expect(root.querySelector('.changes .field-row')!.textContent).toContain('origin');
    root.querySelector<HTMLElement>('.changes .virtual')!.focus();
    press('ArrowLeft');
    await until(() => root.querySelectorAll('.changes .field-row').length === 0);
  });

  it('goes to the next change by F7, and loads more of them where they end', async () => {
    for (let i = 0; i < 20; i++) press('F7');
    await until(() => root.querySelector('.changes .line[aria-selected=true]')?.textContent.includes('DL1061') === true);
    press('F7');
    await until(() => requests('entries').some(({ params }) => params.cursor === 'c20'));
    await until(() => root.querySelector('.changes .line[aria-selected=true]')?.textContent.includes('DL1062') === true);
    press('F7', { shiftKey: true });
    await until(() => root.querySelector('.changes .line[aria-selected=true]')?.textContent.includes('DL1061') === true);
  });

  it('filters by change, by operator and by key', async () => {
    click(chip('Removed'));
    await until(() => requests('entries').at(-1)!.params.changes.join() === 'added,changed');
    await until(() => !root.querySelector('.changes')!.textContent.includes('dedupe'));
    press('/');
    const input = document.activeElement as HTMLInputElement;
    expect(input.getAttribute('aria-label')).toBe('Only entries of this key');
    input.value = 'JFX';
    press('Enter');
    await until(() => requests('entries').at(-1)!.params.key === 'JFX');
    await until(shown('No entry of this key has changed.'));
    press('Escape');
    await until(() => requests('entries').at(-1)!.params.key === null);
    const select = root.querySelector<HTMLSelectElement>('select[aria-label=Operator]')!;
    select.value = '3';
    select.dispatchEvent(new Event('change'));
    await until(() => states().every((text) => text.includes('gate-stats') || text.includes('byGate')));
  });

  it('proposes a rename, which is taken or refused', async () => {
    expect(states().some((text) => text.includes('Proposed'))).toBe(true);
    click(button('Accept'));
    await until(() => !states().some((text) => text.includes('Proposed')));
    send({ kind: 'ignore', ignore: ['ttl'] });
    await until(() => requests('open').length === 2 && entries().length > 0);
    expect(requests('open')[1]!.params).toMatchObject({ ignore: ['ttl'], usesProposals: true });
  });

  it('keeps apart what only looks alike', async () => {
    click(button('Keep apart'));
    await until(() => requests('run').length === 2);
    expect(requests('run')[1]!.params).toMatchObject({ usesProposals: false, renames: [] });
  });

  it('swaps the two', async () => {
    click(button('Swap A and B'));
    await until(() => requests('run').length === 2);
    expect(requests('run')[1]!.params).toMatchObject({ before: '/projects/b', after: '/projects/a' });
  });

  it('goes from region to region by F6, and back', () => {
    const region = () => document.activeElement?.closest('header, section, [role=search]')?.getAttribute('aria-label');
    const visited = Array.from({ length: 7 }, () => {
      press('F6');
      return region();
    });
    expect(visited).toEqual(['Snapshots', 'Filters', 'Operators and states', 'Growth', 'Key groups', 'Source offsets', 'Schema']);
    press('F6');
    expect(region()).toBe('Changes');
    press('F6', { shiftKey: true });
    expect(region()).toBe('Schema');
  });

  it('draws growth in entries or bytes, and key groups before and after', async () => {
    expect(root.querySelectorAll('.growth svg g')).toHaveLength(6);
    click(button('Bytes'));
    await until(() => root.querySelector('.growth svg')!.getAttribute('aria-label') === 'Growth in bytes of states');
    const keyGroups = root.querySelector('section[aria-label="Key groups"]')!;
    expect(keyGroups.querySelectorAll('rect.bar')).toHaveLength(128);
    expect(keyGroups.querySelectorAll('rect.before-mark')).toHaveLength(128);
  });

  it('gives a report with every count', () => {
    click(button('Report as JSON'));
    const message = posted.at(-1)!;
    expect(message.kind).toBe('openReport');
    const said = JSON.parse(message.kind === 'openReport' ? message.json : '') as { complete: boolean; operators: { states: unknown[] }[] };
    expect(said.complete).toBe(true);
    expect(said.operators[0]!.states[0]).toMatchObject({ name: 'worst', counts: { added: 214_880 } });
  });
});

describe('while it still compares', () => {
  beforeEach(async () => {
    reply = (request) => (request.method === 'run' ? null : answer(request));
    start();
    await until(shown('Comparing'));
  });

  it('shows what is known, and goes on counting', async () => {
    report({ bytesRead: 50, bytesTotal: 200, operators: [countsOf(0), countsOf(1, false)] });
    await until(() => entries().length > 0);
    expect(root.querySelector('.comparing')!.textContent).toContain('1 of 6 operators');
    expect(root.querySelector('.progress')!.getAttribute('aria-valuenow')).toBe('25');
    expect(states().some((text) => text.includes('seen') && text.includes('queued'))).toBe(true);
    expect(root.querySelector('.summary')!.textContent).toContain('Entries, so far');
  });

  it('is cancelled, keeps its counts, and can be begun again', async () => {
    report({ bytesRead: 50, bytesTotal: 200, operators: [countsOf(0)] });
    await until(() => entries().length > 0);
    click(button('Cancel'));
    await until(shown('Cancelled: counts are of what was compared until then.'));
    expect(states().some((text) => text.includes('worst') && text.includes('+215'))).toBe(true);
    click(button('Compare again'));
    await until(() => requests('run').length === 2);
  });
});

it('says when two hold the same', async () => {
  reply = (request) => (request.method === 'open' ? sameOverview : request.method === 'run' ? same : answer(request));
  start();
  await until(shown('The two snapshots hold the same state'));
  expect(requests('entries')).toHaveLength(0);
});

it('says why two cannot be compared', async () => {
  posted.length = 0;
  reply = () => null;
  start();
  const asked = posted[0]!;
  if (asked.kind === 'request') send({ kind: 'refused', id: asked.id, reason: 'no _metadata in /projects/b', cancelled: false });
  await until(shown('no _metadata in /projects/b'));
  reply = answer;
  click(button('Try again'));
  await until(() => entries().length > 0);
  expect(overview.operators.length).toBe(6);
});

it('says how far a source has moved, whatever its positions are', () => {
  expect(movedBy('data/a.json: 1,000 of 5,000 bytes read', 'data/a.json: 5,000 of 5,000 bytes read')).toEqual({ by: 4000, unit: 'bytes' });
  expect(movedBy('clicks-0 from offset 1,200', 'clicks-0 from offset 1,500 until offset 9')).toEqual({ by: 300, unit: 'records' });
  expect(movedBy('next 576, then every 16 numbers', 'next 1600, then every 16 numbers')).toEqual({ by: 64, unit: 'records' });
  expect(movedBy('next 576, then every 16 numbers', 'next 1600, then every 8 numbers')).toBeNull();
  expect(movedBy(null, 'next 3')).toBeNull();
});
