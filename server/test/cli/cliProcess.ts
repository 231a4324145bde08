import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

/** A command line that runs, as its own process, and everything it has said. */
export class CliProcess {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  stdout = '';
  stderr = '';
  #over = false;
  #waiting: (() => void)[] = [];

  constructor(dist: string, folder: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.child = spawn(process.execPath, [join(dist, 'cli.cjs'), ...args], {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => this.#heard(() => (this.stdout += text)));
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => this.#heard(() => (this.stderr += text)));
    this.child.on('close', () => this.#heard(() => (this.#over = true)));
  }

  /** All events of a run with `--json`. */
  get events(): { event: string; [field: string]: unknown }[] {
    const lines = this.stderr.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'));
    return lines.map((line) => JSON.parse(line) as { event: string });
  }

  /** What `look` finds in what was said so far, as soon as it is something. */
  async found<T>(look: () => T | undefined): Promise<T> {
    for (;;) {
      const value = look();
      if (value !== undefined) return value;
      if (this.#over) throw new Error(`the command has ended without it:\n${this.stdout}\n${this.stderr}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** The `n`th event of its kind for which `holds`, from 1. */
  event(kind: string, holds: (event: Record<string, unknown>) => boolean = () => true, n = 1): Promise<Record<string, unknown>> {
    return this.found(() => this.events.filter((each) => each.event === kind && holds(each))[n - 1]);
  }

  /** Exit code, when all of its output has come. */
  async exit(): Promise<number | null> {
    if (!this.#over) await once(this.child, 'close');
    return this.child.exitCode;
  }

  #heard(note: () => void): void {
    note();
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
