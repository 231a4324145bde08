import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type * as vscode from 'vscode';
import { createMessageConnection, ProgressType, ResponseError, StreamMessageReader, StreamMessageWriter } from 'vscode-languageclient/node';
import type { MessageConnection } from 'vscode-languageclient/node';
import type {
  ComparisonProgress,
  ReadProgress,
  SealedError,
  SnapshotConfiguration,
  SnapshotRequests,
  StatisticsProgress,
} from '../../server/src/protocol.ts';

/** Undefined where the user gives up. */
type AskForSecret = (sealed: SealedError['sealed'], reason: string) => Promise<string | undefined>;

function sealedBy(error: unknown): SealedError['sealed'] | null {
  return error instanceof ResponseError ? ((error.data as Partial<SealedError> | undefined)?.sealed ?? null) : null;
}

type ProgressOf<M> = M extends 'snapshot/statistics' ? StatisticsProgress : M extends 'compare/run' ? ComparisonProgress : ReadProgress;

/**
 * The process that reads snapshots, started with the first request. One that died is started again by the next request; one that
 * dies again and again within a short time stays down, and requests say so.
 */
export class SnapshotProcess implements vscode.Disposable {
  readonly #program: string;
  readonly #log: vscode.LogOutputChannel;
  readonly #crashes: number[] = [];
  #reports = 0;
  #running: { child: ChildProcess; connection: MessageConnection } | null = null;

  /** Crashes within this time that keep it down. */
  static readonly crashLimit = 4;
  static readonly crashWindowMs = 60_000;

  readonly #configuration: () => SnapshotConfiguration;
  readonly #askForSecret: AskForSecret;
  #asking: Promise<string | undefined> | null = null;

  constructor(program: string, configuration: () => SnapshotConfiguration, askForSecret: AskForSecret, log: vscode.LogOutputChannel) {
    this.#program = program;
    this.#askForSecret = askForSecret;
    this.#configuration = configuration;
    this.#log = log;
  }

  /** The configuration changed: a process that runs hears of it, one that starts asks for it. */
  configure(): void {
    if (this.#running !== null) this.#sendConfiguration(this.#running.connection);
  }

  #sendConfiguration(connection: MessageConnection): void {
    // Requests are answered in order, so what follows is read with it. A process that dies meanwhile is reported by its exit.
    connection.sendRequest('snapshot/configure', this.#configuration()).catch((error: unknown) => {
      this.#log.warn(`snapshots: ${error instanceof Error ? error.message : String(error)}`);
    });
  }

  /**
   * Where an archive is sealed, the user is asked for its passphrase or key, until one fits or he gives up.
   * @throws Error with the reader's reason, or that the process died while it worked on this request
   */
  async request<M extends keyof SnapshotRequests>(
    method: M,
    params: SnapshotRequests[M]['params'],
    token?: vscode.CancellationToken,
  ): Promise<SnapshotRequests[M]['result']> {
    for (;;) {
      try {
        return await this.#request(method, params, token);
      } catch (error) {
        const sealed = sealedBy(error);
        if (sealed === null) throw error;
        // Requests that come together ask once.
        this.#asking ??= this.#askForSecret(sealed, (error as Error).message).finally(() => (this.#asking = null));
        const secret = await this.#asking;
        if (secret === undefined) throw error;
        await this.#request('snapshot/unlock', { secret });
      }
    }
  }

  async #request<M extends keyof SnapshotRequests>(
    method: M,
    params: SnapshotRequests[M]['params'],
    token?: vscode.CancellationToken,
  ): Promise<SnapshotRequests[M]['result']> {
    const { connection, child } = (this.#running ??= this.#start());
    const died = new Promise<never>((_, reject) => {
      child.once('exit', (code, signal) => {
        reject(
          new Error(
            `The snapshot process ended (${signal ?? `exit code ${String(code)}`}) while it worked on ${method}. See the log, then try again.`,
          ),
        );
      });
    });
    // Only awaited in the race: without this, a later exit would be an unhandled rejection.
    died.catch(() => undefined);
    return Promise.race([connection.sendRequest<SnapshotRequests[M]['result']>(method, params, token), died]);
  }

  /** A request that says how far it is. @throws as request */
  async requestWithProgress<
    M extends
      | 'snapshot/statistics'
      | 'snapshot/entries'
      | 'snapshot/export'
      | 'snapshot/pack'
      | 'snapshot/doctor'
      | 'compare/run'
      | 'rewrite/write'
      | 'rewrite/preview'
      | 'redact/write',
  >(
    method: M,
    params: Omit<SnapshotRequests[M]['params'], 'progress'>,
    onProgress: (progress: ProgressOf<M>) => void,
    token: vscode.CancellationToken,
  ): Promise<SnapshotRequests[M]['result']> {
    const progress = `${method} ${String(++this.#reports)}`;
    const { connection } = (this.#running ??= this.#start());
    const listening = connection.onProgress(new ProgressType<Parameters<typeof onProgress>[0]>(), progress, onProgress);
    try {
      return await this.request(method, { ...params, progress } as SnapshotRequests[M]['params'], token);
    } finally {
      listening.dispose();
    }
  }

  #start(): { child: ChildProcess; connection: MessageConnection } {
    const now = Date.now();
    const recent = this.#crashes.filter((time) => now - time < SnapshotProcess.crashWindowMs);
    if (recent.length >= SnapshotProcess.crashLimit) {
      throw new Error(
        `The snapshot process crashed ${recent.length} times within a minute and is not started again yet. The log says why.`,
      );
    }
    const child = spawn(process.execPath, [this.#program], {
      // On the desktop the extension host's executable is Electron, which runs as Node when told so.
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
      stdio: ['pipe', 'pipe', 'pipe'],
      windowsHide: true,
    });
    const connection = createMessageConnection(new StreamMessageReader(child.stdout), new StreamMessageWriter(child.stdin));
    child.stderr.on('data', (chunk: Buffer) => this.#log.warn(`snapshots: ${chunk.toString().trimEnd()}`));
    child.on('error', (error) => this.#log.error(`snapshots: ${error.message}`));
    child.on('exit', (code, signal) => {
      if (this.#running?.child !== child) return;
      this.#running = null;
      this.#crashes.push(Date.now());
      connection.dispose();
      this.#log.error(`The snapshot process ended: ${signal ?? `exit code ${String(code)}`}.`);
    });
    connection.onError(([error]) => this.#log.error(`snapshots: ${error.message}`));
    connection.listen();
    this.#sendConfiguration(connection);
    this.#log.debug(`Snapshot process ${String(child.pid)} started.`);
    return { child, connection };
  }

  dispose(): void {
    const running = this.#running;
    this.#running = null;
    running?.connection.dispose();
    running?.child.kill();
  }
}
