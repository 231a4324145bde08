import { bytes, percent } from '../../format.ts';
import { button, element, whenChanged } from '../../views/element.ts';
import type { Actions } from '../actions.ts';
import { selectedOperator, type Model } from '../model.ts';
import { icon } from '../../snapshot/icons.ts';
import { progressBar } from '../../snapshot/parts.ts';

/** How far the entries have been read, or the offer to read them. */
export function renderReading(root: HTMLElement, model: Model, actions: Actions): void {
  const { reading, overview } = model;
  const operator = selectedOperator(model);
  root.hidden = overview === null || (reading.phase === 'done' && reading.scope === null) || overview.sizeBytes === 0;
  if (overview === null || root.hidden) return;
  // The button to cancel stays the same element while the figures move: it may have the focus.
  const steady = JSON.stringify([reading.phase, reading.scope, reading.reason, operator?.id]);
  whenChanged(root, steady, () => parts(model, actions));
  const { bytesRead, bytesTotal } = reading;
  const share = bytesTotal === 0 ? 0 : bytesRead / bytesTotal;
  const text = root.querySelector('.figures');
  if (text !== null) text.textContent = bytesTotal === 0 ? 'Opening the files' : `Read ${percent(share)} of ${bytes(bytesTotal)}`;
  const bar = root.querySelector<HTMLElement>('.progress');
  if (bar === null) return;
  bar.setAttribute('aria-valuenow', String(Math.round(share * 100)));
  const fill = bar.querySelector('i');
  if (fill !== null) fill.style.width = `${String(share * 100)}%`;
}

function parts(model: Model, actions: Actions): (Node | string)[] {
  const { reading, overview } = model;
  const operator = selectedOperator(model);
  const whole = button(`Read all ${bytes(overview?.sizeBytes ?? 0)}`, null, () => actions.read(null), { class: 'button secondary-look' });
  const one =
    operator !== null && operator.bytes.total > 0 && (overview?.operators.length ?? 0) > 1
      ? button(`Only ${operator.label}, ${bytes(operator.bytes.total)}`, null, () => actions.read(operator.id), {
          class: 'button secondary-look',
        })
      : null;
  const offers = one === null ? [whole] : [whole, one];
  switch (reading.phase) {
    case 'running': {
      const bar = progressBar(0);
      bar.setAttribute('aria-label', 'Reading entries');
      return [
        bar,
        element('span', { class: 'figures' }),
        element('span', { class: 'caption fit' }, 'Counts come operator by operator.'),
        element('span', { class: 'grow' }),
        button('Cancel', null, actions.stopReading, { class: 'button secondary-look' }),
      ];
    }
    case 'failed':
      return [
        element('span', { class: 'error-ink row' }, icon('error'), 'Reading stopped'),
        element('span', { class: 'fit', 'data-tip': reading.reason }, reading.reason ?? ''),
        element('span', { class: 'grow' }),
        button('Show log', null, actions.showLog, { class: 'link' }),
        ...offers,
      ];
    case 'stopped':
      return [
        element('span', { class: 'fit' }, 'Cancelled: counts are of what was read until then.'),
        element('span', { class: 'grow' }),
        ...offers,
      ];
    default:
      return [
        icon('info'),
        element('span', { class: 'fit' }, 'Sizes are what the metadata says. Counts, keys, timers and TTL need every entry to be read.'),
        element('span', { class: 'grow' }),
        ...offers,
      ];
  }
}
