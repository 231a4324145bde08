import { button, element } from '../../views/element.ts';
import { exact } from '../../format.ts';
import { figure } from '../../snapshot/figures.ts';
import { icon } from '../../snapshot/icons.ts';
import { iconButton } from '../../snapshot/parts.ts';
import type { Actions } from '../actions.ts';
import { allStates, operatorLabel, sumOf, type Model } from '../model.ts';
import { GLYPHS } from './signs.ts';

const CHIPS = ['added', 'removed', 'changed', 'same'] as const;
const LABELS = { added: 'Added', removed: 'Removed', changed: 'Changed', same: 'Same' } as const;

export interface Filters {
  readonly input: HTMLInputElement;
  render(model: Model): void;
}

/** Its elements stay the same, so that what is typed and where the focus is stays too. */
export function createFilters(root: HTMLElement, actions: Actions): Filters {
  const chips = CHIPS.map((sign) => {
    const count = element('span', { class: 'number' });
    const chip = button('', null, () => (sign === 'same' ? actions.toggleSame() : actions.toggleChange(sign)), { class: 'chip' });
    chip.append(
      element('b', { class: `${sign === 'same' ? 'muted' : sign}-ink`, 'aria-hidden': 'true' }, GLYPHS[sign]),
      LABELS[sign],
      count,
    );
    return { sign, chip, count };
  });
  const operator = element('select', { 'aria-label': 'Operator' });
  const state = element('select', { 'aria-label': 'State' });
  operator.addEventListener('change', () => actions.setOperator(operator.value === '' ? null : Number(operator.value)));
  state.addEventListener('change', () => actions.setState(state.value === '' ? null : state.value.slice(1)));
  const input = element('input', {
    type: 'text',
    placeholder: 'A key, such as ATL or 17',
    'aria-label': 'Only entries of this key',
    'aria-keyshortcuts': '/',
    spellcheck: 'false',
    autocomplete: 'off',
  });
  input.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    actions.search();
  });
  root.append(
    ...chips.map(({ chip }) => chip),
    element('span', { class: 'separator' }),
    operator,
    state,
    element('label', { class: 'search grow' }, icon('search'), input, element('kbd', {}, '/')),
    iconButton('search', 'Find', actions.search, { look: 'secondary-look' }),
    iconButton('close', 'Clear', actions.clearSearch, { bare: true }),
    iconButton('up', 'Previous change (Shift+F7)', () => actions.nextChange(true), { bare: true }),
    iconButton('down', 'Next change (F7)', () => actions.nextChange(false), { bare: true }),
  );
  let known = '';

  return {
    input,
    render(model) {
      const states = allStates(model);
      const total = sumOf(states);
      for (const { sign, chip, count } of chips) {
        const isOn = sign === 'same' ? model.showsSame : model.shown.has(sign);
        chip.setAttribute('aria-pressed', String(isOn));
        count.textContent = figure(total[sign]);
        chip.setAttribute(
          'data-tip',
          sign === 'same'
            ? `${exact(total.same)} entries are the same: operators and states without a change are ${isOn ? 'listed' : 'left out'}`
            : `${exact(total[sign])} entries`,
        );
        chip.setAttribute('aria-label', `${LABELS[sign]}: ${exact(total[sign])} entries`);
      }
      const names = [
        ...new Set(states.filter(({ operator: of }) => model.operator === null || of === model.operator).map(({ name }) => name)),
      ];
      const key = JSON.stringify([model.changes.overview, model.operator, names]);
      if (key !== known) {
        known = key;
        const all = model.overview?.operators ?? [];
        operator.replaceChildren(option('', 'All operators'), ...all.map((each, i) => option(String(i), operatorLabel(each))));
        state.replaceChildren(option('', 'All states'), ...names.map((name) => option(`=${name}`, name)));
      }
      operator.value = model.operator === null ? '' : String(model.operator);
      state.value = model.state === null ? '' : `=${model.state}`;
    },
  };
}

function option(value: string, text: string): HTMLOptionElement {
  return element('option', { value }, text);
}
