import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import type { TypeProblem } from '../protocol.ts';
import type { Span } from './pipelineSyntax.ts';

export interface TypeCheckerSettings {
  /** Where TypeScript's `lib.*.d.ts` are; where that folder is not there, they are beside the compiler. */
  readonly libFolder: string;
  /** The `tidemark` package for projects that have none of their own yet. */
  readonly carriedPackage: string;
}

/** For a pipeline without tsconfig.json: what an editor assumes of a lone file, with strict types. */
const LONE_FILE: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  allowImportingTsExtensions: true,
  strict: true,
  skipLibCheck: true,
  noEmit: true,
};

interface OpenText {
  readonly text: string;
  /** Another one for every text. */
  readonly version: string;
}

interface Project {
  readonly service: ts.LanguageService;
  /** Pipelines that were asked about: the roots, beside declarations of globals. Others of the project come in by imports. */
  readonly pipelines: Set<string>;
  readonly configChangedAt: number;
}

/** TypeScript's language service over the projects of the pipelines that are asked about. Every call may take a second: not for the main thread. */
export class TypeChecker {
  readonly #settings: TypeCheckerSettings;
  readonly #projects = new Map<string, Project>();
  readonly #registry = ts.createDocumentRegistry(ts.sys.useCaseSensitiveFileNames);
  #open: ReadonlyMap<string, OpenText> = new Map();
  #versions = 0;

  constructor(settings: TypeCheckerSettings) {
    this.#settings = settings;
  }

  /** Texts that stand for files, by path; until the next call. */
  setOpenTexts(texts: ReadonlyMap<string, string>): void {
    const open = new Map<string, OpenText>();
    for (const [path, text] of texts) {
      const name = slashes(path);
      const known = this.#open.get(name);
      open.set(name, known?.text === text ? known : { text, version: `open ${String(++this.#versions)}` });
    }
    this.#open = open;
  }

  /** Errors, not hints: a variable that is not used hides nothing of what we have to say. */
  errors(path: string): Span[] {
    const name = slashes(path);
    return errorsIn(this.#projectOf(name).service, name).map(({ start = 0, length = 0 }) => ({ start, end: start + length }));
  }

  /** Of the pipeline and of the user's modules that it imports, directly or by others; not of packages. */
  errorsWithImports(path: string): TypeProblem[] {
    const name = slashes(path);
    const { service } = this.#projectOf(name);
    const program = service.getProgram();
    const source = program?.getSourceFile(name);
    if (program === undefined || source === undefined) return [];
    return withImports(program, source).flatMap((file) =>
      errorsIn(service, file.fileName).map(({ start = 0, messageText }) => {
        const { line, character } = file.getLineAndCharacterOfPosition(start);
        const message = ts.flattenDiagnosticMessageText(messageText, '\n');
        return { path: file.fileName, line: line + 1, column: character + 1, message };
      }),
    );
  }

  /** What the operator emits; what it takes where it emits nothing. `offset`: where the method's name begins. */
  recordTypeAt(path: string, offset: number): string | null {
    const name = slashes(path);
    const program = this.#projectOf(name).service.getProgram();
    const source = program?.getSourceFile(name);
    if (program === undefined || source === undefined) return null;
    const call = callOfMethodAt(source, offset);
    if (call === null) return null;
    const checker = program.getTypeChecker();
    return recordType(checker, call) ?? recordType(checker, call.expression.expression);
  }

  #projectOf(pipeline: string): Project {
    const config = ts.findConfigFile(dirname(pipeline), (path) => ts.sys.fileExists(path)) ?? null;
    const configChangedAt = config === null ? 0 : changedAt(config);
    const key = config ?? '';
    let project = this.#projects.get(key);
    if (project?.configChangedAt !== configChangedAt) {
      project?.service.dispose();
      project = this.#createProject(config, configChangedAt);
      this.#projects.set(key, project);
    }
    for (const path of project.pipelines) if (!this.#open.has(path)) project.pipelines.delete(path);
    project.pipelines.add(pipeline);
    return project;
  }

  #createProject(config: string | null, configChangedAt: number): Project {
    const pipelines = new Set<string>();
    const { options, globals } = config === null ? { options: LONE_FILE, globals: [] } : readConfig(config);
    const host: ts.LanguageServiceHost = {
      getCompilationSettings: () => options,
      getScriptFileNames: () => [...globals, ...pipelines],
      getScriptVersion: (path) => this.#open.get(path)?.version ?? String(changedAt(path)),
      getScriptSnapshot: (path) => {
        const text = this.#open.get(path)?.text ?? ts.sys.readFile(path);
        return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
      },
      getCurrentDirectory: () => (config === null ? '/' : dirname(config)),
      getDefaultLibFileName: (wanted) => this.#libFile(wanted),
      fileExists: (path) => this.#open.has(path) || ts.sys.fileExists(path),
      readFile: (path, encoding) => this.#open.get(path)?.text ?? ts.sys.readFile(path, encoding),
      directoryExists: (path) => ts.sys.directoryExists(path),
      getDirectories: (path) => ts.sys.getDirectories(path),
      readDirectory: (...args) => ts.sys.readDirectory(...args),
      realpath: (path) => ts.sys.realpath?.(path) ?? path,
      useCaseSensitiveFileNames: () => ts.sys.useCaseSensitiveFileNames,
      resolveModuleNameLiterals: (names, file, redirected, wanted) =>
        names.map(({ text }) => this.#resolve(text, file, wanted, host, redirected)),
    };
    return { service: ts.createLanguageService(host, this.#registry), pipelines, configChangedAt };
  }

  #resolve(
    name: string,
    file: string,
    options: ts.CompilerOptions,
    host: ts.LanguageServiceHost,
    redirected: ts.ResolvedProjectReference | undefined,
  ): ts.ResolvedModuleWithFailedLookupLocations {
    const found = ts.resolveModuleName(name, file, options, host, undefined, redirected);
    const ours = /^tidemark(?:\/(\w+))?$/.exec(name);
    if (found.resolvedModule !== undefined || ours === null) return found;
    const resolvedFileName = slashes(join(this.#settings.carriedPackage, `${ours[1] ?? 'index'}.d.ts`));
    if (!ts.sys.fileExists(resolvedFileName)) return found;
    return { resolvedModule: { resolvedFileName, extension: ts.Extension.Dts, isExternalLibraryImport: true } };
  }

  #libFile(options: ts.CompilerOptions): string {
    const own = join(this.#settings.libFolder, ts.getDefaultLibFileName(options));
    return ts.sys.fileExists(own) ? slashes(own) : ts.getDefaultLibFilePath(options);
  }
}

/** The options of a project, and its declarations of globals. A config that cannot be read counts as one that says nothing. */
function readConfig(config: string): { options: ts.CompilerOptions; globals: string[] } {
  const host: ts.ParseConfigFileHost = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined };
  const parsed = ts.getParsedCommandLineOfConfigFile(config, { noEmit: true }, host);
  if (parsed === undefined) return { options: LONE_FILE, globals: [] };
  return { options: parsed.options, globals: parsed.fileNames.filter((name) => name.endsWith('.d.ts')) };
}

function errorsIn(service: ts.LanguageService, name: string): ts.Diagnostic[] {
  return [...service.getSyntacticDiagnostics(name), ...service.getSemanticDiagnostics(name)].filter(
    ({ category, reportsUnnecessary }) => category === ts.DiagnosticCategory.Error && reportsUnnecessary === undefined,
  );
}

/** The module, and the modules of the user that it leads to. */
function withImports(program: ts.Program, module: ts.SourceFile): readonly ts.SourceFile[] {
  const checker = program.getTypeChecker();
  const found = new Set([module]);
  // A set is walked to its end, with what is added meanwhile.
  for (const file of found) {
    for (const statement of file.statements) {
      if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) continue;
      const { moduleSpecifier } = statement;
      const imported = moduleSpecifier === undefined ? undefined : checker.getSymbolAtLocation(moduleSpecifier)?.declarations?.[0];
      if (imported === undefined || !ts.isSourceFile(imported)) continue;
      if (!imported.isDeclarationFile && !program.isSourceFileFromExternalLibrary(imported)) found.add(imported);
    }
  }
  return [...found];
}

type MethodCall = ts.CallExpression & { readonly expression: ts.PropertyAccessExpression };

function callOfMethodAt(source: ts.SourceFile, offset: number): MethodCall | null {
  let found: MethodCall | null = null;
  const visit = (node: ts.Node): void => {
    if (found !== null || offset < node.pos || offset >= node.end) return;
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression) && node.expression.name.getStart(source) === offset)
      found = node as MethodCall;
    else ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** The first type argument of a stream's type. */
function recordType(checker: ts.TypeChecker, expression: ts.Expression): string | null {
  const type = checker.getTypeAtLocation(expression);
  const [record] =
    type.aliasTypeArguments ?? ((type.flags & ts.TypeFlags.Object) === 0 ? [] : checker.getTypeArguments(type as ts.TypeReference));
  return record === undefined || (record.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) !== 0 ? null : checker.typeToString(record);
}

function changedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function slashes(path: string): string {
  return path.replaceAll('\\', '/');
}
