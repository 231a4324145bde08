/**
 * What would change a terminal or the order of what is read: control characters other than tab and the ends of lines, line and paragraph separators, and
 * marks that change the direction of text.
 */
const HIDDEN = /\r(?!\n)|[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * The text with such characters as `\u001b`. Names, keys and values come from strangers. A JSON text stays a JSON text of the same value, because
 * there such characters are in strings only.
 */
export function shownText(text: string): string {
  return text.replaceAll(HIDDEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
