import { element } from '../views/element.ts';

export interface VirtualListOptions<T> {
  readonly label: string;
  readonly role: 'grid' | 'listbox' | 'treegrid';
  /** More rows than these are scrolled; null fills the place that the list has. */
  readonly visibleRows: number | null;
  /** The cells of a row. */
  cells(item: T): readonly HTMLElement[];
  /** For screen readers; the cells say it where it is null. */
  sentence(item: T): string | null;
  /** Of a row; what is drawn again when it changes. */
  version(item: T): string;
  onSelect(item: T): void;
  onOpen(item: T): void;
  /** A class for its row. */
  look?(item: T): string;
  /** Of trees: how deep it is, from 1 on, and whether it is open; null where nothing is below it. */
  branch?(item: T): { readonly level: number; readonly isOpen: boolean | null };
  /** Left and right fold and unfold. */
  onFold?(item: T, open: boolean): void;
  /** Which items are in view, now and then. */
  onView?(items: readonly T[]): void;
}

export interface VirtualList<T> {
  readonly root: HTMLElement;
  show(items: readonly T[], selected: T | null): void;
  /** Puts a row at the top, as far as there are enough below it. */
  scrollTo(index: number): void;
}

const ROW = 24;
const SPARE = 6;
let lists = 0;

/**
 * A list of which only the rows in view exist, so that 100,000 cost no more than 20. One tab stop; the selected row is its active
 * descendant, and arrows, Home, End and the page keys move it.
 */
export function createVirtualList<T>(options: VirtualListOptions<T>): VirtualList<T> {
  const id = `list${String(++lists)}`;
  const rowRole = options.role === 'listbox' ? 'option' : 'row';
  const space = element('div', { class: 'space', role: 'presentation' });
  const root = element('div', { class: 'virtual', role: options.role, 'aria-label': options.label, tabindex: '0' }, space);
  const rows = new Map<number, { element: HTMLElement; version: string }>();
  let items: readonly T[] = [];
  let selected = -1;

  root.addEventListener('scroll', draw, { passive: true });
  root.addEventListener('keydown', onKey);
  root.addEventListener('click', (event) => {
    const index = indexOf(event);
    if (index === null) return;
    select(index);
    const item = items[index];
    const isOpen = item === undefined ? null : (options.branch?.(item).isOpen ?? null);
    const isOnTwistie = (event.target as Element).closest('.twistie') !== null;
    if (item !== undefined && isOpen !== null && isOnTwistie) options.onFold?.(item, !isOpen);
  });
  root.addEventListener('dblclick', (event) => {
    const item = items[indexOf(event) ?? -1];
    if (item !== undefined) options.onOpen(item);
  });

  function indexOf(event: Event): number | null {
    const row = (event.target as Element | null)?.closest<HTMLElement>('[data-index]');
    return row == null ? null : Number(row.dataset['index']);
  }

  function onKey(event: KeyboardEvent): void {
    // Buttons in rows have their own keys.
    if (event.ctrlKey || event.metaKey || event.altKey || (event.target as Element).closest('button') !== null) return;
    const page = Math.max(1, visibleRows() - 1);
    const steps: Record<string, number> = {
      ArrowDown: selected + 1,
      ArrowUp: selected - 1,
      PageDown: selected + page,
      PageUp: selected - page,
      Home: 0,
      End: items.length - 1,
    };
    const to = steps[event.key];
    const item = items[selected];
    if (to !== undefined) select(Math.max(0, Math.min(items.length - 1, to)));
    else if (event.key === 'Enter' && item !== undefined) options.onOpen(item);
    else if ((event.key === 'ArrowRight' || event.key === 'ArrowLeft') && item !== undefined) fold(item, event.key === 'ArrowRight');
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Where there is nothing to fold, left goes to the branch that the row is on, and right to what is below it. */
  function fold(item: T, open: boolean): void {
    const branch = options.branch?.(item);
    if (branch === undefined) return;
    if (branch.isOpen === !open) options.onFold?.(item, open);
    else if (open && branch.isOpen === true) select(selected + 1);
    else if (!open) {
      let at = selected - 1;
      while (at >= 0 && levelAt(at) >= branch.level) at--;
      if (at >= 0) select(at);
    }
  }

  function levelAt(index: number): number {
    const item = items[index];
    return item === undefined ? 0 : (options.branch?.(item).level ?? 1);
  }

  function visibleRows(): number {
    return options.visibleRows ?? Math.max(8, Math.floor(root.clientHeight / ROW));
  }

  function select(index: number): void {
    const item = items[index];
    if (item === undefined) return;
    selected = index;
    reveal(index);
    draw();
    options.onSelect(item);
  }

  function reveal(index: number): void {
    const height = visibleRows() * ROW;
    if (index * ROW < root.scrollTop) root.scrollTop = index * ROW;
    else if ((index + 1) * ROW > root.scrollTop + height) root.scrollTop = (index + 1) * ROW - height;
  }

  function draw(): void {
    const first = Math.max(0, Math.floor(root.scrollTop / ROW) - SPARE);
    const end = Math.min(items.length, Math.ceil(root.scrollTop / ROW) + visibleRows() + SPARE);
    for (const [index, row] of rows) {
      if (index >= first && index < end) continue;
      row.element.remove();
      rows.delete(index);
    }
    for (let index = first; index < end; index++) drawRow(index);
    const active = items.length === 0 || selected < 0 ? null : `${id}-${String(selected)}`;
    if (active === null) root.removeAttribute('aria-activedescendant');
    else root.setAttribute('aria-activedescendant', active);
    options.onView?.(items.slice(first, end));
  }

  function drawRow(index: number): void {
    const item = items[index];
    if (item === undefined) return;
    const branch = options.branch?.(item);
    const version = `${options.version(item)}${branch?.isOpen === true ? ' open' : ''}`;
    const isSelected = String(index === selected);
    const known = rows.get(index);
    if (known?.version === version) {
      known.element.setAttribute('aria-selected', isSelected);
      return;
    }
    const made = element(
      'div',
      {
        class: `line ${options.look?.(item) ?? ''}`.trim(),
        role: rowRole,
        id: `${id}-${String(index)}`,
        'data-index': String(index),
        'aria-selected': isSelected,
        'aria-label': options.sentence(item),
        'aria-level': branch === undefined ? null : String(branch.level),
        'aria-expanded': branch === undefined || branch.isOpen === null ? null : String(branch.isOpen),
        ...(options.role !== 'listbox'
          ? { 'aria-rowindex': String(index + 1) }
          : { 'aria-posinset': String(index + 1), 'aria-setsize': String(items.length) }),
      },
      ...options.cells(item),
    );
    made.style.top = `${String(index * ROW)}px`;
    if (known === undefined) space.append(made);
    else known.element.replaceWith(made);
    rows.set(index, { element: made, version });
  }

  return {
    root,
    scrollTo(index) {
      root.scrollTop = index * ROW;
      draw();
    },
    show(shown, chosen) {
      items = shown;
      selected = chosen === null ? -1 : shown.indexOf(chosen);
      space.style.height = `${String(items.length * ROW)}px`;
      if (options.visibleRows !== null) root.style.height = `${String(Math.min(items.length, options.visibleRows) * ROW)}px`;
      if (options.role !== 'listbox') root.setAttribute('aria-rowcount', String(items.length));
      if (selected >= 0 && rows.get(selected) === undefined) reveal(selected);
      draw();
    },
  };
}
