import { build } from 'esbuild';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DebugClient } from '@vscode/debugadapter-testsupport';
import type { DebugProtocol } from '@vscode/debugprotocol';

const here = import.meta.dirname;
const source = (path: string): string => join(here, '../../src', path);

/** The adapter with the real engine process beside it; in the repository, where the bundler of pipelines is found. */
export const buildWithEngine = (): Promise<Built> => {
  const builds = join(here, '../../../build');
  mkdirSync(builds, { recursive: true });
  const folder = mkdtempSync(join(builds, 'test-dap-'));
  return bundle(folder, { dap: source('dap/main.ts'), run: source('run/main.ts'), controlWorker: source('run/controlWorker.ts') });
};

interface Built {
  readonly folder: string;
  readonly remove: () => void;
}

/** A folder like `dist`: the adapter, and beside it the fake engine process in the place of the real one. */
export const buildAdapter = (): Promise<Built> =>
  bundle(mkdtempSync(join(tmpdir(), 'tidemark-dap-')), { dap: source('dap/main.ts'), run: join(here, 'fakeRun.ts') });

async function bundle(outdir: string, entryPoints: Record<string, string>): Promise<Built> {
  await build({
    entryPoints,
    outdir,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['esbuild', 'esbuild-wasm'],
    define: { 'import.meta.url': '__bundleUrl' },
    banner: { js: "const __bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
  });
  return { folder: outdir, remove: () => rmSync(outdir, { recursive: true, force: true }) };
}

/** A client that writes down every message, in the order in which they went over the wire. */
export class RecordingClient extends DebugClient {
  readonly #masks: readonly (readonly [RegExp | string, string])[];
  readonly lines: string[] = [];
  #written: () => void = () => undefined;

  constructor(adapter: string, masks: readonly (readonly [RegExp | string, string])[] = []) {
    super('node', adapter, 'tidemark', undefined, true);
    this.#masks = masks;
    this.defaultTimeout = 20_000;
    const client = this as unknown as { dispatch: (text: string) => void };
    const dispatch = client.dispatch.bind(this);
    client.dispatch = (text) => {
      this.#write(JSON.parse(text));
      dispatch(text);
    };
  }

  override send(command: string, args?: unknown): Promise<any> {
    this.lines.push(this.#mask(`> ${command}${args === undefined ? '' : ` ${JSON.stringify(args)}`}`));
    return super.send(command, args);
  }

  /** The next event of this kind. */
  next(event: string): Promise<any> {
    return new Promise((resolve) => this.once(event, resolve));
  }

  /** The first message from the adapter that holds this text, whether it has come already or not. */
  async message(text: string): Promise<string> {
    for (;;) {
      const line = this.lines.find((written) => !written.startsWith('>') && written.includes(text));
      if (line !== undefined) return line;
      await new Promise<void>((resolve) => (this.#written = resolve));
    }
  }

  async begin(initialize: Partial<DebugProtocol.InitializeRequestArguments> = {}): Promise<void> {
    await this.start();
    await this.initializeRequest({ adapterID: 'tidemark', linesStartAt1: true, columnsStartAt1: true, ...initialize });
  }

  /** As an editor does it: launch, breakpoints when initialized, configurationDone. */
  async launchWith(configuration: object, uids: readonly string[] = [], filters: readonly string[] = ['failures']): Promise<void> {
    const initialized = this.next('initialized');
    const launched = this.launchRequest(configuration);
    launched.catch(() => undefined);
    await Promise.race([initialized, launched]);
    await this.setFunctionBreakpointsRequest({ breakpoints: uids.map((name) => ({ name })) });
    await this.setExceptionBreakpointsRequest({ filters: [...filters] });
    await this.configurationDoneRequest();
    await launched;
  }

  transcript(): string {
    return `${this.lines.join('\n')}\n`;
  }

  #write(message: any): void {
    // How many of these come depends on time.
    if (message.type === 'event' && message.event === 'tidemark/status') return;
    const [sign, name] = message.type === 'event' ? ['!', message.event] : [message.success ? '<' : 'x', message.command];
    this.lines.push(this.#mask(`${sign} ${name}${message.body === undefined ? '' : ` ${JSON.stringify(message.body)}`}`));
    this.#written();
  }

  #mask(line: string): string {
    const masks = [...this.#masks, [/"(systemProcessId|pid|createdAt|startedAt|durationMs)":\d+/g, '"$1":"…"'] as const];
    return masks.reduce((text, [from, to]) => text.replaceAll(from, to), line);
  }
}

export function writeProgram(folder: string, name: string, text: string): string {
  const path = join(folder, `${name.replaceAll(' ', '-')}.pipeline.ts`);
  writeFileSync(path, text);
  return path;
}
