/** The text of a type, such as `Count<n: long, tags: list<string>>`, as lines: its name, one for each outer field, and the end. */
export function fieldsOf(type: string): string[] {
  const open = type.indexOf('<');
  if (open < 0 || !type.endsWith('>') || !/^[^<]*<\w+: /.test(type)) return [type];
  const fields: string[] = [];
  let depth = 0;
  let from = open + 1;
  for (let i = from; i < type.length; i++) {
    const char = type[i];
    if (char === '<' || char === '(' || char === '{') depth++;
    const isEnd = char === '>' && depth === 0;
    if (isEnd || (char === ',' && depth === 0)) {
      const field = type.slice(from, i).trim();
      if (field !== '') fields.push(`  ${field}`);
      from = i + 1;
    }
    if (isEnd) return [type.slice(0, open), ...fields, ...(type.slice(i + 1) === '' ? [] : [type.slice(i + 1)])];
    if (char === '>' || char === ')' || char === '}') depth--;
  }
  return [type];
}
