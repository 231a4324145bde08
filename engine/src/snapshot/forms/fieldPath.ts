/**
 * Where a part of a value is: names of fields, `[]`, `{key}` and `{value}`. In rules of a redaction, the first part says of what: `key`,
 * `namespace` or `value`.
 */
export type FieldPath = readonly string[];

const TOKEN = /"(?:[^"\\]|\\.)*"|\[\]|\{key\}|\{value\}|[^.[\]{}"\s]+/y;

export const ROOTS: readonly string[] = ['key', 'namespace', 'value'];

/** `value.lines[].price`; names with other characters are in quotes. `*` is any one part, `**` any number. Null where it is none. */
export function parseFieldPath(text: string): FieldPath | null {
  const path: string[] = [];
  let at = 0;
  while (at < text.length) {
    const isBracket = text[at] === '[' || text[at] === '{';
    if (path.length > 0 && !isBracket) {
      if (text[at] !== '.') return null;
      at++;
    }
    TOKEN.lastIndex = at;
    const [token] = TOKEN.exec(text) ?? [];
    if (token === undefined) return null;
    at += token.length;
    path.push(token.startsWith('"') ? (JSON.parse(token) as string) : token);
  }
  return path.length === 0 ? null : path;
}

export function fieldPathText(path: FieldPath): string {
  return path
    .map((part, i) => {
      if (part === '[]' || part === '{key}' || part === '{value}') return part;
      const text = /^[^.[\]{}"\s*]+$/.test(part) ? part : JSON.stringify(part);
      return i === 0 ? text : `.${text}`;
    })
    .join('');
}

export function matchesPath(pattern: FieldPath, path: FieldPath, from = 0, at = 0): boolean {
  const part = pattern[from];
  if (part === undefined) return at === path.length;
  if (part === '**') {
    for (let skip = at; skip <= path.length; skip++) if (matchesPath(pattern, path, from + 1, skip)) return true;
    return false;
  }
  return at < path.length && (part === '*' || part === path[at]) && matchesPath(pattern, path, from + 1, at + 1);
}
