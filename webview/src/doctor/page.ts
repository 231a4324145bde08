import { icon, type IconName } from '../snapshot/icons.ts';
import { legend, nextRegion, region } from '../snapshot/pageFrame.ts';
import { heading, iconButton } from '../snapshot/parts.ts';
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
  root.addEventListener('keydown', onKey);

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
          element('div', { class: 'row ok-ink' }, icon('pass'), element('b', {}, 'Nothing in it will hurt later, as far as can be seen')),
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
    if (remedy !== null) {
      const copy = iconButton('copy', `Copy the remedy of ${place}`, () => post({ kind: 'copy', text: remedy }), { bare: true });
      item.append(element('div', { class: 'remedy' }, element('span', {}, remedy), copy));
    }
    return item;
  }

  function onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'F6') {
      const into = (each: HTMLElement): void => (each.querySelector<HTMLElement>('li[tabindex="0"], button') ?? each).focus();
      if (!nextRegion([header, findings], event.shiftKey, into)) return;
      event.stopPropagation();
      event.preventDefault();
      return;
    }
    const items = [...findings.querySelectorAll<HTMLElement>('li.finding')];
    const at = items.findIndex((item) => item === document.activeElement);
    if (at < 0) return;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (to !== undefined) {
      const next = items[Math.min(items.length - 1, Math.max(0, to))];
      for (const item of items) item.tabIndex = item === next ? 0 : -1;
      next?.focus();
    } else if (event.key === 'Enter') items[at]?.closest('.group')?.querySelector<HTMLElement>('.heading .link')?.click();
    else return;
    event.preventDefault();
  }

  return { receive };
}

function ofSeverity(findings: readonly DoctorFinding[], severity: Severity): readonly DoctorFinding[] {
  return findings.filter((finding) => finding.severity === severity);
}
