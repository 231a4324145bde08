import { button, element } from '../../views/element.ts';
import type { Actions } from '../actions.ts';
import { selectedOperator, type Model, type SearchMode } from '../model.ts';
import { icon } from '../../snapshot/icons.ts';
import { iconButton } from '../../snapshot/parts.ts';
import { stateLabel } from './state.ts';

const MODES: readonly (readonly [SearchMode, string, string])[] = [
  ['key', 'Key', 'A key, such as ATL or 17'],
  ['prefix', 'Prefix', 'What the key begins with'],
  ['expression', 'Expression', "Such as key == 'ATL' && value > 30"],
];

export interface SearchBar {
  readonly input: HTMLInputElement;
  render(model: Model): void;
}

/** Its elements stay the same, so that what is typed and where the focus is stays too. */
export function createSearchBar(root: HTMLElement, actions: Actions): SearchBar {
  const modes = MODES.map(([mode, label]) => ({ mode, button: button(label, null, () => actions.setMode(mode)) }));
  const input = element('input', {
    type: 'text',
    'aria-label': 'Search entries',
    'aria-keyshortcuts': '/',
    spellcheck: 'false',
    autocomplete: 'off',
  });
  const stateButton = button('', null, () => actions.pickState(stateButton), {
    class: 'button secondary-look',
    'aria-haspopup': 'listbox',
  });
  const group = button('', null, () => actions.setKeyGroup(null), { class: 'button secondary-look' });
  root.append(
    element('span', { class: 'segments', role: 'group', 'aria-label': 'Search by' }, ...modes.map((each) => each.button)),
    element('label', { class: 'search grow' }, icon('search'), input, element('kbd', {}, '/')),
    stateButton,
    group,
    iconButton('search', 'Search', actions.search, { look: 'secondary-look' }),
    iconButton('close', 'Clear', actions.clearSearch, { bare: true }),
  );
  input.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    actions.search();
  });

  return {
    input,
    render(model) {
      for (const each of modes) each.button.setAttribute('aria-pressed', String(each.mode === model.mode));
      input.placeholder = MODES.find(([mode]) => mode === model.mode)?.[2] ?? '';
      const operator = selectedOperator(model);
      const text =
        operator === null ? 'No operator' : model.state === null ? operator.label : `${operator.label} › ${stateLabel(model.state)}`;
      if (stateButton.dataset['shown'] !== text) {
        stateButton.dataset['shown'] = text;
        stateButton.replaceChildren(element('span', { class: 'fit' }, text), icon('down'));
        stateButton.setAttribute('aria-label', `State: ${text}`);
      }
      const groupText = model.keyGroup === null ? 'All key groups' : `Key group ${String(model.keyGroup)}`;
      if (group.dataset['shown'] !== groupText) {
        group.dataset['shown'] = groupText;
        group.replaceChildren(groupText, ...(model.keyGroup === null ? [] : [icon('close')]));
        group.disabled = model.keyGroup === null;
        group.setAttribute('aria-label', model.keyGroup === null ? 'All key groups' : `Only key group ${String(model.keyGroup)}: show all`);
      }
    },
  };
}
