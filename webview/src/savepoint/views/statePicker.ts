import { element } from '../../views/element.ts';
import { figure } from '../../snapshot/figures.ts';
import { factsOf, statisticsKey, type Model, type StateName } from '../model.ts';
import type { StateFacts } from '../protocol.ts';
import { stateKind } from './state.ts';
import { createVirtualList } from '../../snapshot/virtualList.ts';

/** A list of all states of the operator below a button, with a field to filter them. */
export class StatePicker {
  readonly #root: HTMLElement;
  readonly #onPick: (state: StateName) => void;
  #open: { box: HTMLElement; anchor: HTMLElement } | null = null;

  constructor(root: HTMLElement, onPick: (state: StateName) => void) {
    this.#root = root;
    this.#onPick = onPick;
  }

  show(anchor: HTMLElement, model: Model): void {
    if (this.#open !== null) {
      this.close();
      return;
    }
    const states = factsOf(model, model.operator)?.states ?? [];
    const selected = states.find(({ name, group }) => name === model.state?.name && group === model.state.group) ?? states[0] ?? null;
    const input = element('input', { type: 'text', placeholder: 'Filter states', 'aria-label': 'Filter states' });
    let chosen = selected;
    const pick = (state: StateFacts | null): void => {
      this.close();
      if (state !== null) this.#onPick(state);
    };
    const list = createVirtualList<StateFacts>({
      label: 'States',
      role: 'listbox',
      visibleRows: 10,
      cells: (state) => [
        element('span', { class: 'fit name' }, state.name),
        element('span', { class: 'dim' }, stateKind(state)),
        element('span', { class: 'number' }, entriesText(model, state)),
      ],
      sentence: (state) => `${state.name}, ${stateKind(state)}`,
      version: (state) => `${state.group} ${state.name}`,
      onSelect: (state) => (chosen = state),
      onOpen: pick,
    });
    list.root.addEventListener('click', () => pick(chosen));
    const none = element('div', { class: 'hint', hidden: '' }, 'No state has this in its name.');
    const box = element(
      'div',
      { class: 'popup', role: 'dialog', 'aria-label': 'States' },
      element('label', { class: 'search' }, input),
      list.root,
      none,
    );
    const filter = (): void => {
      const wanted = input.value.trim().toLowerCase();
      const shown = wanted === '' ? states : states.filter(({ name }) => name.toLowerCase().includes(wanted));
      if (chosen === null || !shown.includes(chosen)) chosen = shown[0] ?? null;
      none.hidden = shown.length > 0;
      list.show(shown, chosen);
    };
    input.addEventListener('input', filter);
    input.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') pick(chosen);
      else if (event.key === 'ArrowDown') list.root.focus();
      else return;
      event.preventDefault();
    });
    box.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return;
      event.stopPropagation();
      this.close();
    });
    box.addEventListener('focusout', (event) => {
      if (event.relatedTarget instanceof Node && !box.contains(event.relatedTarget)) this.close(false);
    });
    this.#root.append(box);
    const place = anchor.getBoundingClientRect();
    box.style.top = `${String(place.bottom + 2)}px`;
    box.style.left = `${String(Math.max(8, Math.min(place.left, innerWidth - 368)))}px`;
    this.#open = { box, anchor };
    filter();
    input.focus();
  }

  close(withFocus = true): void {
    const open = this.#open;
    if (open === null) return;
    this.#open = null;
    open.box.remove();
    if (withFocus) open.anchor.focus();
  }

  contains(target: Node): boolean {
    return this.#open !== null && (this.#open.box.contains(target) || this.#open.anchor.contains(target));
  }
}

function entriesText(model: Model, state: StateFacts): string {
  const entries = model.statistics.get(statisticsKey(model.operator ?? '', state))?.entries ?? state.count;
  return entries === null ? '' : figure(entries);
}
