/** Builds an element: tag, attributes (null leaves one out), children. Text is always set as text. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string | null>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** A push button; `key` is the keyboard shortcut that does the same, shown beside the label. */
export function button(
  label: string,
  key: string | null,
  onClick: () => void,
  attributes: Readonly<Record<string, string | null>> = {},
): HTMLButtonElement {
  const made = element('button', { type: 'button', class: 'button', ...attributes }, label);
  if (key !== null) {
    made.append(element('kbd', {}, key));
    made.setAttribute('aria-keyshortcuts', key);
  }
  made.addEventListener('click', onClick);
  return made;
}

/**
 * Replaces the children of `root` only when `key` differs from the last time, so that focus and selection survive. Where the focus is on
 * a child that goes, it moves to the one that stands for the same, else to `root`'s own stop: it never leaves the region.
 */
export function whenChanged(root: HTMLElement, key: string, make: () => readonly (Node | string)[]): void {
  if (root.dataset['shown'] === key) return;
  root.dataset['shown'] = key;
  const focused = root.ownerDocument.activeElement;
  const hadFocus = focused !== null && focused !== root && root.contains(focused);
  root.replaceChildren(...make());
  if (!hadFocus) return;
  const same = identities(focused).map((identity) => root.querySelector<HTMLElement>(identity));
  (same.find((each) => each !== null) ?? root.querySelector<HTMLElement>('[tabindex="0"]') ?? root).focus();
}

const IDENTITIES = ['data-group', 'data-index', 'id', 'aria-label'];

/** Selectors of what stands for the same as an element, the surest first. */
function identities(of: Element): string[] {
  return IDENTITIES.flatMap((name) => {
    const value = of.getAttribute(name);
    return value === null ? [] : [`[${name}="${value.replaceAll(/["\\]/g, '\\$&')}"]`];
  });
}
