/** Where functions of a pipeline change what they share with others: records, and values of state. From syntax alone, and nothing that is not sure. */
import ts from 'typescript';
import type { Scopes } from './scopes.ts';

export interface ChangedRecord {
  /** The expression that changes it. */
  readonly node: ts.Node;
  /** What is changed, as people call it. */
  readonly what: 'record' | 'stateValue';
  /** The name or expression that stands for it: `order`, `ctx.state.total.value()`. */
  readonly root: string;
}

/** By method of the stream: which parameters of a function that is an argument are records. */
const ARGUMENTS: Readonly<Record<string, number>> = { map: 1, filter: 1, flatMap: 1, reduce: 2 };
/** By property of the object that is an argument: how many parameters are records, from which one on. */
const PROPERTIES: Readonly<Record<string, readonly [from: number, count: number]>> = {
  onRecord: [0, 1],
  onRecord1: [0, 1],
  onRecord2: [0, 1],
  onBroadcast: [0, 1],
  timestamp: [0, 1],
  join: [0, 2],
  // The accumulator before it belongs to the aggregate alone.
  add: [1, 1],
};
/** What changes a list, a map, or bytes; records are data and have no methods of their own. */
const CHANGING = new Set([
  ...['push', 'pop', 'shift', 'unshift', 'splice', 'sort', 'reverse', 'fill', 'copyWithin'],
  ...['set', 'delete', 'clear'],
]);

type Root = Omit<ChangedRecord, 'node'>;

/** In the functions that the call of an operator has as arguments. */
export function changedRecordsIn(call: ts.CallExpression, method: string, scopes: Scopes): ChangedRecord[] {
  // What a connector's own functions do is not about records of the pipeline.
  if (method === 'source' || method === 'sink') return [];
  const finder = new ChangeFinder(scopes);
  for (const argument of call.arguments) {
    if (isFunction(argument)) finder.addFunction(argument, 0, Object.hasOwn(ARGUMENTS, method) ? (ARGUMENTS[method] ?? 0) : 0);
    if (!ts.isObjectLiteralExpression(argument)) continue;
    for (const property of argument.properties) {
      if (property.name === undefined || !ts.isIdentifier(property.name)) continue;
      const fn = ts.isMethodDeclaration(property) ? property : ts.isPropertyAssignment(property) ? property.initializer : null;
      if (fn === null || !isFunction(fn)) continue;
      const { text } = property.name;
      const [from, count] = Object.hasOwn(PROPERTIES, text) ? (PROPERTIES[text] ?? [0, 0]) : [0, 0];
      finder.addFunction(fn, from, count);
    }
  }
  return finder.find();
}

type FunctionNode = ts.ArrowFunction | ts.FunctionExpression | ts.MethodDeclaration;

function isFunction(node: ts.Node): node is FunctionNode {
  return ts.isArrowFunction(node) || ts.isFunctionExpression(node) || ts.isMethodDeclaration(node);
}

class ChangeFinder {
  readonly #scopes: Scopes;
  readonly #functions: FunctionNode[] = [];
  readonly #records = new Set<ts.Declaration>();
  readonly #contexts = new Set<ts.Declaration>();
  /** Names that get another value on the way stand for what nobody knows. */
  readonly #reassigned = new Set<ts.Declaration>();

  constructor(scopes: Scopes) {
    this.#scopes = scopes;
  }

  /** Parameters [from, from + count) are records; the one behind the first is the context of operators with state. */
  addFunction(fn: FunctionNode, from: number, count: number): void {
    this.#functions.push(fn);
    for (const parameter of fn.parameters.slice(from, from + count)) this.#addNames(parameter);
    const context = ts.isMethodDeclaration(fn) || ts.isPropertyAssignment(fn.parent) ? fn.parameters[1] : undefined;
    if (context !== undefined && !this.#records.has(context) && ts.isIdentifier(context.name)) this.#contexts.add(context);
  }

  #addNames(declaration: ts.ParameterDeclaration | ts.BindingElement): void {
    if (ts.isIdentifier(declaration.name)) this.#records.add(declaration);
    // What `...rest` collects is new.
    else
      for (const element of declaration.name.elements) {
        if (ts.isBindingElement(element) && element.dotDotDotToken === undefined) this.#addNames(element);
      }
  }

  find(): ChangedRecord[] {
    for (const fn of this.#functions) this.#visit(fn, (node) => this.#noteAssignment(node));
    const changes: ChangedRecord[] = [];
    const visit = (node: ts.Node): void => {
      for (const target of changedBy(node)) {
        const root = this.#rootOf(target, 0);
        if (root !== null) changes.push({ node, ...root });
      }
    };
    for (const fn of this.#functions) this.#visit(fn, visit);
    return changes;
  }

  #visit(node: ts.Node, look: (node: ts.Node) => void): void {
    look(node);
    ts.forEachChild(node, (child) => this.#visit(child, look));
  }

  #noteAssignment(node: ts.Node): void {
    const target = assignedBy(node);
    if (target === null) return;
    const inner = unwrap(target);
    const declaration = ts.isIdentifier(inner) ? this.#scopes.resolve(inner) : null;
    if (declaration !== null) this.#reassigned.add(declaration);
  }

  /** The shared value that the expression is, or is a part of. */
  #rootOf(expression: ts.Expression, depth: number): Root | null {
    let node = unwrap(expression);
    while (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)) node = unwrap(node.expression);
    if (ts.isCallExpression(node)) return this.#isStateRead(node) ? { what: 'stateValue', root: node.getText() } : null;
    if (!ts.isIdentifier(node)) return null;
    const declaration = this.#scopes.resolve(node);
    if (declaration === null || this.#reassigned.has(declaration)) return null;
    if (this.#records.has(declaration)) return { what: 'record', root: node.text };
    const isConstant = ts.isVariableDeclaration(declaration) && (declaration.parent.flags & ts.NodeFlags.Const) !== 0;
    if (!isConstant || declaration.initializer === undefined || !ts.isIdentifier(declaration.name) || depth > 5) return null;
    return this.#rootOf(declaration.initializer, depth + 1);
  }

  /** `ctx.state.<name>.value()`, or `.get(key)` of a map; what other states give may be new. */
  #isStateRead(call: ts.CallExpression): boolean {
    const method = call.expression;
    if (!ts.isPropertyAccessExpression(method)) return false;
    const isRead = method.name.text === 'value' || (method.name.text === 'get' && call.arguments.length > 0);
    if (!isRead) return false;
    const state = unwrap(method.expression);
    if (!ts.isPropertyAccessExpression(state)) return false;
    const states = unwrap(state.expression);
    if (!ts.isPropertyAccessExpression(states) || !/^(?:state|\w+State)$/.test(states.name.text)) return false;
    const context = unwrap(states.expression);
    const declaration = ts.isIdentifier(context) ? this.#scopes.resolve(context) : null;
    return declaration !== null && this.#contexts.has(declaration) && !this.#reassigned.has(declaration);
  }
}

/** The expression that an assignment, `++` or `--` gives a new value; null where the node is none. */
function assignedBy(node: ts.Node): ts.Expression | null {
  if (ts.isBinaryExpression(node)) {
    const { kind } = node.operatorToken;
    return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment ? node.left : null;
  }
  if (!ts.isPrefixUnaryExpression(node) && !ts.isPostfixUnaryExpression(node)) return null;
  return node.operator === ts.SyntaxKind.PlusPlusToken || node.operator === ts.SyntaxKind.MinusMinusToken ? node.operand : null;
}

/** Expressions whose value, an object, is changed by the node itself. */
function changedBy(node: ts.Node): ts.Expression[] {
  const written = assignedBy(node) ?? (ts.isDeleteExpression(node) ? node.expression : null);
  if (written !== null) {
    const target = unwrap(written);
    return ts.isPropertyAccessExpression(target) || ts.isElementAccessExpression(target) ? [target.expression] : [];
  }
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return [];
  const { expression, name } = node.expression;
  if (ts.isIdentifier(expression) && expression.text === 'Object' && name.text === 'assign') return node.arguments.slice(0, 1);
  return CHANGING.has(name.text) ? [expression] : [];
}

function unwrap(expression: ts.Expression): ts.Expression {
  let inner = expression;
  while (
    ts.isParenthesizedExpression(inner) ||
    ts.isAsExpression(inner) ||
    ts.isSatisfiesExpression(inner) ||
    ts.isNonNullExpression(inner)
  )
    inner = inner.expression;
  return inner;
}
