import { button, element } from '../views/element.ts';
import { icon, type IconName } from './icons.ts';

/** A push button with an icon; without a label the name is for screen readers and the tip. */
export function iconButton(
  name: IconName,
  label: string,
  onClick: () => void,
  options: { readonly bare?: boolean; readonly look?: string; readonly key?: string | null; readonly disabled?: boolean } = {},
): HTMLButtonElement {
  const bare = options.bare ?? false;
  const made = button('', null, onClick, {
    class: `button ${options.look ?? ''} ${bare ? 'bare' : ''}`.trim(),
    'aria-label': label,
    'data-tip': bare ? label : null,
    disabled: options.disabled === true ? '' : null,
  });
  made.append(icon(name));
  if (!bare) made.append(label);
  if (options.key !== undefined && options.key !== null) made.append(element('kbd', {}, options.key));
  return made;
}

/** A section with its heading: title, caption, and what is at the right. */
export function heading(title: string, caption: string, ...right: readonly (Node | string)[]): HTMLElement {
  const made = element('div', { class: 'heading' }, element('h2', {}, title));
  if (caption !== '') made.append(element('span', { class: 'caption fit', 'data-tip': caption.length > 60 ? caption : null }, caption));
  if (right.length > 0) made.append(element('span', { class: 'grow' }), ...right);
  return made;
}

/** A bar from 0 to 1. It says in numbers beside it what it shows, so it is nothing for screen readers. */
export function meter(share: number, isOutlier = false): HTMLElement {
  const fill = element('i', { class: isOutlier ? 'outlier' : '' });
  // Through the object model: a style attribute is what the page's policy forbids.
  fill.style.width = `${String(share > 0 ? Math.max(1.5, Math.min(1, share) * 100) : 0)}%`;
  return element('span', { class: 'meter', 'aria-hidden': 'true' }, fill);
}

export function progressBar(share: number | null): HTMLElement {
  const fill = element('i', {});
  if (share !== null) fill.style.width = `${String(Math.min(1, share) * 100)}%`;
  const attributes =
    share === null ? {} : { 'aria-valuenow': String(Math.round(share * 100)), 'aria-valuemin': '0', 'aria-valuemax': '100' };
  return element('div', { class: share === null ? 'progress unknown' : 'progress', role: 'progressbar', ...attributes }, fill);
}

/** What is in a place that has nothing to show yet: why, and what to do. */
export function hint(text: string, ...actions: readonly HTMLElement[]): HTMLElement {
  return element('div', { class: 'hint' }, text, ...actions);
}
