import { beforeEach, expect, it } from 'vitest';
import { createDoctorPage, type DoctorPage } from '../../src/doctor/page.ts';
import type { DoctorFinding, FromDoctorPage } from '../../src/doctor/protocol.ts';

let page: DoctorPage;
let root: HTMLElement;
let posted: FromDoctorPage[];

const finding = (more: Partial<DoctorFinding>): DoctorFinding => ({
  ...{ severity: 'warning', operator: 'visits', operatorId: 'a1', state: 'count', file: null, message: 'It is old.', remedy: null },
  ...more,
});
const show = (findings: DoctorFinding[]): void =>
  page.receive({ kind: 'report', savepoint: 'savepoint-a1', report: { location: '/projects/savepoint-a1', findings } });
const button = (label: string) =>
  [...root.querySelectorAll('button')].find((each) => (each.getAttribute('aria-label') ?? each.textContent) === label);
const texts = (selector: string) => [...root.querySelectorAll(selector)].map((each) => each.textContent);
const press = (key: string) =>
  document.activeElement!.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));

beforeEach(() => {
  root = document.createElement('div');
  document.body.replaceChildren(root);
  posted = [];
  page = createDoctorPage(root, (message) => posted.push(message));
});

it('says severity, place and remedy of each finding, by operator, and how many there are', () => {
  show([
    finding({ severity: 'error', operator: null, operatorId: null, state: null, file: 'shared/x', message: 'It is missing.' }),
    finding({ remedy: 'Write it again.' }),
    finding({ severity: 'info', state: null, message: 'It has few keys.' }),
  ]);
  expect(texts('.group h2')).toEqual(['The whole savepoint', 'visits']);
  expect(texts('.state-name')).toEqual(['shared/x', 'count', 'The operator']);
  expect(texts('.verdict')).toEqual(['error', 'warning', 'note']);
  expect(texts('.remedy')).toEqual(['Write it again.']);
  expect(root.querySelector('[role=status]')!.textContent).toBe('Errors: 1, Warnings: 1, Notes: 1');
});

it('goes to the operator, opens the savepoint, copies remedies, and examines again', () => {
  show([finding({ remedy: 'Write it again.' })]);
  for (const label of ['Show visits in the savepoint', 'Open savepoint-a1', 'Copy the remedy of count', 'Examine again'])
    button(label)!.click();
  expect(posted).toEqual([
    { kind: 'openSavepoint', operatorId: 'a1' },
    { kind: 'openSavepoint', operatorId: null },
    { kind: 'copy', text: 'Write it again.' },
    { kind: 'again' },
  ]);
});

it('is walked by arrows; Enter goes to the operator', () => {
  show([finding({}), finding({ operator: 'sink', operatorId: 'b2', state: 'writer' })]);
  root.querySelector<HTMLElement>('li[tabindex="0"]')!.focus();
  press('ArrowDown');
  expect(document.activeElement!.getAttribute('aria-label')).toBe('writer, warning');
  press('Enter');
  expect(posted).toEqual([{ kind: 'openSavepoint', operatorId: 'b2' }]);
});

it('where nothing is found, says so', () => {
  show([]);
  expect(root.textContent).toContain('No problems found');
});
