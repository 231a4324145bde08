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

/** Replaces the children of `root` only when `key` differs from the last time, so that focus and selection survive. */
export function whenChanged(root: HTMLElement, key: string, make: () => readonly (Node | string)[]): void {
  if (root.dataset['shown'] === key) return;
  root.dataset['shown'] = key;
  root.replaceChildren(...make());
}
