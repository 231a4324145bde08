import { isList, type DumpValue } from '../values/dumpValue.ts';
import {
  ExpressionError,
  parseExpression,
  parseExpressionList,
  PathTable,
  type BinaryOperator,
  type Expression,
  type Path,
} from './expressionSyntax.ts';
import { linearPattern, PatternError } from './linearPattern.ts';
import { exactInteger, scalarOf, type Scalar } from './scalar.ts';
import { parseInstant } from '../values/isoTime.ts';

export { ExpressionError } from './expressionSyntax.ts';

/** The values of an expression's paths, in the order of `paths`. */
type Slots = readonly Scalar[];
type Evaluate = (slots: Slots) => Scalar;

export interface CompiledExpression {
  readonly paths: readonly Path[];
  readonly evaluate: Evaluate;
}

/**
 * Compiles an expression over a row of state, such as `value.count > 5 && key startsWith "A"`, to closures; no text is ever run as code.
 * Where types do not fit each other, comparisons are false and results null. @throws ExpressionError
 */
export function compileExpression(text: string): CompiledExpression {
  const table = new PathTable();
  const expression = parseExpression(text, table);
  return { paths: table.paths, evaluate: compile(expression) };
}

export type AggregateFunction = 'count' | 'sum' | 'min' | 'max' | 'avg';

export interface CompiledAggregates {
  readonly paths: readonly Path[];
  readonly aggregates: readonly { readonly text: string; readonly function: AggregateFunction; readonly of: Evaluate | null }[];
  /** Which rows count; null where all do. */
  readonly where: Evaluate | null;
}

const AGGREGATES: readonly AggregateFunction[] = ['count', 'sum', 'min', 'max', 'avg'];

/** `count(), sum(value.count)` over the rows for which `where` is true. @throws ExpressionError */
export function compileAggregates(text: string, where: string | null): CompiledAggregates {
  const table = new PathTable();
  const aggregates = parseExpressionList(text, table).map(({ text, expression }) => {
    const name = expression.is === 'call' ? AGGREGATES.find((each) => each === expression.name) : undefined;
    if (expression.is !== 'call' || name === undefined) {
      throw new ExpressionError(`"${text}" is not an aggregate: ${AGGREGATES.join(', ')} are known, such as sum(value.count)`, 0);
    }
    const [of] = expression.args;
    if (expression.args.length > 1 || (of === undefined && name !== 'count')) {
      throw new ExpressionError(`${name} takes one expression`, expression.at);
    }
    return { text, function: name, of: of === undefined ? null : compile(of) };
  });
  const condition = where === null ? null : compile(parseExpression(where, table));
  return { paths: table.paths, aggregates, where: condition };
}

function compile(expression: Expression): Evaluate {
  switch (expression.is) {
    case 'literal': {
      const { value } = expression;
      return () => value;
    }
    case 'slot': {
      const { slot } = expression;
      return (slots) => slots[slot] ?? null;
    }
    case 'list':
      throw new ExpressionError('a list is possible only after "in"', 0);
    case 'unary':
      return compileUnary(expression.operator, compile(expression.of));
    case 'binary':
      return compileBinary(expression);
    case 'call':
      return compileCall(expression);
  }
}

function compileUnary(operator: '!' | '-', of: Evaluate): Evaluate {
  if (operator === '!') return (slots) => of(slots) !== true;
  return (slots) => subtract(0, of(slots));
}

function compileBinary(expression: Expression & { is: 'binary' }): Evaluate {
  if (expression.operator === 'in' && expression.right.is === 'list') return compileIn(expression.left, expression.right.items);
  if (expression.operator === 'matches') return compileMatches(expression);
  const left = compile(expression.left);
  const right = compile(expression.right);
  switch (expression.operator) {
    case '||':
      return (slots) => left(slots) === true || right(slots) === true;
    case '&&':
      return (slots) => left(slots) === true && right(slots) === true;
    default: {
      const apply = BINARY[expression.operator];
      return (slots) => apply(left(slots), right(slots));
    }
  }
}

function compileIn(left: Expression, items: readonly Expression[]): Evaluate {
  const value = compile(left);
  const among = items.map(compile);
  return (slots) => {
    const wanted = value(slots);
    return among.some((item) => equal(item(slots), wanted));
  };
}

function compileMatches({ left, right, at }: Expression & { is: 'binary' }): Evaluate {
  if (right.is !== 'literal' || typeof right.value !== 'string')
    throw new ExpressionError('after "matches" a pattern in quotes is expected', at);
  try {
    const test = linearPattern(right.value);
    const value = compile(left);
    return (slots) => {
      const text = value(slots);
      return typeof text === 'string' && test(text);
    };
  } catch (error) {
    if (error instanceof PatternError) throw new ExpressionError(`the pattern is not usable: ${error.message}`, at);
    throw error;
  }
}

const FUNCTIONS: Readonly<Record<string, (value: Scalar) => Scalar>> = {
  length: lengthOf,
  lower: (value) => (typeof value === 'string' ? value.toLowerCase() : null),
  upper: (value) => (typeof value === 'string' ? value.toUpperCase() : null),
  abs: (value) => (isNumber(value) ? (value < 0 ? subtract(0, value) : value) : null),
  number: (value) => (isNumber(value) ? value : typeof value === 'string' && value.trim() !== '' ? numberOrNull(Number(value)) : null),
};

function compileCall({ name, args, at }: Expression & { is: 'call' }): Evaluate {
  const apply = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (apply === undefined) throw new ExpressionError(`there is no function "${name}": ${Object.keys(FUNCTIONS).join(', ')} are known`, at);
  const [arg] = args;
  if (arg === undefined || args.length > 1) throw new ExpressionError(`${name} takes one value`, at);
  const value = compile(arg);
  return (slots) => apply(value(slots));
}

const BINARY: Readonly<Record<Exclude<BinaryOperator, '||' | '&&' | 'matches'>, (a: Scalar, b: Scalar) => Scalar>> = {
  '==': equal,
  '!=': (a, b) => !equal(a, b),
  '<': (a, b) => order(a, b) < 0,
  '<=': (a, b) => order(a, b) <= 0,
  '>': (a, b) => order(a, b) > 0,
  '>=': (a, b) => order(a, b) >= 0,
  '+': (a, b) => (typeof a === 'string' && typeof b === 'string' ? a + b : add(a, b)),
  '-': subtract,
  '*': (a, b) =>
    reckon(
      a,
      b,
      (x, y) => x * y,
      (x, y) => x * y,
    ),
  '/': (a, b) => (isNumber(a) && isNumber(b) ? Number(a) / Number(b) : null),
  '%': (a, b) => (typeof b === 'bigint' || (typeof a === 'bigint' && Number.isSafeInteger(b)) ? bigRemainder(a, b) : floatRemainder(a, b)),
  in: (a, b) => contains(b, a),
  startsWith: (a, b) => typeof a === 'string' && typeof b === 'string' && a.startsWith(b),
  endsWith: (a, b) => typeof a === 'string' && typeof b === 'string' && a.endsWith(b),
  contains,
};

/** What an expression sees of two values that are equal. Integers are compared exactly, whatever their width. */
function equal(a: Scalar, b: Scalar): boolean {
  if (a === b) return true;
  if (typeof a === 'string' || typeof b === 'string') return instantsOrder(a, b) === 0;
  // The loose comparison of a number with a bigint is the exact one.
  return isNumber(a) && isNumber(b) && a == b;
}

/** Below, at or above 0; NaN where the two have no order. */
export function order(a: Scalar, b: Scalar): number {
  if (typeof a === 'string' || typeof b === 'string') {
    const ofInstants = instantsOrder(a, b);
    if (ofInstants !== null) return ofInstants;
    return typeof a === 'string' && typeof b === 'string' ? (a < b ? -1 : a > b ? 1 : 0) : NaN;
  }
  if (!isNumber(a) || !isNumber(b)) return NaN;
  return a < b ? -1 : a > b ? 1 : equal(a, b) ? 0 : NaN;
}

const NANOS_PER_MILLI = 1_000_000n;

/**
 * Instants, which are texts here, in the order of time: their texts have as many digits as they need. A number beside an instant is
 * milliseconds since 1970, as in all other times. Null where one of both is neither, or none is an instant.
 */
function instantsOrder(a: Scalar, b: Scalar): number | null {
  if (!isInstant(a) && !isInstant(b)) return null;
  const [one, two] = [nanosOf(a), nanosOf(b)];
  return one === null || two === null ? null : one < two ? -1 : one > two ? 1 : 0;
}

function nanosOf(value: Scalar): bigint | null {
  if (isNumber(value)) return isExact(value) ? BigInt(value) * NANOS_PER_MILLI : null;
  const instant = isInstant(value) ? parseInstant(value) : null;
  return instant === null ? null : instant.second * 1000n * NANOS_PER_MILLI + BigInt(instant.nano);
}

/** By its last letter and the one in front of its time, so that other texts cost nothing. */
function isInstant(value: Scalar): value is string {
  return typeof value === 'string' && value.endsWith('Z') && value.includes('T') && value.includes(':');
}

function isNumber(value: Scalar): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

function numberOrNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

function contains(whole: Scalar, part: Scalar): boolean {
  if (typeof whole === 'string') return typeof part === 'string' && whole.includes(part);
  return itemsOf(whole)?.some((item) => equal(scalarOf(item), part)) ?? false;
}

function lengthOf(value: Scalar): Scalar {
  return typeof value === 'string' ? value.length : (itemsOf(value)?.length ?? null);
}

/** Elements of a list, keys of a map. */
function itemsOf(value: Scalar): readonly DumpValue[] | null {
  if (typeof value !== 'object' || value === null) return null;
  if (isList(value)) return value;
  const pairs = Object.hasOwn(value, '$map') ? (value as { readonly [key: string]: DumpValue })['$map'] : undefined;
  if (pairs === undefined || !isList(pairs)) return null;
  return pairs.map((pair) => (isList(pair) ? (pair[0] ?? null) : null));
}

/** Exact for integers, however large. Null where one of both is not a number. */
export function add(a: Scalar, b: Scalar): number | bigint | null {
  return reckon(
    a,
    b,
    (x, y) => x + y,
    (x, y) => x + y,
  );
}

function subtract(a: Scalar, b: Scalar): number | bigint | null {
  return reckon(
    a,
    b,
    (x, y) => x - y,
    (x, y) => x - y,
  );
}

function reckon(
  a: Scalar,
  b: Scalar,
  plain: (x: number, y: number) => number,
  exact: (x: bigint, y: bigint) => bigint,
): number | bigint | null {
  if (typeof a === 'number' && typeof b === 'number') {
    const result = plain(a, b);
    if (Number.isSafeInteger(result) || !Number.isSafeInteger(a) || !Number.isSafeInteger(b)) return result;
    return exactInteger(exact(BigInt(a), BigInt(b)));
  }
  if (!isNumber(a) || !isNumber(b)) return null;
  if (!isExact(a) || !isExact(b)) return plain(Number(a), Number(b));
  return exactInteger(exact(BigInt(a), BigInt(b)));
}

function isExact(value: number | bigint): boolean {
  return typeof value === 'bigint' || Number.isSafeInteger(value);
}

function floatRemainder(a: Scalar, b: Scalar): Scalar {
  return isNumber(a) && isNumber(b) ? Number(a) % Number(b) : null;
}

function bigRemainder(a: Scalar, b: Scalar): Scalar {
  if (!isNumber(a) || !isNumber(b) || !isExact(a) || !isExact(b)) return floatRemainder(a, b);
  return b == 0 ? NaN : exactInteger(BigInt(a) % BigInt(b));
}
