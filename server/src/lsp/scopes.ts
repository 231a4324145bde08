import ts from 'typescript';

/** Finds the declaration of a name by JavaScript's scopes, from syntax alone. Hoisting of `var` out of blocks is left out. */
export class Scopes {
  readonly #declarations = new WeakMap<ts.Node, Map<string, ts.Declaration>>();

  resolve(name: ts.Identifier): ts.Declaration | null {
    let scope: ts.Node = name;
    while (!ts.isSourceFile(scope)) {
      scope = scope.parent;
      const declaration = isScope(scope) ? this.#declarationsIn(scope).get(name.text) : undefined;
      if (declaration !== undefined) return declaration;
    }
    return null;
  }

  #declarationsIn(scope: ts.Node): Map<string, ts.Declaration> {
    const known = this.#declarations.get(scope);
    if (known !== undefined) return known;
    const found = new Map<string, ts.Declaration>();
    this.#declarations.set(scope, found);
    ts.forEachChild(scope, (child) => collect(child, found));
    return found;
  }
}

function isScope(node: ts.Node): boolean {
  return (
    ts.isSourceFile(node) ||
    ts.isBlock(node) ||
    ts.isFunctionLike(node) ||
    ts.isModuleBlock(node) ||
    ts.isForStatement(node) ||
    ts.isForOfStatement(node)
  );
}

function collect(node: ts.Node, found: Map<string, ts.Declaration>): void {
  if (ts.isVariableDeclaration(node) || ts.isParameter(node) || ts.isBindingElement(node)) {
    if (ts.isIdentifier(node.name)) found.set(node.name.text, node);
    else ts.forEachChild(node.name, (element) => collect(element, found));
  } else if (ts.isImportSpecifier(node) || ts.isNamespaceImport(node)) found.set(node.name.text, node);
  else if (ts.isFunctionDeclaration(node)) {
    if (node.name !== undefined) found.set(node.name.text, node);
  } else if (ts.isImportClause(node)) {
    if (node.name !== undefined) found.set(node.name.text, node);
    ts.forEachChild(node, (child) => collect(child, found));
  } else if (
    ts.isVariableStatement(node) ||
    ts.isVariableDeclarationList(node) ||
    ts.isImportDeclaration(node) ||
    ts.isNamedImports(node)
  ) {
    ts.forEachChild(node, (child) => collect(child, found));
  }
}
