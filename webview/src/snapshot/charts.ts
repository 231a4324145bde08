import { select, type Selection } from 'd3';

export type Svg = Selection<SVGSVGElement, undefined, null, undefined>;

const NAMESPACE = 'http://www.w3.org/2000/svg';

/** @param label what a screen reader says of the picture; null where its parts have labels of their own */
export function chart(width: number, height: number, label: string | null): Svg {
  const svg = select<SVGSVGElement, undefined>(document.createElementNS(NAMESPACE, 'svg'))
    .attr('width', width)
    .attr('height', height)
    .attr('viewBox', `0 0 ${String(width)} ${String(height)}`);
  if (label !== null) svg.attr('role', 'img').attr('aria-label', label);
  return svg;
}

export function nodeOf(svg: Svg): SVGSVGElement {
  const node = svg.node();
  if (node === null) throw new Error('a picture without an element');
  return node;
}

/** One hue from nearly the background to nearly itself, by the square root: few are beside many. */
export function heat(share: number): string {
  if (share <= 0) return 'none';
  return `color-mix(in srgb, var(--blue) ${String(Math.round(8 + 86 * Math.sqrt(Math.min(1, share))))}%, var(--bg))`;
}

/** Cells with one tab stop: arrows move it, Enter, space and clicks open. `columns` is how far up and down are. */
export function rovingCells(
  root: Element,
  selector: string,
  columns: number,
  onOpen: ((cell: Element) => void) | null,
  start: string | null = null,
): void {
  const cells = [...root.querySelectorAll<SVGElement | HTMLElement>(selector)];
  const first = start === null ? null : root.querySelector<SVGElement | HTMLElement>(start);
  for (const cell of cells) cell.setAttribute('tabindex', '-1');
  (first ?? cells[0])?.setAttribute('tabindex', '0');
  root.addEventListener('click', (event) => {
    const cell = (event.target as Element | null)?.closest(selector);
    if (cell != null) onOpen?.(cell);
  });
  root.addEventListener('keydown', (event) => {
    const { key, target, ctrlKey, altKey, metaKey } = event as KeyboardEvent;
    const at = cells.indexOf(target as SVGElement);
    if (at < 0 || ctrlKey || altKey || metaKey) return;
    const steps: Record<string, number> = {
      ArrowRight: at + 1,
      ArrowLeft: at - 1,
      ArrowDown: at + columns,
      ArrowUp: at - columns,
      Home: 0,
      End: cells.length - 1,
    };
    const next = cells[steps[key] ?? -1];
    if (next !== undefined) {
      cells[at]?.setAttribute('tabindex', '-1');
      next.setAttribute('tabindex', '0');
      next.focus();
    } else if ((key === 'Enter' || key === ' ') && onOpen !== null) onOpen(target as Element);
    else if (!(key in steps)) return;
    event.preventDefault();
    event.stopPropagation();
  });
}
