/** Longer ones stay in one line: an editor shows that sooner than a million lines. */
const PRETTY_MAX = 4_000_000;

/** JSON over several lines. Tokens stay as they are: numbers may have more digits than JavaScript's have. */
export function indented(json: string): string {
  if (json.length > PRETTY_MAX) return json;
  let depth = 0;
  const line = (): string => `\n${'  '.repeat(depth)}`;
  return json.replaceAll(/"(?:[^"\\]|\\.)*"|\[\]|\{\}|[[\]{},:]/g, (token) => {
    switch (token) {
      case '{':
      case '[':
        depth++;
        return token + line();
      case '}':
      case ']':
        depth--;
        return line() + token;
      case ',':
        return token + line();
      case ':':
        return ': ';
      default:
        return token;
    }
  });
}
