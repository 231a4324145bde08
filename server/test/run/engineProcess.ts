import { build } from 'esbuild';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ControlEvent, ControlEvents } from '../../src/control.ts';
import { ControlClient } from '../../src/controlClient.ts';
import { firstMessage, startRun } from '../../src/run/launch.ts';
import type { FirstMessage, RunArguments } from '../../src/run/launch.ts';

const source = join(import.meta.dirname, '../../src');
const scratch = join(import.meta.dirname, '../../../build/test-programs');

/** The programs of engine process and command line, built as they are for a release. Inside the repository, where the bundlers are found. */
export async function buildPrograms(): Promise<{ dist: string; workspace: string; remove: () => void }> {
  mkdirSync(scratch, { recursive: true });
  const folder = mkdtempSync(join(scratch, 'run-'));
  await build({
    entryPoints: {
      run: join(source, 'run/main.ts'),
      controlWorker: join(source, 'run/controlWorker.ts'),
      cli: join(source, 'cli/main.ts'),
    },
    outdir: join(folder, 'dist'),
    outExtension: { '.js': '.cjs' },
    ...{ bundle: true, platform: 'node', format: 'cjs', mainFields: ['module', 'main'], external: ['esbuild', 'esbuild-wasm'] },
    define: { 'import.meta.url': '__bundleUrl' },
    banner: { js: "const __bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
  });
  const workspace = join(folder, 'workspace');
  mkdirSync(workspace);
  writeFileSync(join(workspace, 'package.json'), '{}');
  return { dist: join(folder, 'dist'), workspace, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

const HEARD = [
  'status',
  'stateChanged',
  'snapshotStarted',
  'snapshotCompleted',
  'stopped',
  'resumed',
  'output',
  'failure',
  'ended',
] as const;

/** An engine process, its connection, and everything it has said. */
export class EngineProcess {
  readonly child: ChildProcess;
  readonly events: { event: ControlEvent; body: unknown }[] = [];
  stdout = '';
  #control: ControlClient | null = null;
  #waiting: (() => void)[] = [];

  constructor(dist: string, program: string, args: Partial<RunArguments> = {}) {
    this.child = startRun(dist, { ...EngineProcess.defaults(program), ...args }, join(program, '..'));
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      this.#wake();
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => process.stderr.write(text));
  }

  static defaults(program: string): RunArguments {
    return {
      ...{ program, from: null, claim: false, allowNonRestoredState: false, overwrite: false, parallelism: null, parameters: {} },
      ...{ debug: false, stopOnEntry: false, breakpoints: [] },
    };
  }

  get control(): ControlClient {
    if (this.#control === null) throw new Error('not connected');
    return this.#control;
  }

  firstMessage(): Promise<FirstMessage> {
    return firstMessage(this.child);
  }

  async begin(): Promise<this> {
    const message = await this.firstMessage();
    if (message.kind === 'failed') throw new Error(message.failure.message);
    this.#control = await ControlClient.connect(message.socket);
    for (const event of HEARD) {
      this.#control.on(event, (body) => {
        this.events.push({ event, body });
        this.#wake();
      });
    }
    await this.#control.hello('test');
    return this;
  }

  /** The `n`th event of its kind, from 1; waits for it. */
  async event<E extends ControlEvent>(event: E, n = 1): Promise<ControlEvents[E]> {
    for (;;) {
      const found = this.events.filter((each) => each.event === event)[n - 1];
      if (found !== undefined) return found.body as ControlEvents[E];
      await this.#change();
    }
  }

  async said(text: string): Promise<void> {
    while (!this.stdout.includes(text)) await this.#change();
  }

  /** Exit code or signal, when all of its output has come. */
  async exit(): Promise<number | string> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'close');
    this.#control?.close();
    return this.child.signalCode ?? this.child.exitCode ?? -1;
  }

  end(): void {
    this.#control?.close();
    if (this.child.exitCode === null) this.child.kill('SIGKILL');
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
