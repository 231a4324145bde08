import { bytes, exact, duration } from '../../format.ts';
import { button, element, whenChanged } from '../../views/element.ts';
import type { SnapshotOverview } from '../../savepoint/protocol.ts';
import { exactBytes, localTime } from '../../snapshot/figures.ts';
import { icon } from '../../snapshot/icons.ts';
import { iconButton, progressBar } from '../../snapshot/parts.ts';
import type { Actions } from '../actions.ts';
import type { Model } from '../model.ts';

/** Which two, and how far the comparison is. */
export function renderHeader(root: HTMLElement, model: Model, actions: Actions): void {
  const { overview, comparing } = model;
  const steady = JSON.stringify([model.changes.overview, comparing.phase, comparing.reason, model.pair?.ignore]);
  // The button to cancel stays the same element while the figures move: it may have the focus.
  whenChanged(root, steady, () => (overview === null ? [] : parts(model, actions)));
  const bar = root.querySelector<HTMLElement>('.progress');
  if (bar === null || overview === null) return;
  const share = comparing.bytesTotal === 0 ? 0 : comparing.bytesRead / comparing.bytesTotal;
  bar.setAttribute('aria-valuenow', String(Math.round(share * 100)));
  const fill = bar.querySelector('i');
  if (fill !== null) fill.style.width = `${String(share * 100)}%`;
  const compared = [...model.counts.values()].filter(({ isFinal }) => isFinal).length;
  const figures = root.querySelector('.figures');
  if (figures !== null) figures.textContent = `${exact(compared)} of ${exact(overview.operators.length)} operators`;
  const read = root.querySelector('.read');
  if (read !== null) read.textContent = comparing.bytesTotal === 0 ? '' : `${bytes(comparing.bytesRead)} of ${bytes(comparing.bytesTotal)}`;
  const left = root.querySelector('.left-over');
  if (left !== null) left.textContent = leftText(comparing.startedAt, share);
}

/** Nothing is foretold from a beginning that says little. */
function leftText(startedAt: number, share: number): string {
  const gone = performance.now() - startedAt;
  if (share < 0.03 || gone < 1000) return '';
  const left = Math.ceil(((gone / share) * (1 - share)) / 1000) * 1000;
  return left === 0 ? '' : `about ${duration(left).replace('.0', '')} left`;
}

function parts(model: Model, actions: Actions): HTMLElement[] {
  const { overview, pair } = model;
  if (overview === null || pair === null) return [];
  const ignored = pair.ignore;
  return [
    side('A', 'before', overview.before, pair.before, actions),
    iconButton('swap', 'Swap A and B', actions.swap, { bare: true }),
    side('B', 'after', overview.after, pair.after, actions),
    state(model, actions),
    element('span', { class: 'grow' }),
    ...(model.isPreview ? previewButtons(actions) : []),
    iconButton('info', ignored.length === 0 ? 'Ignore…' : `Ignoring ${ignored.join(', ')}`, actions.askIgnore, { look: 'secondary-look' }),
    // Beside the buttons of a preview there is no room for its name.
    iconButton('export', 'Report as JSON', actions.openReport, model.isPreview ? { bare: true } : { look: 'secondary-look' }),
  ];
}

/** Nothing is in its place yet. */
function previewButtons(actions: Actions): HTMLElement[] {
  return [
    iconButton('pass', 'Write Savepoint', actions.keepPreview, { look: 'primary-look' }),
    button('Discard', null, actions.discardPreview, { class: 'button secondary-look', 'aria-label': 'Discard the preview' }),
  ];
}

/** `location` is what the user opened: what is in an archive is elsewhere. */
function side(letter: string, role: string, overview: SnapshotOverview, location: string, actions: Actions): HTMLElement {
  const { name, createdAt, sizeBytes, format, version } = overview;
  const about = [createdAt === null ? null : localTime(createdAt), bytes(sizeBytes), `${format}, v${String(version)}`];
  return element(
    'div',
    { class: 'snapshot-side' },
    element('span', { class: 'letter', 'aria-label': `${letter}, ${role}` }, letter),
    element(
      'div',
      { class: 'column' },
      button(name, null, () => actions.openSnapshot(location), { class: 'link name', 'data-tip': location }),
      element(
        'span',
        { class: 'caption fit', 'data-tip': `${exactBytes(sizeBytes)}\n${about.filter((text) => text !== null).join(' · ')}` },
        about.filter((text) => text !== null).join(' · '),
      ),
    ),
  );
}

function state({ comparing }: Model, actions: Actions): HTMLElement {
  switch (comparing.phase) {
    case 'running': {
      const bar = progressBar(0);
      bar.setAttribute('aria-label', 'Comparing');
      return element(
        'div',
        { class: 'comparing' },
        element(
          'div',
          { class: 'column grow' },
          element(
            'div',
            { class: 'row' },
            element('span', {}, 'Comparing'),
            element('b', { class: 'figures' }),
            element('span', { class: 'read muted-ink' }),
            element('span', { class: 'grow' }),
            element('span', { class: 'left-over muted-ink' }),
          ),
          bar,
        ),
        button('Cancel', null, actions.cancel, { class: 'button secondary-look' }),
      );
    }
    case 'stopped':
      return element(
        'div',
        { class: 'comparing' },
        element('span', {}, 'Cancelled: counts are of what was compared until then.'),
        button('Compare again', null, actions.compareAgain, { class: 'button secondary-look' }),
      );
    case 'failed':
      return element(
        'div',
        { class: 'comparing' },
        element('span', { class: 'error-ink row' }, icon('error'), 'The comparison stopped'),
        element('span', { class: 'fit', 'data-tip': comparing.reason }, comparing.reason ?? ''),
        button('Compare again', null, actions.compareAgain, { class: 'button secondary-look' }),
        button('Show log', null, actions.showLog, { class: 'link' }),
      );
    default:
      return element('div', { class: 'comparing' });
  }
}
