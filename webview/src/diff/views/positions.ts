import { bytes, exact } from '../../format.ts';
import { element, whenChanged } from '../../views/element.ts';
import { figure } from '../../snapshot/figures.ts';
import { heading, hint } from '../../snapshot/parts.ts';
import { movedBy, type Model } from '../model.ts';
import { difference } from './signs.ts';

const SHOWN = 50;

/** How far sources had read in A and in B. */
export function renderPositions(root: HTMLElement, model: Model): void {
  const positions = model.overview?.positions ?? [];
  root.hidden = positions.length === 0;
  whenChanged(root, String(model.changes.overview), () => {
    if (positions.length === 0) return [];
    const rows = positions.slice(0, SHOWN).map(({ operator, before, after }) => {
      const moved = movedBy(before, after);
      return element(
        'tr',
        { 'data-tip': `A ${before ?? '–'}\nB ${after ?? '–'}` },
        element('td', { class: 'fit' }, operator),
        element('td', { class: 'fit dim' }, splitOf(after ?? before ?? '')),
        element('td', { class: 'fit number dim' }, positionOf(before)),
        element('td', { class: 'fit number' }, before === after ? 'the same' : positionOf(after)),
        element(
          'td',
          { class: 'number', 'data-tip': moved === null ? null : `${difference(moved.by, exact)} ${moved.unit}` },
          moved === null ? (before === after ? '±0' : '') : difference(moved.by, moved.unit === 'bytes' ? bytes : figure),
        ),
      );
    });
    const rest = positions.length - rows.length;
    return [
      heading('Source offsets', 'how far they had read in A and in B'),
      element('table', { class: 'positions', 'aria-label': 'Source offsets' }, element('tbody', {}, ...rows)),
      ...(rest > 0 ? [hint(`${exact(rest)} more splits are in the operators’ states.`)] : []),
    ];
  });
}

/** A position says what it is of before its last colon, or before the offset of Kafka that it begins from. */
const POSITION = /^(?:(.*): |(.*) from (?=offset ))?(.*)$/s;

function splitOf(text: string): string {
  const found = POSITION.exec(text);
  return found?.[1] ?? found?.[2] ?? '';
}

function positionOf(text: string | null): string {
  return text === null ? '–' : (POSITION.exec(text)?.[3] ?? text);
}
