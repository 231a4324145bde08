/** What an expression is made of. `slot` is the index of a path in `ParsedExpression.paths`. */
export type Expression =
  | { readonly is: 'literal'; readonly value: null | boolean | number | bigint | string }
  | { readonly is: 'slot'; readonly slot: number }
  | { readonly is: 'list'; readonly items: readonly Expression[] }
  | { readonly is: 'unary'; readonly operator: '!' | '-'; readonly of: Expression }
  | { readonly is: 'binary'; readonly operator: BinaryOperator; readonly left: Expression; readonly right: Expression; readonly at: number }
  | { readonly is: 'call'; readonly name: string; readonly args: readonly Expression[]; readonly at: number };

export type BinaryOperator =
  | '||'
  | '&&'
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | 'in'
  | 'startsWith'
  | 'endsWith'
  | 'contains'
  | 'matches';

/** Where a value comes from: a root such as `key`, and the steps into it. */
export interface Path {
  readonly root: PathRoot;
  readonly steps: readonly string[];
}

const PATH_ROOTS = ['key', 'namespace', 'userKey', 'value', 'timestamp', 'lastAccess', 'state', 'keyGroup', 'subtask'] as const;
export type PathRoot = (typeof PATH_ROOTS)[number];

/** An expression that is none. `offset` counts characters from its start. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
  readonly offset: number;

  constructor(problem: string, offset: number) {
    super(`${problem} (at character ${String(offset + 1)})`);
    this.offset = offset;
  }
}

const TEXT_MAX = 10_000;
const DEPTH_MAX = 100;

/** Binary operators by how tightly they bind, the loosest first. */
const LEVELS: readonly (readonly BinaryOperator[])[] = [
  ['||'],
  ['&&'],
  ['==', '!=', '<', '<=', '>', '>=', 'in', 'startsWith', 'endsWith', 'contains', 'matches'],
  ['+', '-'],
  ['*', '/', '%'],
];

/** Collects the paths of one or more expressions, each once. */
export class PathTable {
  readonly paths: Path[] = [];
  readonly #known = new Map<string, number>();

  slotOf(path: Path): number {
    const identity = JSON.stringify([path.root, ...path.steps]);
    let slot = this.#known.get(identity);
    if (slot === undefined) {
      slot = this.paths.length;
      this.paths.push(path);
      this.#known.set(identity, slot);
    }
    return slot;
  }
}

/** Reads one expression. @throws ExpressionError */
export function parseExpression(text: string, paths: PathTable): Expression {
  const parser = new Parser(text, paths);
  const expression = parser.expression();
  parser.end();
  return expression;
}

/** Reads expressions with commas between them, with the text of each. @throws ExpressionError */
export function parseExpressionList(text: string, paths: PathTable): { readonly text: string; readonly expression: Expression }[] {
  const parser = new Parser(text, paths);
  const list: { text: string; expression: Expression }[] = [];
  do {
    const start = parser.at;
    const expression = parser.expression();
    list.push({ text: text.slice(start, parser.at).trim(), expression });
  } while (parser.takes(','));
  parser.end();
  return list;
}

interface Token {
  readonly kind: 'name' | 'number' | 'text' | 'sign' | 'end';
  readonly text: string;
  readonly at: number;
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #paths: PathTable;
  #next = 0;
  #depth = 0;

  constructor(text: string, paths: PathTable) {
    if (text.length > TEXT_MAX) throw new ExpressionError(`an expression has at most ${String(TEXT_MAX)} characters`, TEXT_MAX);
    this.#tokens = tokensOf(text);
    this.#paths = paths;
  }

  /** Where the next token begins. */
  get at(): number {
    return this.#token.at;
  }

  expression(): Expression {
    if (++this.#depth > DEPTH_MAX) this.#fail('parts are nested too deeply');
    const expression = this.#level(0);
    this.#depth--;
    return expression;
  }

  end(): void {
    if (this.#token.kind !== 'end') this.#fail(`"${this.#token.text}" is not expected here`);
  }

  takes(sign: string): boolean {
    if (this.#token.kind !== 'sign' || this.#token.text !== sign) return false;
    this.#next++;
    return true;
  }

  get #token(): Token {
    return this.#tokens[Math.min(this.#next, this.#tokens.length - 1)] ?? { kind: 'end', text: '', at: 0 };
  }

  #fail(problem: string, at = this.at): never {
    throw new ExpressionError(problem, at);
  }

  #level(level: number): Expression {
    const operators = LEVELS[level];
    if (operators === undefined) return this.#unary();
    let left = this.#level(level + 1);
    for (;;) {
      const { kind, text, at } = this.#token;
      const operator = kind === 'sign' || kind === 'name' ? operators.find((each) => each === text) : undefined;
      if (operator === undefined) return left;
      this.#next++;
      left = { is: 'binary', operator, left, right: this.#level(level + 1), at };
    }
  }

  #unary(): Expression {
    for (const operator of ['!', '-'] as const) {
      if (!this.takes(operator)) continue;
      if (++this.#depth > DEPTH_MAX) this.#fail('parts are nested too deeply');
      const of = this.#unary();
      this.#depth--;
      return { is: 'unary', operator, of };
    }
    return this.#primary();
  }

  #primary(): Expression {
    const { kind, text, at } = this.#token;
    if (this.takes('(')) {
      const inner = this.expression();
      this.#expect(')');
      return inner;
    }
    if (this.takes('[')) return { is: 'list', items: this.#items(']') };
    this.#next++;
    switch (kind) {
      case 'text':
        return { is: 'literal', value: text };
      case 'number':
        return { is: 'literal', value: numberOf(text) };
      case 'name':
        return this.#named(text, at);
      case 'sign':
      case 'end':
        this.#next--;
        return this.#fail(kind === 'end' ? 'the expression is not complete' : `"${text}" is not expected here`, at);
    }
  }

  #named(name: string, at: number): Expression {
    if (name === 'null') return { is: 'literal', value: null };
    if (name === 'true' || name === 'false') return { is: 'literal', value: name === 'true' };
    if (this.takes('(')) return { is: 'call', name, args: this.#items(')'), at };
    const root = PATH_ROOTS.find((each) => each === name);
    if (root === undefined) {
      return this.#fail(`"${name}" is not known here: an expression begins with ${PATH_ROOTS.join(', ')}, such as value.${name}`, at);
    }
    return { is: 'slot', slot: this.#paths.slotOf({ root, steps: this.#steps() }) };
  }

  #steps(): string[] {
    const steps: string[] = [];
    for (;;) {
      if (this.takes('.')) steps.push(this.#step(['name']));
      else if (this.takes('[')) {
        steps.push(this.#step(['number', 'text']));
        this.#expect(']');
      } else return steps;
      if (steps.length > DEPTH_MAX) this.#fail('parts are nested too deeply');
    }
  }

  #step(kinds: readonly Token['kind'][]): string {
    const { kind, text } = this.#token;
    if (!kinds.includes(kind)) return this.#fail(`the ${kinds.includes('name') ? 'name' : 'position or name'} of a part is expected`);
    this.#next++;
    return text;
  }

  #items(close: string): Expression[] {
    const items: Expression[] = [];
    if (this.takes(close)) return items;
    do items.push(this.expression());
    while (this.takes(','));
    this.#expect(close);
    return items;
  }

  #expect(sign: string): void {
    if (!this.takes(sign)) this.#fail(`"${sign}" is expected`);
  }
}

function numberOf(text: string): number | bigint {
  const number = Number(text);
  return /^\d+$/.test(text) && !Number.isSafeInteger(number) ? BigInt(text) : number;
}

const TOKEN =
  /\s*(?:(?<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?<name>[\p{L}_$][\p{L}\p{N}_$]*)|(?<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?<sign>\|\||&&|==|!=|<=|>=|[<>+\-*/%!()[\],.]))/uy;

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.trimEnd().length) {
    TOKEN.lastIndex = at;
    const groups = TOKEN.exec(text)?.groups;
    const start = at + (/^\s*/.exec(text.slice(at))?.[0].length ?? 0);
    if (groups === undefined) throw new ExpressionError(problemAt(text, start), start);
    at = TOKEN.lastIndex;
    const kind = (['number', 'name', 'text', 'sign'] as const).find((each) => groups[each] !== undefined) ?? 'sign';
    const found = groups[kind] ?? '';
    tokens.push({ kind, text: kind === 'text' ? unescaped(found.slice(1, -1)) : found, at: start });
  }
  tokens.push({ kind: 'end', text: '', at: text.length });
  return tokens;
}

function problemAt(text: string, at: number): string {
  const sign = text[at] ?? '';
  if (sign === '"' || sign === "'") return 'a text that does not end';
  return sign === '=' ? '"=" is not expected here: two values are compared with ==' : `"${sign}" is not expected here`;
}

/** A backslash keeps `n` and `t` as line end and tab, and every other character as it is, but for patterns: `\d` stays two characters. */
function unescaped(text: string): string {
  return text.replace(/\\(.)/gsu, (whole, character: string) =>
    character === 'n' ? '\n' : character === 't' ? '\t' : /["'\\]/.test(character) ? character : whole,
  );
}
