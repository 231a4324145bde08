import { button, element } from '../views/element.ts';
import { plural } from '../snapshot/figures.ts';
import { findingKeys, remedyOf } from '../snapshot/findingList.ts';
import { icon, type IconName } from '../snapshot/icons.ts';
import { failurePanel, legend, region } from '../snapshot/pageFrame.ts';
import { heading, iconButton, progressBar } from '../snapshot/parts.ts';
import { fieldsOf } from './schemaFields.ts';
import type { CheckFinding, CheckReport, CheckSubject, FlinkTarget, FromCheckPage, ToCheckPage } from './protocol.ts';

export interface CheckPage {
  receive(message: ToCheckPage): void;
}

const LOST: readonly string[] = ['leftBehind', 'unknownOperator'];
const TARGETS: readonly (readonly [FlinkTarget | null, string])[] = [
  [null, 'Tidemark'],
  ['2.3', 'Flink 2.3'],
  ['1.20', 'Flink 1.20'],
];
/** What Flink would make of schemas that differ. */
const MIGRATIONS: readonly string[] = ['flinkSpoils', 'flinkRenames', 'flinkFails', 'flinkRefuses'];
const WHOLE = 'The whole savepoint';

type Verdict = 'incompatible' | 'lost' | 'warning' | 'migrated' | 'new' | 'restored';

/** In the order of the page: what needs a decision comes first. */
const VERDICTS: Readonly<Record<Verdict, { readonly label: string; readonly glyph: IconName; readonly look: string }>> = {
  incompatible: { label: 'does not fit', glyph: 'error', look: 'error-ink' },
  lost: { label: 'left behind', glyph: 'warning', look: 'warning-ink' },
  warning: { label: 'to be looked at', glyph: 'warning', look: 'warning-ink' },
  migrated: { label: 'migrated', glyph: 'swap', look: 'dim' },
  new: { label: 'new and empty', glyph: 'info', look: 'dim' },
  restored: { label: 'restored as is', glyph: 'pass', look: 'ok-ink' },
};
const ORDER = Object.keys(VERDICTS) as Verdict[];

/** What a restore would do, operator by operator, and what can be done where it would not go. */
export function createCheckPage(root: HTMLElement, post: (message: FromCheckPage) => void): CheckPage {
  let subject: CheckSubject | null = null;
  let report: CheckReport | null = null;
  let failure: string | null = null;
  let isChecking = false;

  const header = element('header', { class: 'head', 'aria-label': 'Check', tabindex: '-1' });
  const progress = element('div', { class: 'checking', hidden: '' });
  const findings = region('Findings', 'check-findings');
  const live = element('div', { class: 'screen-reader', role: 'status', 'aria-live': 'polite' });
  root.append(
    element(
      'main',
      { class: 'page snapshot-page check' },
      header,
      progress,
      findings,
      legend([['↑', '↓'], 'findings'], [['Enter'], 'go to the code'], [['F6'], 'next panel']),
      live,
    ),
  );
  root.addEventListener(
    'keydown',
    findingKeys(header, findings, (item) => item.querySelector<HTMLElement>('.link')?.click()),
  );
  draw();

  function receive(message: ToCheckPage): void {
    subject = message.subject;
    isChecking = message.kind === 'checking';
    if (message.kind === 'report') {
      ({ report } = message);
      failure = null;
      live.textContent = verdictOf(report)[1];
    } else if (message.kind === 'failed') {
      failure = message.reason;
      report = null;
      live.textContent = `The check has failed: ${message.reason}`;
    }
    draw();
  }

  function draw(): void {
    const hadFocus = document.activeElement?.getAttribute('aria-label') ?? null;
    header.replaceChildren(...(subject === null ? [] : headerOf(subject)));
    progress.hidden = !isChecking;
    progress.replaceChildren(...(isChecking ? [progressBar(null)] : []));
    findings.replaceChildren(...bodyOf());
    if (hadFocus !== null && document.activeElement === document.body)
      root.querySelector<HTMLElement>(`[aria-label="${hadFocus.replaceAll(/["\\]/g, '\\$&')}"]`)?.focus();
  }

  function headerOf({ pipeline, savepoint, location, flink }: CheckSubject): HTMLElement[] {
    const open = button(savepoint, null, () => post({ kind: 'openSavepoint' }), {
      class: 'link',
      'aria-label': `Open ${savepoint}`,
      title: location,
    });
    const targets = element('div', { class: 'segments', role: 'group', 'aria-label': 'Restored by' });
    for (const [target, label] of TARGETS)
      targets.append(
        button(label, null, () => post({ kind: 'check', flink: target }), {
          'aria-label': label,
          'aria-pressed': String(target === flink),
        }),
      );
    const again = isChecking
      ? button('Cancel', null, () => post({ kind: 'cancel' }), { class: 'button secondary-look', 'aria-label': 'Cancel the check' })
      : button('Check again', null, () => post({ kind: 'check', flink }), { class: 'button secondary-look', 'aria-label': 'Check again' });
    return [
      element(
        'div',
        { class: 'row title' },
        element('h1', {}, pipeline),
        element('span', { class: 'dim' }, 'restored from'),
        open,
        ...(report === null ? [] : [tagOf(report)]),
        element('span', { class: 'grow' }),
        targets,
        again,
        ...restoreButtons(),
        ...migrateButton(),
      ),
      ...(report === null ? [] : [countsOf(report)]),
    ];
  }

  function restoreButtons(): HTMLElement[] {
    if (report === null || subject === null || subject.flink !== null) return [];
    const restore = (label: string, allowNonRestoredState: boolean, look: string): HTMLElement =>
      iconButton('run', label, () => post({ kind: 'restore', allowNonRestoredState }), { look });
    if (report.compatible) return [restore('Restore', false, 'primary-look')];
    return onlyLoses(report) ? [restore('Restore without what is left behind', true, 'secondary-look')] : [];
  }

  /** What this engine restores with changes, it can also write with them. */
  function migrateButton(): HTMLElement[] {
    const findings = report?.findings ?? [];
    const wanted = findings.some(({ code, state }) => MIGRATIONS.includes(code) && state !== null);
    if (!wanted || findings.some(({ code }) => code === 'incompatible')) return [];
    return [iconButton('swap', 'Migrate the savepoint…', () => post({ kind: 'migrate' }), { look: 'primary-look' })];
  }

  function bodyOf(): HTMLElement[] {
    if (failure !== null)
      return [
        failurePanel('The pipeline could not be checked', failure, {
          retry: () => post({ kind: 'check', flink: subject?.flink ?? null }),
          showLog: () => post({ kind: 'showLog' }),
        }),
      ];
    if (report === null)
      return [element('div', { class: 'state-panel' }, element('b', {}, 'Building the pipeline and reading the headers'))];
    if (report.findings.length === 0) return [element('div', { class: 'state-panel' }, element('b', {}, 'Neither has any state'))];
    const groups = groupsOf(report);
    const made = groups.map(([operator, all]) => groupOf(operator, all));
    // One stop for the tab key: arrows go on from it.
    made[0]?.querySelector('li')?.setAttribute('tabindex', '0');
    return made;
  }

  function groupOf(operator: string, all: readonly CheckFinding[]): HTMLElement {
    const list = element('ul', { class: 'finding-list', 'aria-label': operator });
    list.append(...all.map(itemOf));
    const worst = VERDICTS[verdictFor(all[0] as CheckFinding)];
    return element('section', { class: 'group' }, heading(operator, all.length === 1 ? worst.label : plural(all.length, 'finding')), list);
  }

  function itemOf(finding: CheckFinding): HTMLElement {
    const { label, glyph, look } = VERDICTS[verdictFor(finding)];
    const name = finding.state ?? (finding.operator === null ? 'All of it' : 'The operator');
    const item = element('li', { class: 'finding', tabindex: '-1', 'aria-label': `${name}, ${label}` });
    item.append(
      element(
        'div',
        { class: 'finding-line' },
        element('span', { class: look }, icon(glyph)),
        element('b', { class: 'state-name' }, name),
        element('span', { class: `verdict ${look}` }, label),
        element('span', { class: 'said' }, sentence(finding.message)),
      ),
    );
    if (finding.schemas !== null && finding.schemas.written !== finding.schemas.wanted) item.append(schemasOf(finding.schemas));
    if (finding.remedy !== null) item.append(remedyOf(name, finding.remedy, (text) => post({ kind: 'copy', text })));
    const { operator, state } = finding;
    if (operator !== null) {
      const go = (): void => post({ kind: 'goTo', operator, state });
      item.addEventListener('dblclick', go);
      item
        .querySelector('.finding-line')
        ?.append(button('Go to code', null, go, { class: 'link', 'aria-label': `Go to ${name} in the code`, tabindex: '-1' }));
    }
    return item;
  }

  return { receive };
}

function sentence(message: string): string {
  return message.charAt(0).toUpperCase() + message.slice(1);
}

function verdictFor({ severity, code }: CheckFinding): Verdict {
  if (LOST.includes(code)) return 'lost';
  if (severity !== 'info') return severity === 'error' ? 'incompatible' : 'warning';
  return code === 'migrated' || code === 'new' ? code : 'restored';
}

/** Operators with what is worst in them first. */
function groupsOf({ findings }: CheckReport): (readonly [string, CheckFinding[]])[] {
  const groups = new Map<string, CheckFinding[]>();
  for (const finding of findings) {
    const operator = finding.operator ?? WHOLE;
    groups.set(operator, [...(groups.get(operator) ?? []), finding]);
  }
  const rank = (finding: CheckFinding | undefined): number => (finding === undefined ? ORDER.length : ORDER.indexOf(verdictFor(finding)));
  for (const all of groups.values()) all.sort((a, b) => rank(a) - rank(b));
  return [...groups].sort(([, a], [, b]) => rank(a[0]) - rank(b[0]));
}

function onlyLoses({ findings }: CheckReport): boolean {
  return findings.every(({ severity, code }) => severity !== 'error' || LOST.includes(code));
}

function verdictOf(report: CheckReport): readonly [look: string, text: string] {
  if (report.compatible) return ['ok', 'It can be restored'];
  if (onlyLoses(report)) return ['warning', 'It can be restored, without some state'];
  return ['error', 'It cannot be restored'];
}

function tagOf(report: CheckReport): HTMLElement {
  const [look, text] = verdictOf(report);
  return element('span', { class: `tag ${look}` }, icon(look === 'ok' ? 'pass' : look === 'warning' ? 'warning' : 'error'), text);
}

function countsOf({ findings }: CheckReport): HTMLElement {
  const row = element('dl', { class: 'about' });
  for (const verdict of ORDER) {
    const count = findings.filter((finding) => verdictFor(finding) === verdict).length;
    if (count === 0) continue;
    const { label } = VERDICTS[verdict];
    row.append(element('div', {}, element('dt', {}, label.charAt(0).toUpperCase() + label.slice(1)), element('dd', {}, String(count))));
  }
  return row;
}

/** Both types, field by field; what the other has not is marked. */
function schemasOf({ written, wanted }: { readonly written: string; readonly wanted: string }): HTMLElement {
  const [before, after] = [fieldsOf(written), fieldsOf(wanted)];
  const side = (title: string, own: readonly string[], other: readonly string[], look: string, glyph: string): HTMLElement => {
    const lines = own.map((line) => {
      const differs = !other.includes(line);
      return element(
        'span',
        { class: differs ? `field ${look}` : 'field' },
        element('span', { class: 'glyph' }, differs ? glyph : ' '),
        line,
      );
    });
    return element('div', { class: 'schema-side' }, element('span', { class: 'caption' }, title), element('code', {}, ...lines));
  };
  return element(
    'div',
    { class: 'schemas' },
    side('in the savepoint', before, after, 'gone', '−'),
    side('in the pipeline', after, before, 'came', '+'),
  );
}
