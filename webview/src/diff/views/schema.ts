import { element, whenChanged } from '../../views/element.ts';
import { heading } from '../../snapshot/parts.ts';
import { isSamePlace, operatorLabel, stateLabel, statesOf, type KnownState, type Model } from '../model.ts';
import { GLYPHS } from './signs.ts';

/** The type of the selected state in A and in B, side by side where it has changed. */
export function renderSchema(root: HTMLElement, model: Model): void {
  const { selected, overview } = model;
  const state = selected === null ? undefined : statesOf(model, selected.operator).find((each) => isSamePlace(each, selected));
  root.hidden = state === undefined;
  whenChanged(root, JSON.stringify([model.changes.overview, selected, state?.presence]), () => {
    const operator = state === undefined ? undefined : overview?.operators[state.operator];
    if (state === undefined || operator === undefined) return [];
    const title = `Schema of ${operatorLabel(operator)} › ${stateLabel(state)}`;
    const tag = state.presence === 'both' && state.schema.length > 0 ? [element('span', { class: 'tag warning' }, 'type changed')] : [];
    return [heading(title, '', ...tag), ...body(state)];
  });
}

function body({ presence, schema, type }: KnownState): HTMLElement[] {
  if (presence === 'both' && schema.length === 0) return [element('div', { class: 'schema-same' }, element('code', {}, type), ' in both')];
  const before = presence === 'added' ? [] : presence === 'removed' ? [type] : schema.map((part) => line(part.part, part.before));
  const after = presence === 'removed' ? [] : presence === 'added' ? [type] : schema.map((part) => line(part.part, part.after));
  const column = (lines: readonly string[], sign: 'removed' | 'added', none: string): HTMLElement =>
    element(
      'div',
      {},
      ...lines.map((text) =>
        element('div', { class: `schema-line ${sign}-line` }, element('span', { class: 'glyph' }, GLYPHS[sign]), element('span', {}, text)),
      ),
      ...(lines.length === 0 ? [element('div', { class: 'dim' }, none)] : []),
    );
  return [element('div', { class: 'schemas' }, column(before, 'removed', 'not in A'), column(after, 'added', 'not in B'))];
}

function line(part: string, text: string | null): string {
  return `${part}: ${text ?? 'none'}`;
}
