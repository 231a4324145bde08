import type { Plugin } from 'esbuild';

/** What a pipeline may import of us. */
export type EngineModules = Readonly<Record<'tidemark' | 'tidemark/connectors' | 'tidemark/testing', object>>;

const REGISTRY = Symbol.for('tidemark.engineModules');

/**
 * Pipelines use the module instances of the engine that runs them, whatever is installed beside them: these are laid out here,
 * and bundles take them from here.
 */
export function registerEngineModules(modules: EngineModules): void {
  (globalThis as { [REGISTRY]?: EngineModules })[REGISTRY] = modules;
}

export function engineModules(): EngineModules {
  const modules = (globalThis as { [REGISTRY]?: EngineModules })[REGISTRY];
  if (modules === undefined) throw new Error('registerEngineModules was not called');
  return modules;
}

/** Resolves `tidemark` and its sub-paths to the running engine. */
export function engineModulesPlugin(modules: EngineModules): Plugin {
  return {
    name: 'tidemark-engine',
    setup(build) {
      build.onResolve({ filter: /^tidemark(\/|$)/ }, ({ path }) =>
        path in modules
          ? { path, namespace: 'tidemark-engine' }
          : { errors: [{ text: `A pipeline can import ${Object.keys(modules).join(', ')}; there is no "${path}"` }] },
      );
      build.onLoad({ filter: /.*/, namespace: 'tidemark-engine' }, ({ path }) => ({
        contents: moduleText(path, modules[path as keyof EngineModules]),
        loader: 'js',
      }));
    },
  };
}

/** One binding an export, so that the bundler can tell people that a name does not exist. */
function moduleText(path: string, module: object): string {
  const lines = [`const engine = globalThis[Symbol.for('tidemark.engineModules')][${JSON.stringify(path)}];`];
  let n = 0;
  for (const name of Object.keys(module)) {
    const local = `engine${String(n++)}`;
    lines.push(`const ${local} = engine[${JSON.stringify(name)}];`, `export { ${local} as ${JSON.stringify(name)} };`);
  }
  return lines.join('\n');
}
