import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { until } from './until.ts';
import { file, show, workspaceFolder } from './workspace.ts';

interface Snapshot {
  path: string;
  kind: string;
}

interface Frame {
  id: number;
  name: string;
  line: number;
  source?: { path?: string };
}

/** A debug session of ours, and the messages its adapter sent. */
class Session {
  readonly session: vscode.DebugSession;
  readonly #events: { event: string; body: any }[];

  constructor(session: vscode.DebugSession, events: { event: string; body: any }[]) {
    this.session = session;
    this.#events = events;
  }

  event(name: string): Promise<any> {
    return until(`the event ${name}`, () => this.#events.find((each) => each.event === name)?.body);
  }

  count(name: string): number {
    return this.#events.filter((each) => each.event === name).length;
  }

  last(name: string): any {
    return this.#events.filter((each) => each.event === name).at(-1)?.body;
  }
}

suite('a run under the debugger', () => {
  const byId = new Map<string, { event: string; body: any }[]>();
  let tracker: vscode.Disposable;
  let savepoint = '';

  suiteSetup(() => {
    tracker = vscode.debug.registerDebugAdapterTrackerFactory('tidemark', {
      createDebugAdapterTracker: ({ id }) => {
        const events: { event: string; body: any }[] = [];
        byId.set(id, events);
        return {
          onDidSendMessage: (message: any) => {
            if (message.type === 'event') events.push(message);
          },
        };
      },
    });
  });
  suiteTeardown(async () => {
    tracker.dispose();
    await vscode.debug.stopDebugging();
  });

  async function started(start: () => Thenable<unknown>): Promise<Session> {
    const before = vscode.debug.activeDebugSession?.id;
    await start();
    const session = await until('the session', () => {
      const active = vscode.debug.activeDebugSession;
      return active?.type === 'tidemark' && active.id !== before && active;
    });
    return new Session(session, byId.get(session.id) ?? []);
  }

  /** How many records the sources have read, by the newest status. */
  async function recordsIn(run: Session): Promise<number> {
    const status = (await run.session.customRequest('tidemark/status')) as { recordsIn: number };
    return status.recordsIn;
  }

  test('starts from an empty configuration, as F5 without launch.json does; records flow', async () => {
    await show('clicks.pipeline.ts');
    const folder = vscode.workspace.workspaceFolders?.[0];
    const run = await started(() => vscode.debug.startDebugging(folder, { type: 'tidemark', request: '', name: '' }));
    const plan = await run.event('tidemark/plan');
    assert.equal(plan.pipeline, 'clicks');
    await until('records', () => run.last('tidemark/status')?.recordsIn > 200);
  });

  test('pauses at a record: operators are the call stack, its key and state are variables', async () => {
    const session = vscode.debug.activeDebugSession;
    assert.ok(session);
    const run = new Session(session, byId.get(session.id) ?? []);
    await session.customRequest('pause', { threadId: 1 });
    await run.event('stopped');
    const { stackFrames } = (await session.customRequest('stackTrace', { threadId: 1 })) as { stackFrames: Frame[] };
    assert.ok(stackFrames.length > 0, 'no frames');
    assert.ok(
      stackFrames.some((frame) => frame.source?.path?.endsWith('clicks.pipeline.ts') && frame.line > 0),
      JSON.stringify(stackFrames),
    );
    const inner = stackFrames[0]!;
    const { scopes } = (await session.customRequest('scopes', { frameId: inner.id })) as { scopes: { name: string }[] };
    assert.ok(
      scopes.some(({ name }) => name === 'Record'),
      JSON.stringify(scopes),
    );
  });

  test('takes a savepoint on request, into the .tidemark folder of the project', async () => {
    const session = vscode.debug.activeDebugSession;
    assert.ok(session);
    await session.customRequest('continue', { threadId: 1 });
    const taken = await vscode.commands.executeCommand<Snapshot | undefined>('tidemark.takeSavepoint');
    assert.ok(taken, 'the command failed');
    assert.equal(taken.kind, 'savepoint');
    assert.ok(taken.path.startsWith(join(workspaceFolder(), '.tidemark', 'clicks', 'savepoints')), taken.path);
    assert.ok(existsSync(join(taken.path, '_metadata')));
    savepoint = taken.path;
  });

  test('a savepoint opens as JSON lines, keys and state names included', async () => {
    const uri = vscode.Uri.from({ scheme: 'tidemark-snapshot', path: '/savepoint.jsonl', query: savepoint });
    const document = await vscode.workspace.openTextDocument(uri);
    assert.match(document.getText(), /user-\d+/);
    assert.match(document.getText(), /pages/);
  });

  test('stops with a savepoint', async () => {
    const session = vscode.debug.activeDebugSession;
    assert.ok(session);
    const ended = new Promise<void>((resolve) => {
      const listener = vscode.debug.onDidTerminateDebugSession((each) => {
        if (each.id !== session.id) return;
        listener.dispose();
        resolve();
      });
    });
    const taken = await vscode.commands.executeCommand<Snapshot | undefined>('tidemark.stopWithSavepoint');
    assert.ok(taken);
    await ended;
    savepoint = taken.path;
    assert.ok(readdirSync(join(workspaceFolder(), '.tidemark/clicks/savepoints')).length >= 2);
  });

  test('restores from it at another parallelism: sources and counters go on where they stopped', async () => {
    const program = file('clicks.pipeline.ts').fsPath;
    const folder = vscode.workspace.workspaceFolders?.[0];
    const configuration = { type: 'tidemark', request: 'launch', name: 'restored', program, savepoint, parallelism: 2, stopOnEntry: true };
    const run = await started(() => vscode.debug.startDebugging(folder, configuration));
    const info = await run.event('tidemark/run');
    assert.equal(info.restoredFrom, savepoint);
    await run.event('stopped');
    await run.session.customRequest('continue', { threadId: 1 });
    await until('records', async () => (await recordsIn(run)) > 100);
    await vscode.debug.stopDebugging(run.session);
  });
});
