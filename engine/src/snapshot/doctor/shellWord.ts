/** What would end a line, change a terminal, or turn the direction of text round; and C1 and Unicode's line ends. */
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const ALL_HIDDEN = new RegExp(HIDDEN.source, 'g');
const ESCAPED = new RegExp(`${HIDDEN.source}|[\\\\']`, 'g');

/**
 * A text as one word of a command line, in quotes where a shell would take it for something else. Characters that are not to be seen are
 * written as escapes in `$'...'`, which bash, zsh and ksh know: the command is one line, and works as it is printed.
 */
export function shellWord(text: string): string {
  if (/^[\w.:@%+/=,-]+$/.test(text)) return text;
  return HIDDEN.test(text) ? `$'${text.replace(ESCAPED, escaped)}'` : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** An option with its argument. One that begins with a dash is after `=`: apart from its option the parser refuses it. */
export function shellOption(name: string, argument: string): string {
  return `--${name}${argument.startsWith('-') ? '=' : ' '}${shellWord(argument)}`;
}

/** A path as an operand: one that begins with a dash would be taken for an option. */
export function shellPath(path: string): string {
  return shellWord(path.startsWith('-') ? `./${path}` : path);
}

/**
 * Words of a finding, in one line: what a stranger has named ends no line, so that it cannot write one that looks like a command. Characters
 * that are not to be seen are escapes.
 */
export function oneLine(text: string): string {
  return text.replace(ALL_HIDDEN, (character) => (character === '\n' ? '\\n' : escaped(character)));
}

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  return HIDDEN.test(character) ? `\\u${code.toString(16).padStart(4, '0')}` : `\\${character}`;
}
