import { beforeEach, describe, expect, it } from 'vitest';
import { createCheckPage, type CheckPage } from '../../src/check/page.ts';
import type { CheckFinding, CheckReport, CheckSubject, FromCheckPage } from '../../src/check/protocol.ts';

let page: CheckPage;
let root: HTMLElement;
let posted: FromCheckPage[];

const SUBJECT: CheckSubject = { pipeline: 'clicks', savepoint: 'savepoint-a1', location: '/projects/savepoint-a1', flink: null };

const finding = (code: string, more: Partial<CheckFinding> = {}): CheckFinding => ({
  ...{ severity: 'info', code, operator: 'visits', state: 'count', message: `is ${code}.`, remedy: null, changes: [], schemas: null },
  ...more,
});
const RESTORED = finding('restored', { operator: 'source', state: 'reader' });
const LOST = finding('unknownOperator', { severity: 'error', operator: 'old', state: null, remedy: 'Bring the operator back.' });
const UNFIT = finding('incompatible', {
  severity: 'error',
  message: 'cannot become text.',
  remedy: 'Declare it as t.long again.',
  schemas: { written: 'Count<n: long, at: timestamp>', wanted: 'Count<n: string, at: timestamp>' },
});

const show = (findings: CheckFinding[], subject = SUBJECT): void => {
  const report: CheckReport = { compatible: findings.every(({ severity }) => severity !== 'error'), findings };
  page.receive({ kind: 'report', subject, report });
};
const click = (element: Element | null | undefined) => element!.dispatchEvent(new MouseEvent('click', { bubbles: true }));
const button = (label: string) =>
  [...root.querySelectorAll('button')].find((each) => (each.getAttribute('aria-label') ?? each.textContent) === label);
const press = (key: string, more: KeyboardEventInit = {}) =>
  document.activeElement!.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }));
const texts = (selector: string) => [...root.querySelectorAll(selector)].map((each) => each.textContent);
const last = () => posted.at(-1);

beforeEach(() => {
  root = document.createElement('div');
  document.body.replaceChildren(root);
  posted = [];
  page = createCheckPage(root, (message) => posted.push(message));
});

describe('what Flink would migrate', () => {
  const SPOILS = finding('flinkSpoils', { severity: 'error', message: 'has values in the wrong fields.' });
  const forFlink: CheckSubject = { ...SUBJECT, flink: '2.3' };

  it('can be migrated before', () => {
    show([RESTORED, finding('migrated'), SPOILS], forFlink);
    click(button('Migrate the savepoint…'));
    expect(last()).toEqual({ kind: 'migrate' });
  });

  it('where there is nothing to migrate, or it cannot be done, nothing is offered', () => {
    show([RESTORED, finding('flinkMaxParallelism', { severity: 'warning', state: null })], forFlink);
    expect(button('Migrate the savepoint…')).toBeUndefined();
    show([UNFIT, finding('flinkRefuses', { severity: 'error' })], forFlink);
    expect(button('Migrate the savepoint…')).toBeUndefined();
  });
});

describe('a report', () => {
  it('says the verdict in words, and to who listens', () => {
    show([RESTORED]);
    expect(texts('.tag')).toEqual(['It can be restored']);
    expect(root.querySelector('[role=status]')!.textContent).toBe('It can be restored');
    show([RESTORED, LOST]);
    expect(texts('.tag')).toEqual(['It can be restored, without some state']);
    show([RESTORED, LOST, UNFIT]);
    expect(texts('.tag')).toEqual(['It cannot be restored']);
  });

  it('puts operators with what is worst first, and counts what there is', () => {
    show([RESTORED, finding('new', { state: 'pages' }), LOST, UNFIT]);
    expect(texts('.group h2')).toEqual(['visits', 'old', 'source']);
    expect(texts('.finding .verdict')).toEqual(['does not fit', 'new and empty', 'left behind', 'restored as is']);
    expect(texts('.head dl dt')).toEqual(['Does not fit', 'Left behind', 'New and empty', 'Restored as is']);
  });

  it('lays both types side by side and marks the fields that differ', () => {
    show([UNFIT]);
    expect(texts('.schema-side .gone')).toEqual(['−  n: long']);
    expect(texts('.schema-side .came')).toEqual(['+  n: string']);
  });

  it('offers to restore what fits, without what is left behind where only that prevents it, and nothing else', () => {
    show([RESTORED]);
    click(button('Restore'));
    expect(last()).toEqual({ kind: 'restore', allowNonRestoredState: false });
    show([RESTORED, LOST]);
    expect(button('Restore')).toBeUndefined();
    click(button('Restore without what is left behind'));
    expect(last()).toEqual({ kind: 'restore', allowNonRestoredState: true });
    show([UNFIT, LOST]);
    expect(texts('button').filter((text) => text.includes('Restore'))).toEqual([]);
    show([RESTORED], { ...SUBJECT, flink: '2.3' });
    expect(button('Restore')).toBeUndefined();
  });

  it('goes to the code, copies remedies, opens the savepoint, and checks for another engine', () => {
    show([UNFIT]);
    click(button('Go to count in the code'));
    expect(last()).toEqual({ kind: 'goTo', operator: 'visits', state: 'count' });
    click(button('Copy the remedy of count'));
    expect(last()).toEqual({ kind: 'copy', text: 'Declare it as t.long again.' });
    click(button('Open savepoint-a1'));
    expect(last()).toEqual({ kind: 'openSavepoint' });
    click(button('Flink 1.20'));
    expect(last()).toEqual({ kind: 'check', flink: '1.20' });
  });

  it('is walked by arrows, with one stop for the tab key', () => {
    show([UNFIT, LOST, RESTORED]);
    const stops = () => [...root.querySelectorAll<HTMLElement>('li.finding')].map(({ tabIndex }) => tabIndex);
    expect(stops()).toEqual([0, -1, -1]);
    root.querySelector<HTMLElement>('li.finding')!.focus();
    press('ArrowDown');
    expect(document.activeElement!.getAttribute('aria-label')).toBe('The operator, left behind');
    expect(stops()).toEqual([-1, 0, -1]);
    press('Enter');
    expect(last()).toEqual({ kind: 'goTo', operator: 'old', state: null });
    press('End');
    press('ArrowDown');
    expect(stops()).toEqual([-1, -1, 0]);
  });

  it('where neither has state, says so', () => {
    show([]);
    expect(root.textContent).toContain('Neither has any state');
  });
});

describe('a check that goes on', () => {
  it('can be cancelled, and keeps what was known', () => {
    show([RESTORED]);
    page.receive({ kind: 'checking', subject: SUBJECT });
    expect(root.querySelector('[role=progressbar]')).not.toBeNull();
    expect(texts('.finding .verdict')).toEqual(['restored as is']);
    click(button('Cancel the check'));
    expect(last()).toEqual({ kind: 'cancel' });
  });

  it('says why it failed, and can be tried again', () => {
    page.receive({ kind: 'failed', subject: SUBJECT, reason: 'The module has no default export.' });
    expect(root.querySelector('.state-panel')!.textContent).toContain('The module has no default export.');
    click(button('Show log'));
    expect(last()).toEqual({ kind: 'showLog' });
    click(button('Try again'));
    expect(last()).toEqual({ kind: 'check', flink: null });
  });
});
