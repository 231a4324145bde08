import { element, whenChanged } from '../../views/element.ts';
import { factsOf, type Model } from '../model.ts';
import { heading } from '../../snapshot/parts.ts';

const SHOWN = 50;

/** Where a restore goes on reading. */
export function renderSources(root: HTMLElement, model: Model): void {
  whenChanged(root, String(model.changes.facts), () => {
    const rows: HTMLElement[] = [];
    for (const { id, label } of model.overview?.operators ?? []) {
      for (const position of factsOf(model, id)?.sourcePositions ?? []) {
        if (rows.length >= SHOWN) break;
        const [where, what] = position.includes(': ')
          ? [position.slice(0, position.lastIndexOf(': ')), position.slice(position.lastIndexOf(': ') + 2)]
          : ['', position];
        rows.push(
          element(
            'tr',
            { 'data-tip': position },
            element('td', { class: 'fit' }, label),
            element('td', { class: 'fit dim' }, where),
            element('td', { class: 'number' }, what),
          ),
        );
      }
    }
    root.hidden = rows.length === 0;
    if (rows.length === 0) return [];
    return [
      heading('Source offsets', 'where a restore goes on reading'),
      element('table', { class: 'sources', 'aria-label': 'Source offsets' }, element('tbody', {}, ...rows)),
    ];
  });
}
