import ts from 'typescript';
import { changedRecordsIn, type ChangedRecord } from './changedRecords.ts';
import { Scopes } from './scopes.ts';

/** A part of a text: UTF-16 offsets, end exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** What a pipeline module is, read off its syntax alone: no types, no other files, nothing is run. */
export interface PipelineSyntax {
  readonly pipelines: readonly PipelineCall[];
  /** Those in functions outside of any `pipeline(...)` call have the pipeline null. In source order. */
  readonly operators: readonly OperatorSyntax[];
  /** Records and values of state that functions change although others have them too. */
  readonly changes: readonly RecordChange[];
  readonly hasDefaultExport: boolean;
  /** The module specifiers `'tidemark'`, `'tidemark/...'` of imports, quotes included. */
  readonly imports: readonly Span[];
  /** The parser had to guess: what is said about this text may be wrong. */
  readonly hasSyntaxErrors: boolean;
  /** The innermost statement there; the whole text where there is none. */
  statementAt(offset: number): Span;
  /** The type of a field of `t.record('Record', { field: t.type })`, as far as it is written out; null where it is not. */
  typeOfField(record: string, field: string): Span | null;
}

export interface PipelineCall extends Span {
  readonly name: string;
  readonly nameSpan: Span;
  readonly isDefault: boolean;
}

export interface OperatorSyntax {
  /** The method that made it: `map`, `process`, `sink`. */
  readonly method: string;
  /** Null where it is not a literal. */
  readonly uid: string | null;
  /** The argument that is the uid, or the method's name where there is none. */
  readonly uidSpan: Span;
  /** False where something that is not a string is there, or nothing: TypeScript has its say. */
  readonly mayBeUid: boolean;
  /** From the method's name to the end of the call. */
  readonly span: Span;
  readonly pipeline: PipelineCall | null;
  /** Text of the key type's expression where the stream is keyed. */
  readonly keyType: string | null;
  readonly states: readonly StateSyntax[];
  /** Operators whose records come in here. */
  readonly inputs: readonly OperatorSyntax[];
  /** Its records go to where the syntax cannot follow them, such as into a function. */
  readonly escapes: boolean;
}

export interface RecordChange extends Omit<ChangedRecord, 'node'> {
  readonly span: Span;
}

export interface StateSyntax {
  readonly name: string;
  readonly nameSpan: Span;
  readonly span: Span;
  /** `state`, `windowState`: the property of the operator's argument that declares it. */
  readonly section: string;
  /** As the source has it: `t.state.value(t.int)`. */
  readonly declaration: string;
  /** `t.int` in it, where it has one type alone; null where not. */
  readonly typeSpan: Span | null;
}

/** Steps of a chain that make no operator of their own, and so have no uid. */
const STEPS = new Set([
  ...['keyBy', 'union', 'sideOutput', 'broadcast', 'connect', 'connectBroadcast'],
  ...['window', 'countWindow', 'trigger', 'allowedLateness', 'sideOutputLate', 'lateOutput', 'parameter'],
]);
const OPERATORS = new Set([
  ...['source', 'watermarks', 'map', 'filter', 'flatMap', 'process', 'reduce', 'aggregate'],
  ...['intervalJoin', 'windowJoin', 'join', 'sink'],
]);
/** Types of parameters through which helper functions get streams. */
const STREAM_TYPES = /^(?:\w+\.)?(?:\w*Stream|Processed)$/;
const BUILDER_TYPES = /^(?:\w+\.)?(?:Pipeline)?Builder$/;

type MutableOperator = { -readonly [K in keyof OperatorSyntax]: OperatorSyntax[K] } & { inputs: OperatorSyntax[] };

/** What an expression stands for. `from` are the operators whose records it carries. */
interface StreamValue {
  readonly kind: 'builder' | 'stream';
  readonly from: readonly MutableOperator[];
  readonly keyType: string | null;
}

export function readPipeline(source: ts.SourceFile): PipelineSyntax {
  return new Reader(source).read();
}

class Reader {
  readonly #source: ts.SourceFile;
  readonly #scopes = new Scopes();
  readonly #values = new Map<ts.Node, StreamValue | null>();
  readonly #operators: MutableOperator[] = [];
  readonly #changes: RecordChange[] = [];
  readonly #pipelines = new Map<ts.CallExpression, PipelineCall>();

  constructor(source: ts.SourceFile) {
    this.#source = source;
  }

  read(): PipelineSyntax {
    const imports: Span[] = [];
    for (const statement of this.#source.statements) {
      if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue;
      if (/^tidemark(\/|$)/.test(statement.moduleSpecifier.text)) imports.push(this.#span(statement.moduleSpecifier));
    }
    const exported = this.#defaultExport();
    this.#findPipelines(this.#source, exported);
    this.#visit(this.#source);
    return {
      pipelines: [...this.#pipelines.values()],
      operators: this.#operators.sort((a, b) => a.span.start - b.span.start),
      changes: this.#changes,
      hasDefaultExport: exported !== null,
      imports,
      hasSyntaxErrors: (this.#source as unknown as { parseDiagnostics: unknown[] }).parseDiagnostics.length > 0,
      statementAt: (offset) => this.#statementAt(offset),
      typeOfField: (record, field) => this.#typeOfField(record, field),
    };
  }

  #typeOfField(record: string, field: string): Span | null {
    let found: Span | null = null;
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression) && node.expression.name.text === 'record') {
        const [name, fields] = node.arguments;
        if (name !== undefined && ts.isStringLiteralLike(name) && name.text === record && fields && ts.isObjectLiteralExpression(fields)) {
          for (const property of fields.properties) {
            if (
              ts.isPropertyAssignment(property) &&
              (ts.isIdentifier(property.name) || ts.isStringLiteralLike(property.name)) &&
              property.name.text === field
            )
              found ??= this.#span(typeIn(property.initializer));
          }
        }
      }
      ts.forEachChild(node, visit);
    };
    visit(this.#source);
    return found;
  }

  #statementAt(offset: number): Span {
    let innermost: Span = { start: 0, end: this.#source.end };
    const visit = (node: ts.Node): void => {
      if (offset < node.getStart(this.#source) || offset > node.end) return;
      if (ts.isStatement(node) && !ts.isBlock(node)) innermost = this.#span(node);
      ts.forEachChild(node, visit);
    };
    ts.forEachChild(this.#source, visit);
    return innermost;
  }

  /** The exported expression; the statement itself where it cannot be followed; null without default export. */
  #defaultExport(): ts.Node | null {
    for (const statement of this.#source.statements) {
      if (ts.isExportAssignment(statement) && statement.isExportEquals !== true) return this.#initializer(statement.expression);
      if (ts.isExportDeclaration(statement) && statement.exportClause !== undefined && ts.isNamedExports(statement.exportClause)) {
        const element = statement.exportClause.elements.find(({ name }) => name.text === 'default');
        if (element === undefined) continue;
        const local = element.propertyName;
        return statement.moduleSpecifier === undefined && local !== undefined && ts.isIdentifier(local)
          ? this.#initializer(local)
          : element;
      }
      const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
      if (modifiers.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword)) return statement;
    }
    return null;
  }

  /** An identifier's initializer, where it is a variable of this file. */
  #initializer(expression: ts.Expression): ts.Node {
    const inner = unwrap(expression);
    if (!ts.isIdentifier(inner)) return inner;
    const declaration = this.#scopes.resolve(inner);
    if (declaration !== null && ts.isVariableDeclaration(declaration) && declaration.initializer) return unwrap(declaration.initializer);
    return inner;
  }

  #findPipelines(node: ts.Node, exported: ts.Node | null): void {
    if (ts.isCallExpression(node) && this.#isPipelineFunction(node.expression)) {
      const [name] = node.arguments;
      this.#pipelines.set(node, {
        ...this.#span(node),
        name: name !== undefined && ts.isStringLiteralLike(name) ? name.text : 'pipeline',
        nameSpan: this.#span(name ?? node.expression),
        isDefault: node === exported,
      });
    }
    ts.forEachChild(node, (child) => this.#findPipelines(child, exported));
  }

  #isPipelineFunction(callee: ts.Expression): boolean {
    const name = ts.isPropertyAccessExpression(callee) ? callee.expression : callee;
    if (!ts.isIdentifier(name)) return false;
    const declaration = this.#scopes.resolve(name);
    if (declaration === null) return false;
    if (ts.isPropertyAccessExpression(callee)) {
      return callee.name.text === 'pipeline' && ts.isNamespaceImport(declaration) && importsTidemark(declaration.parent.parent);
    }
    if (!ts.isImportSpecifier(declaration)) return false;
    return (declaration.propertyName ?? declaration.name).text === 'pipeline' && importsTidemark(declaration.parent.parent.parent);
  }

  #visit(node: ts.Node): void {
    if (ts.isExpression(node)) {
      const value = this.#valueOf(node);
      if (value !== null && value.from.length > 0 && escapes(node, (receiver) => this.#valueOf(receiver) !== null)) {
        for (const operator of value.from) operator.escapes = true;
      }
    }
    ts.forEachChild(node, (child) => this.#visit(child));
  }

  #valueOf(expression: ts.Expression): StreamValue | null {
    const node = unwrap(expression);
    const known = this.#values.get(node);
    if (known !== undefined) return known;
    // A variable that is initialized with itself must not be followed for ever.
    this.#values.set(node, null);
    const value = ts.isIdentifier(node) ? this.#valueOfName(node) : ts.isCallExpression(node) ? this.#valueOfCall(node) : null;
    this.#values.set(node, value);
    return value;
  }

  #valueOfName(name: ts.Identifier): StreamValue | null {
    const declaration = this.#scopes.resolve(name);
    if (declaration === null) return null;
    if (ts.isVariableDeclaration(declaration)) return declaration.initializer === undefined ? null : this.#valueOf(declaration.initializer);
    if (!ts.isParameter(declaration)) return null;
    const type = declaration.type;
    if (type !== undefined && ts.isTypeReferenceNode(type)) {
      const typeName = type.typeName.getText(this.#source);
      if (STREAM_TYPES.test(typeName)) return { kind: 'stream', from: [], keyType: null };
      if (BUILDER_TYPES.test(typeName)) return { kind: 'builder', from: [], keyType: null };
    }
    const owner = declaration.parent;
    const isBuilder = owner.parameters[0] === declaration && ts.isCallExpression(owner.parent) && this.#pipelines.has(owner.parent);
    return isBuilder ? { kind: 'builder', from: [], keyType: null } : null;
  }

  #valueOfCall(call: ts.CallExpression): StreamValue | null {
    if (!ts.isPropertyAccessExpression(call.expression)) return null;
    const receiver = this.#valueOf(call.expression.expression);
    if (receiver === null) return null;
    const method = call.expression.name.text;
    const others = call.arguments.flatMap((argument) => this.#valueOf(argument)?.from ?? []);
    const from = [...receiver.from, ...others];
    const [first] = call.arguments;
    const isOperator = OPERATORS.has(method) || (!STEPS.has(method) && first !== undefined && ts.isStringLiteralLike(first));
    if (!isOperator) {
      if (receiver.kind === 'builder') return null;
      const keyType = method === 'keyBy' ? (call.arguments[1]?.getText(this.#source) ?? null) : receiver.keyType;
      return { kind: 'stream', from, keyType };
    }
    if (receiver.kind === 'builder' && method !== 'source') return null;
    const operator = this.#operator(call, call.expression.name, receiver.keyType);
    operator.inputs.push(...from);
    return { kind: 'stream', from: [operator], keyType: null };
  }

  #operator(call: ts.CallExpression, method: ts.MemberName, keyType: string | null): MutableOperator {
    const [first] = call.arguments;
    const operator: MutableOperator = {
      method: method.text,
      uid: first !== undefined && ts.isStringLiteralLike(first) ? first.text : null,
      uidSpan: this.#span(first ?? method),
      mayBeUid: first !== undefined && mayBeString(first),
      span: { start: method.getStart(this.#source), end: call.getEnd() },
      pipeline: this.#pipelineAround(call),
      keyType,
      states: call.arguments.flatMap((argument) => (ts.isObjectLiteralExpression(argument) ? this.#states(argument) : [])),
      inputs: [],
      escapes: false,
    };
    this.#operators.push(operator);
    if (this.#sharesRecords(call)) {
      for (const { node, what, root } of changedRecordsIn(call, method.text, this.#scopes))
        this.#changes.push({ what, root, span: this.#span(node) });
    }
    return operator;
  }

  /** False where the pipeline copies records, and where that cannot be seen. */
  #sharesRecords(call: ts.CallExpression): boolean {
    for (let at: ts.Node = call; !ts.isSourceFile(at); at = at.parent) {
      if (!ts.isCallExpression(at) || !this.#pipelines.has(at)) continue;
      const [, options] = at.arguments;
      if (options === undefined || ts.isFunctionLike(options)) return true;
      if (!ts.isObjectLiteralExpression(options)) return false;
      return options.properties.every(
        ({ name }) => name !== undefined && (ts.isIdentifier(name) || ts.isStringLiteralLike(name)) && name.text !== 'copyRecords',
      );
    }
    return false;
  }

  #states(spec: ts.ObjectLiteralExpression): StateSyntax[] {
    return spec.properties.flatMap((property) => {
      if (!ts.isPropertyAssignment(property) || !ts.isIdentifier(property.name)) return [];
      const section = property.name.text;
      if (!/^(?:state|\w+State)s?$/.test(section) || !ts.isObjectLiteralExpression(property.initializer)) return [];
      return property.initializer.properties.flatMap((state): StateSyntax[] => {
        if (!ts.isPropertyAssignment(state) || !(ts.isIdentifier(state.name) || ts.isStringLiteralLike(state.name))) return [];
        const declaration = state.initializer.getText(this.#source);
        const types = ts.isCallExpression(state.initializer) ? state.initializer.arguments : [];
        const type = types.length === 1 ? types[0] : undefined;
        const typeSpan = type === undefined ? null : this.#span(type);
        return [{ name: state.name.text, nameSpan: this.#span(state.name), span: this.#span(state), section, declaration, typeSpan }];
      });
    });
  }

  #pipelineAround(node: ts.Node): PipelineCall | null {
    for (let at: ts.Node = node; !ts.isSourceFile(at); at = at.parent) {
      const call = ts.isCallExpression(at) ? this.#pipelines.get(at) : undefined;
      if (call !== undefined) return call;
    }
    return null;
  }

  #span(node: ts.Node): Span {
    return { start: node.getStart(this.#source), end: node.getEnd() };
  }
}

/** `t.field(t.int, { ... })` says more than the type. */
function typeIn(expression: ts.Expression): ts.Expression {
  if (!ts.isCallExpression(expression) || !ts.isPropertyAccessExpression(expression.expression)) return expression;
  return expression.expression.name.text === 'field' ? (expression.arguments[0] ?? expression) : expression;
}

function importsTidemark(declaration: ts.Node): boolean {
  return (
    ts.isImportDeclaration(declaration) &&
    ts.isStringLiteral(declaration.moduleSpecifier) &&
    declaration.moduleSpecifier.text === 'tidemark'
  );
}

function isWrapper(node: ts.Node): node is ts.ParenthesizedExpression | ts.AsExpression | ts.SatisfiesExpression | ts.NonNullExpression {
  return ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isSatisfiesExpression(node) || ts.isNonNullExpression(node);
}

function unwrap(expression: ts.Expression): ts.Expression {
  let inner = expression;
  while (isWrapper(inner)) inner = inner.expression;
  return inner;
}

/** Whether the stream that this expression is goes to where `valueOf` does not follow it. */
function escapes(expression: ts.Expression, isStream: (receiver: ts.Expression) => boolean): boolean {
  let node: ts.Node = expression;
  while (isWrapper(node.parent)) node = node.parent;
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent))
    return parent.expression === node && !(ts.isCallExpression(parent.parent) && parent.parent.expression === parent);
  if (ts.isVariableDeclaration(parent)) return !ts.isIdentifier(parent.name);
  if (ts.isExpressionStatement(parent) || ts.isVoidExpression(parent)) return false;
  if (ts.isCallExpression(parent)) {
    const callee = parent.expression;
    return !(ts.isPropertyAccessExpression(callee) && isStream(callee.expression));
  }
  // The name of a declaration or of a property is no use of the stream.
  return !(ts.isIdentifier(node) && (ts.isParameter(parent) || (ts.isPropertyAssignment(parent) && parent.name === node)));
}

function mayBeString(node: ts.Expression): boolean {
  const inner = unwrap(node);
  return !(
    ts.isNumericLiteral(inner) ||
    ts.isObjectLiteralExpression(inner) ||
    ts.isArrayLiteralExpression(inner) ||
    ts.isFunctionLike(inner) ||
    inner.kind === ts.SyntaxKind.NullKeyword ||
    inner.kind === ts.SyntaxKind.TrueKeyword ||
    inner.kind === ts.SyntaxKind.FalseKeyword
  );
}
