import { element } from '../views/element.ts';

/** A value as one line of JSON that keeps Flink's types apart, as `tidemark dump` writes it. */
export interface ValueText {
  json: string;
  /** It is cut off, and no JSON any more. */
  cut: boolean;
}

/** What a piece of a value's text is, for its colour. */
type Role = 'string' | 'number' | 'boolean' | 'null' | 'name' | 'plain';

export interface Piece {
  readonly role: Role;
  readonly text: string;
}

/** JSON whose numbers keep their digits: 64 bits do not fit a JavaScript number. */
type Parsed = string | boolean | null | Digits | Parsed[] | Map<string, Parsed>;

class Digits {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** The type that a dump's mark names, for the column beside the value: `{"$long":"179"}` is a long. Empty where the value shows it. */
export function typeName(value: ValueText): string {
  const json = withoutTtl(value);
  const mark = /^\{"\$(\w+)"/.exec(json)?.[1];
  if (mark !== undefined) return mark;
  if (json.startsWith('"')) return 'string';
  if (json.startsWith('{')) return 'record';
  if (json.startsWith('[')) return 'list';
  if (/^-?\d/.test(json)) return json.includes('.') ? 'number' : 'int';
  return /^(true|false)/.test(json) ? 'boolean' : '';
}

export function isNumber(value: ValueText): boolean {
  return /^(-?\d|\{"\$(long|double|float|decimal|bigint)")/.test(withoutTtl(value));
}

function withoutTtl({ json }: ValueText): string {
  return json.replace(/^\{"\$ttl":-?\d+,"value":/, '');
}

/** A value for people: the marks that keep Flink's types apart are left out. Text that is cut off stays as it is. */
export function pieces(value: ValueText): Piece[] {
  if (value.cut) return [{ role: 'plain', text: `${value.json}…` }];
  const out: Piece[] = [];
  try {
    write(parse(value.json), out);
  } catch {
    return [{ role: 'plain', text: value.json }];
  }
  return out;
}

export function plainText(value: ValueText): string {
  return pieces(value)
    .map(({ text }) => text)
    .join('');
}

export function typedValue(value: ValueText | null): HTMLElement {
  const shown = element('span', { class: 'value' });
  if (value === null) return shown;
  // A line shows a few hundred characters at most: nobody needs more elements than that.
  let length = 0;
  for (const { role, text } of pieces(value)) {
    if (length > 400) {
      shown.append('…');
      break;
    }
    length += text.length;
    shown.append(role === 'plain' ? text : element('span', { class: role }, text));
  }
  return shown;
}

function write(value: Parsed, out: Piece[]): void {
  if (value instanceof Digits) out.push({ role: 'number', text: value.text });
  else if (value === null) out.push({ role: 'null', text: 'null' });
  else if (typeof value === 'boolean') out.push({ role: 'boolean', text: String(value) });
  else if (typeof value === 'string') out.push({ role: 'string', text: JSON.stringify(value) });
  else if (value instanceof Map) writeObject(value, out);
  else writeList(value, out);
}

function writeList(items: readonly Parsed[], out: Piece[]): void {
  out.push({ role: 'plain', text: '[' });
  items.forEach((item, i) => {
    if (i > 0) out.push({ role: 'plain', text: ', ' });
    write(item, out);
  });
  out.push({ role: 'plain', text: ']' });
}

const NUMBERS = new Set(['long', 'double', 'float', 'short', 'byte', 'decimal', 'bigint', 'bigdec', 'bigInteger', 'bigDecimal']);

function writeObject(object: ReadonlyMap<string, Parsed>, out: Piece[]): void {
  const [tag, inner] = object.entries().next().value ?? ['', null];
  if (!tag.startsWith('$')) {
    writeFields([...object], out);
    return;
  }
  const mark = tag.slice(1);
  if (mark === 'map' && Array.isArray(inner)) {
    out.push({ role: 'plain', text: '{' });
    inner.forEach((pair, i) => {
      if (i > 0) out.push({ role: 'plain', text: ', ' });
      if (!Array.isArray(pair)) {
        write(pair, out);
        return;
      }
      write(pair[0] ?? null, out);
      out.push({ role: 'plain', text: ': ' });
      write(pair[1] ?? null, out);
    });
    out.push({ role: 'plain', text: '}' });
    return;
  }
  if (mark === 'branch') {
    write(object.get('value') ?? null, out);
    return;
  }
  if ((mark === 'avro' || mark === 'duration') && inner instanceof Map) {
    writeFields([...inner], out);
    return;
  }
  // When it was accessed last is in a column of its own.
  if (mark === 'ttl') {
    write(object.get('value') ?? null, out);
    return;
  }
  if ((mark === 'row' || mark === 'list' || mark === 'array') && Array.isArray(inner)) {
    writeList(inner, out);
    return;
  }
  if ((mark === 'date' || mark === 'timestamp') && inner instanceof Digits) {
    out.push({ role: 'number', text: instantOf(Number(inner.text)) });
    return;
  }
  if (mark === 'class') {
    writeFields([...object].slice(1), out);
    return;
  }
  if (mark === 'window' && Array.isArray(inner)) {
    const [start = '?', end = '?'] = inner.map((each) => (each instanceof Digits ? instantOf(Number(each.text)) : '?'));
    // The day is said once.
    const day = start.slice(0, 11);
    out.push({ role: 'number', text: `${start} to ${end.startsWith(day) && day.endsWith(' ') ? end.slice(day.length) : end}` });
    return;
  }
  if (object.size > 1 && !object.has('class')) {
    writeFields(
      [...object].map(([name, item]) => [name.replace(/^\$/, ''), item]),
      out,
    );
    return;
  }
  if (Array.isArray(inner)) {
    writeList(inner, out);
    return;
  }
  if (typeof inner === 'string') {
    out.push(
      mark === 'bytes'
        ? { role: 'string', text: `0x${inner}` }
        : NUMBERS.has(mark)
          ? { role: 'number', text: inner }
          : { role: 'string', text: inner },
    );
    return;
  }
  write(inner, out);
}

function writeFields(fields: readonly (readonly [string, Parsed])[], out: Piece[]): void {
  out.push({ role: 'plain', text: '{' });
  fields.forEach(([name, item], i) => {
    out.push({ role: 'plain', text: i > 0 ? ', ' : '' }, { role: 'name', text: name }, { role: 'plain', text: ': ' });
    write(item, out);
  });
  out.push({ role: 'plain', text: '}' });
}

function instantOf(ms: number): string {
  return Math.abs(ms) > 8.64e15 ? String(ms) : new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}

const TOKEN = /\s*(?:([[\]{},:])|("(?:[^"\\]|\\.)*")|(-?\d[\d.eE+-]*)|(true|false|null))/y;

function parse(text: string): Parsed {
  TOKEN.lastIndex = 0;
  return parseValue(text, next(text));
}

function next(text: string): RegExpExecArray {
  const found = TOKEN.exec(text);
  if (found === null) throw new SyntaxError('no JSON');
  return found;
}

function parseValue(text: string, token: RegExpExecArray): Parsed {
  const [, mark, quoted, digits, word] = token;
  if (quoted !== undefined) return JSON.parse(quoted) as string;
  if (digits !== undefined) return new Digits(digits);
  if (word !== undefined) return word === 'null' ? null : word === 'true';
  if (mark === '[') return parseList(text);
  if (mark === '{') return parseObject(text);
  throw new SyntaxError('no value');
}

function parseList(text: string): Parsed[] {
  const items: Parsed[] = [];
  let token = next(text);
  if (token[1] === ']') return items;
  for (;;) {
    items.push(parseValue(text, token));
    token = next(text);
    if (token[1] === ']') return items;
    if (token[1] !== ',') throw new SyntaxError('no list');
    token = next(text);
  }
}

function parseObject(text: string): Map<string, Parsed> {
  const fields = new Map<string, Parsed>();
  let token = next(text);
  if (token[1] === '}') return fields;
  for (;;) {
    if (token[2] === undefined || next(text)[1] !== ':') throw new SyntaxError('no object');
    fields.set(JSON.parse(token[2]) as string, parseValue(text, next(text)));
    token = next(text);
    if (token[1] === '}') return fields;
    if (token[1] !== ',') throw new SyntaxError('no object');
    token = next(text);
  }
}
