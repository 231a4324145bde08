import { element } from '../views/element.ts';
import { icon } from './icons.ts';

/** A part of the page that F6 goes to. */
export function region(label: string, look: string): HTMLElement {
  return element('section', { class: look, 'aria-label': label, tabindex: '-1' });
}

/** Goes to the next region that is shown. False past the last one, and before the first: then VS Code goes on with its own parts. */
export function nextRegion(regions: readonly HTMLElement[], backwards: boolean, focusInto: (region: HTMLElement) => void): boolean {
  const shown = regions.filter((each) => !each.hidden && each.childElementCount > 0);
  const at = shown.findIndex((each) => each.contains(document.activeElement));
  const next = at < 0 ? shown.at(backwards ? -1 : 0) : at === 0 && backwards ? undefined : shown[at + (backwards ? -1 : 1)];
  if (next !== undefined) focusInto(next);
  return next !== undefined;
}

/** The stop of the region's rows or cells, where it has some. */
export function focusFirstStop(region: HTMLElement): void {
  const stop =
    region.querySelector<HTMLElement | SVGElement>('[tabindex="0"]') ?? region.querySelector<HTMLElement>('button:not([disabled]), input');
  (stop ?? region).focus();
}

/** What a page shows in place of everything else: that it waits, or why it cannot go on. */
export function failurePanel(
  title: string,
  reason: string,
  { retry, showLog }: { readonly retry: () => void; readonly showLog: () => void },
  ...more: readonly HTMLElement[]
): HTMLElement {
  const again = element('button', { type: 'button', class: 'button secondary-look' }, 'Try again');
  again.addEventListener('click', retry);
  const log = element('button', { type: 'button', class: 'link' }, 'Show log');
  log.addEventListener('click', showLog);
  return element(
    'div',
    { class: 'state-panel' },
    element('div', { class: 'row error-ink' }, icon('error'), element('b', {}, title)),
    element('pre', {}, reason),
    ...more,
    element('div', { class: 'row' }, again, log),
  );
}

/** The keys of a page, along its bottom. */
export function legend(...entries: readonly (readonly [keys: readonly string[], text: string])[]): HTMLElement {
  return element(
    'footer',
    { class: 'legend-bar', 'aria-label': 'Keys' },
    ...entries.map(([keys, text]) => element('span', { class: 'row' }, ...keys.map((key) => element('kbd', {}, key)), text)),
  );
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
