import { icon, type IconName } from '../snapshot/icons.ts';
import { findingKeys, remedyOf } from '../snapshot/findingList.ts';
import { legend, region } from '../snapshot/pageFrame.ts';
import { heading } from '../snapshot/parts.ts';
import { button, element } from '../views/element.ts';
import type { DoctorFinding, FromDoctorPage, ToDoctorPage } from './protocol.ts';

export interface DoctorPage {
  receive(message: ToDoctorPage): void;
}

type Severity = DoctorFinding['severity'];

const SEVERITIES: Readonly<Record<Severity, { readonly label: string; readonly plural: string; readonly look: string }>> = {
  error: { label: 'error', plural: 'Errors', look: 'error-ink' },
  warning: { label: 'warning', plural: 'Warnings', look: 'warning-ink' },
  info: { label: 'note', plural: 'Notes', look: 'dim' },
};
const ORDER = Object.keys(SEVERITIES) as (Severity & IconName)[];
const WHOLE = 'The whole savepoint';

/** What in a savepoint will hurt later: each finding with its place, which a click goes to, and its remedy, which can be copied. */
export function createDoctorPage(root: HTMLElement, post: (message: FromDoctorPage) => void): DoctorPage {
  const header = element('header', { class: 'head', 'aria-label': 'Examination', tabindex: '-1' });
  const findings = region('Findings', 'check-findings');
  const live = element('div', { class: 'screen-reader', role: 'status', 'aria-live': 'polite' });
  const keys = legend([['↑', '↓'], 'findings'], [['Enter'], 'go to the operator'], [['F6'], 'next panel']);
  root.append(element('main', { class: 'page snapshot-page check' }, header, findings, keys, live));
  root.addEventListener(
    'keydown',
    findingKeys(header, findings, (item) => item.closest('.group')?.querySelector<HTMLElement>('.heading .link')?.click()),
  );

  function receive({ savepoint, report }: ToDoctorPage): void {
    const open = button(savepoint, null, () => post({ kind: 'openSavepoint', operatorId: null }), {
      class: 'link',
      'aria-label': `Open ${savepoint}`,
      title: report.location,
    });
    const again = button('Examine again', null, () => post({ kind: 'again' }), { class: 'button secondary-look' });
    const counts = element('dl', { class: 'about' });
    for (const severity of ORDER) {
      const count = ofSeverity(report.findings, severity).length;
      if (count > 0)
        counts.append(element('div', {}, element('dt', {}, SEVERITIES[severity].plural), element('dd', {}, count.toLocaleString('en'))));
    }
    header.replaceChildren(
      element('div', { class: 'row title' }, element('h1', {}, 'Examination'), open, element('span', { class: 'grow' }), again),
      counts,
    );
    findings.replaceChildren(...groupsOf(report.findings));
    findings.querySelector('li')?.setAttribute('tabindex', '0');
    live.textContent = ORDER.map((each) => `${SEVERITIES[each].plural}: ${String(ofSeverity(report.findings, each).length)}`).join(', ');
  }

  function groupsOf(all: readonly DoctorFinding[]): HTMLElement[] {
    if (all.length === 0)
      return [
        element(
          'div',
          { class: 'state-panel' },
          element('div', { class: 'row ok-ink' }, icon('pass'), element('b', {}, 'No problems found')),
        ),
      ];
    const operators = new Map<string, DoctorFinding[]>();
    for (const finding of all) {
      const operator = finding.operator ?? WHOLE;
      operators.set(operator, [...(operators.get(operator) ?? []), finding]);
    }
    return [...operators].map(([operator, found]) => groupOf(operator, found));
  }

  function groupOf(operator: string, found: readonly DoctorFinding[]): HTMLElement {
    const id = found[0]?.operatorId ?? null;
    const go =
      id === null
        ? []
        : [
            button('Show operator', null, () => post({ kind: 'openSavepoint', operatorId: id }), {
              class: 'link',
              'aria-label': `Show ${operator} in the savepoint`,
            }),
          ];
    const list = element('ul', { class: 'finding-list', 'aria-label': operator });
    list.append(...found.map(itemOf));
    return element('section', { class: 'group' }, heading(operator, '', ...go), list);
  }

  function itemOf({ severity, operatorId, state, file, message, remedy }: DoctorFinding): HTMLElement {
    const { label, look } = SEVERITIES[severity];
    const place = state ?? file ?? (operatorId === null ? 'All of it' : 'The operator');
    const line = element(
      'div',
      { class: 'finding-line' },
      element('span', { class: look }, icon(severity)),
      element('b', { class: 'state-name', title: place }, place),
      element('span', { class: `verdict ${look}` }, label),
      element('span', { class: 'said' }, message),
    );
    const item = element('li', { class: 'finding', tabindex: '-1', 'aria-label': `${place}, ${label}` }, line);
    if (operatorId !== null) item.addEventListener('dblclick', () => post({ kind: 'openSavepoint', operatorId }));
    if (remedy !== null) item.append(remedyOf(place, remedy, (text) => post({ kind: 'copy', text })));
    return item;
  }

  return { receive };
}

function ofSeverity(findings: readonly DoctorFinding[], severity: Severity): readonly DoctorFinding[] {
  return findings.filter((finding) => finding.severity === severity);
}
