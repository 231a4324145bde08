/**
 * `npm run docs`: writes the pages of docs/ that come from tables in the code, and the reference of the API (typedoc, from the docstrings)
 * to build/docs/api. `npm test` compares the written pages with the tables, so that they stay true.
 */
import { build } from 'esbuild';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const json = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));

/** @returns {Promise<Map<string, string>>} text by path in the repository. */
export async function generatedPages() {
  const { commands } = await commandTables();
  return new Map([
    ['docs/settings.md', settingsPage(json('package.json'), json('package.nls.json'))],
    ...commands.map((command) => [`docs/cli/${command.name}.md`, commandPage(command)]),
  ]);
}

/** What `tidemark help --json` prints, from the sources as they are. */
async function commandTables() {
  const outfile = join(root, 'build/docs/commands.cjs');
  await build({
    stdin: {
      contents: `import { COMMANDS } from './commands.ts';
        import { EXAMPLES } from './examples.ts';
        import { helpData } from './help.ts';
        module.exports = helpData(COMMANDS.map(({ syntax }) => syntax), '', EXAMPLES);`,
      resolveDir: join(root, 'server/src/cli'),
    },
    bundle: true,
    outfile,
    platform: 'node',
    format: 'cjs',
    mainFields: ['module', 'main'],
    external: ['esbuild', 'esbuild-wasm'],
    alias: { '@platformatic/wasm-utils': '@platformatic/wasm-utils/bundled' },
    define: { 'import.meta.url': '__bundleUrl' },
    banner: { js: "const __bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
    logLevel: 'error',
  });
  return createRequire(import.meta.url)(outfile);
}

/** `command`: one of the commands of `tidemark help --json`. */
export function commandPage({ name, about, usage, options, examples }) {
  const rows = options.map((option) => {
    const names = [option.short, option.name]
      .filter((each) => each !== null)
      .map((each) => `\`${each}${option.value === null ? '' : ` ${option.value}`}\``);
    const often = option.repeated ? ' As often as needed.' : '';
    return `| ${cell(names.join(', '))} | ${cell(option.about)}${option.required ? ' Required.' : ''}${often} |`;
  });
  return `# tidemark ${name}

<!-- Written by npm run docs from the tables of the command line. Do not edit. -->

${about}

\`\`\`text
${usage}
\`\`\`

| Option | Meaning |
|---|---|
${rows.join('\n')}

## Examples

${examples.map((each) => `${each.about}\n\n\`\`\`sh\n${each.command}\n\`\`\``).join('\n\n')}

All commands, by task, and their exit codes: [Command line](../cli.md).
`;
}

/** `manifest`: VS Code's manifest, whose texts are keys of `texts`. */
export function settingsPage(manifest, texts) {
  const text = (reference) => {
    const found = texts[reference.slice(1, -1)];
    if (found === undefined) throw new Error(`package.nls.json has no text for ${reference}`);
    return found;
  };
  const { configuration, debuggers } = manifest.contributes;
  const rows = (properties) =>
    Object.entries(properties).map(([name, { type, enum: values, default: value, markdownDescription }]) => {
      const kind = values === undefined ? [type].flat().join(' or ') : values.map((each) => `\`${each}\``).join(', ');
      const usual = value === undefined ? '' : `\`${JSON.stringify(value)}\``;
      return `| \`${name}\` | ${kind} | ${usual} | ${cell(text(markdownDescription))} |`;
    });
  const table = (properties) => ['| Name | Type | Default | Meaning |', '|---|---|---|---|', ...rows(properties)].join('\n');
  return `# Settings

<!-- Written by npm run docs from package.json. Do not edit. -->

## Settings of the extension

${table(configuration.properties)}

## Launch configurations

Fields of a configuration of type \`tidemark\` in \`.vscode/launch.json\`.

${table(debuggers[0].configurationAttributes.launch.properties)}

## Environment variables

| Name | Meaning |
|---|---|
| \`TIDEMARK_PARAM_<name>\` | The value of a pipeline's parameter |
| \`TIDEMARK_UNPACK_BYTES\` | How many bytes an archive may unpack to. Default: 16 GiB |
| \`TIDEMARK_REDACT_SALT\` | The salt of \`tidemark redact\` |
| \`TIDEMARK_BUNDLER\` | \`esbuild\` or \`esbuild-wasm\`: which bundler loads pipelines. Default: the first that is found |
| \`AWS_*\` | Endpoint, region and credentials for \`s3://\` addresses, as for the AWS command line |
`;
}

function cell(text) {
  return text.replaceAll('|', '\\|').replaceAll(/\s*\n+\s*/g, ' ');
}

async function apiReference() {
  const { Application } = await import('typedoc');
  const app = await Application.bootstrap({
    entryPoints: ['index.ts', 'connectors/index.ts', 'testing/index.ts'].map((file) => join(root, 'engine/src', file)),
    tsconfig: join(root, 'engine/tsconfig.json'),
    name: 'Tidemark',
    readme: 'none',
    out: join(root, 'build/docs/api'),
    excludePrivate: true,
    excludeInternal: true,
    disableGit: true,
    sourceLinkTemplate: '{path}',
    logLevel: 'Warn',
    skipErrorChecking: true,
  });
  const project = await app.convert();
  if (project === undefined) throw new Error('the API reference was not made; the lines above say why');
  await app.generateDocs(project, join(root, 'build/docs/api'));
  if (app.logger.hasErrors()) throw new Error('the API reference has errors; the lines above say which');
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { installPackages } = await import('./packages.mjs');
  installPackages();
  for (const [path, text] of await generatedPages()) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    console.log(path);
  }
  await apiReference();
  console.log('build/docs/api/index.html');
}
