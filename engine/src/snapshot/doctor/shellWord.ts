/** What would end a line, change a terminal, or turn the direction of text round; and C1 and Unicode's line ends. */
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const ESCAPED = new RegExp(`${HIDDEN.source}|[\\\\']`, 'g');

/**
 * A text as one word of a command line, in quotes where a shell would take it for something else. Characters that are not to be seen are
 * written as escapes in `$'...'`, which bash, zsh and ksh know: the command is one line, and works as it is printed.
 */
export function shellWord(text: string): string {
  if (/^[\w.:@%+/=,-]+$/.test(text)) return text;
  return HIDDEN.test(text) ? `$'${text.replace(ESCAPED, escaped)}'` : `'${text.replaceAll("'", `'\\''`)}'`;
}

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  return HIDDEN.test(character) ? `\\u${code.toString(16).padStart(4, '0')}` : `\\${character}`;
}
