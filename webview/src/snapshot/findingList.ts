import { element } from '../views/element.ts';
import { nextRegion } from './pageFrame.ts';
import { iconButton } from './parts.ts';

/**
 * Keys of a page of findings: F6 between its head and them, arrows from one to the next, Enter on one. The list is one stop of the tab key.
 */
export function findingKeys(
  head: HTMLElement,
  findings: HTMLElement,
  onEnter: (finding: HTMLElement) => void,
): (event: KeyboardEvent) => void {
  const into = (region: HTMLElement): void => (region.querySelector<HTMLElement>('li[tabindex="0"], button') ?? region).focus();
  return (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'F6') {
      if (!nextRegion([head, findings], event.shiftKey, into)) return;
      event.stopPropagation();
      event.preventDefault();
      return;
    }
    const items = [...findings.querySelectorAll<HTMLElement>('li.finding')];
    const at = items.findIndex((item) => item === document.activeElement);
    const finding = items[at];
    if (finding === undefined) return;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (to !== undefined) {
      const next = items[Math.min(items.length - 1, Math.max(0, to))];
      for (const item of items) item.tabIndex = item === next ? 0 : -1;
      next?.focus();
    } else if (event.key === 'Enter') onEnter(finding);
    else return;
    event.preventDefault();
  };
}

/** What can be done about a finding; it can be copied. */
export function remedyOf(place: string, remedy: string, copy: (text: string) => void): HTMLElement {
  const button = iconButton('copy', `Copy the remedy of ${place}`, () => copy(remedy), { bare: true });
  return element('div', { class: 'remedy' }, element('span', {}, remedy), button);
}
