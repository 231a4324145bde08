/** A text as one word of a command line, in quotes where a shell would take it for something else. */
export function shellWord(text: string): string {
  return /^[\w.:@%+/=,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
