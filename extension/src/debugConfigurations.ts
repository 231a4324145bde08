import { stat } from 'node:fs/promises';
import * as vscode from 'vscode';
import type { StartDecision } from './checkCommands.ts';
import { ago, bytes } from './figures.ts';
import { activePipeline, choosePipeline, findPipelines, isPipeline, pipelineTitle, withFolder } from './pipelines.ts';
import { DEBUG_TYPE } from './runs.ts';
import type { SavepointPicker } from './savepointPicker.ts';

const PICK = '${command:PickSavepoint}';

/** Makes F5 work without a launch.json, and says what is wrong with a configuration before a process is started for it. */
class Resolver implements vscode.DebugConfigurationProvider {
  readonly #picker: SavepointPicker;
  readonly #decide: DecideStart;
  readonly #mayStart: MayStart;

  constructor(picker: SavepointPicker, mayStart: MayStart, decide: DecideStart) {
    this.#picker = picker;
    this.#mayStart = mayStart;
    this.#decide = decide;
  }

  provideDebugConfigurations(folder: vscode.WorkspaceFolder | undefined): vscode.ProviderResult<vscode.DebugConfiguration[]> {
    return initialConfigurations(folder);
  }

  resolveDebugConfiguration(
    _folder: vscode.WorkspaceFolder | undefined,
    configuration: vscode.DebugConfiguration,
  ): vscode.DebugConfiguration | undefined {
    if (!vscode.workspace.isTrusted) {
      throw new Error(vscode.l10n.t('This workspace is not trusted: its pipelines are not run. Savepoints can still be looked at.'));
    }
    if (configuration.request === 'attach') return configuration;
    const isEmpty = Object.keys(configuration).every((key) => key === '__configurationTarget' || key === 'noDebug');
    const active = activePipeline();
    if (isEmpty || typeof configuration['program'] !== 'string') {
      if (active === undefined) {
        throw new Error(vscode.l10n.t('Which pipeline? Open a *.pipeline.ts, or set "program" in launch.json.'));
      }
      return {
        ...configuration,
        type: DEBUG_TYPE,
        request: 'launch',
        name: configuration.name || withFolder(pipelineTitle(active), active),
        program: active.fsPath,
      };
    }
    return configuration;
  }

  async resolveDebugConfigurationWithSubstitutedVariables(
    _folder: vscode.WorkspaceFolder | undefined,
    configuration: vscode.DebugConfiguration,
  ): Promise<vscode.DebugConfiguration | undefined> {
    if (configuration.request === 'attach') return configuration;
    const program: unknown = configuration['program'];
    if (typeof program !== 'string' || !isPipeline(vscode.Uri.file(program))) {
      throw new Error(
        vscode.l10n.t('"program" of "{0}" is {1}; it has to be a *.pipeline.ts file.', configuration.name, JSON.stringify(program)),
      );
    }
    await expect(program, vscode.l10n.t('"program" of "{0}" is {1}, which does not exist.', configuration.name, program));
    const savepoint: unknown = configuration['savepoint'];
    if (typeof savepoint === 'string' && savepoint !== '' && !isLatest(savepoint) && !/^s3[anp]?:/i.test(savepoint)) {
      await expect(savepoint, vscode.l10n.t('"savepoint" of "{0}" is {1}, which does not exist.', configuration.name, savepoint));
    }
    // What runs is what is on disk.
    await vscode.workspace.saveAll(false);
    if (!(await this.#mayStart(program))) return undefined;
    const location = await this.#locationOf(program, savepoint);
    if (location === null || configuration['allowNonRestoredState'] === true) return configuration;
    switch (await this.#decide(program, location)) {
      case 'start':
        return configuration;
      case 'startWithoutLeftBehind':
        return { ...configuration, allowNonRestoredState: true };
      case 'cancel':
        return undefined;
    }
  }

  /** Null where it starts from the beginning. */
  async #locationOf(program: string, savepoint: unknown): Promise<string | null> {
    if (typeof savepoint !== 'string' || savepoint === '') return null;
    if (!isLatest(savepoint)) return savepoint;
    return (await this.#picker.list(program)).find((item) => item.program === program)?.location ?? null;
  }
}

function isLatest(savepoint: string): boolean {
  return savepoint === 'latest' || savepoint === 'latest-or-fresh';
}

async function expect(path: string, otherwise: string): Promise<void> {
  try {
    await stat(path);
  } catch {
    throw new Error(otherwise);
  }
}

async function initialConfigurations(folder: vscode.WorkspaceFolder | undefined): Promise<vscode.DebugConfiguration[]> {
  const pipelines = (await findPipelines()).filter((uri) => folder === undefined || vscode.workspace.getWorkspaceFolder(uri) === folder);
  const programs = pipelines.map((uri) => ({
    title: pipelineTitle(uri),
    program: `\${workspaceFolder}/${vscode.workspace.asRelativePath(uri, false)}`,
  }));
  const chosen = programs.length > 0 ? programs : [{ title: 'current pipeline', program: '${file}' }];
  return chosen.flatMap(({ title, program }) => [
    { type: DEBUG_TYPE, request: 'launch', name: `Run ${title}`, program },
    { type: DEBUG_TYPE, request: 'launch', name: `Restore ${title} from savepoint …`, program, savepoint: PICK },
  ]);
}

/** What the Run and Debug view offers by itself: the pipeline that is open, from the beginning or from one of its newest snapshots. */
class Offers implements vscode.DebugConfigurationProvider {
  readonly #picker: SavepointPicker;

  constructor(picker: SavepointPicker) {
    this.#picker = picker;
  }

  async provideDebugConfigurations(): Promise<vscode.DebugConfiguration[]> {
    if (!vscode.workspace.isTrusted) return [];
    const active = activePipeline();
    const pipelines = active === undefined ? await findPipelines() : [active];
    const offers = await Promise.all(pipelines.slice(0, 10).map((uri) => this.#offersOf(uri)));
    return offers.flat();
  }

  async #offersOf(uri: vscode.Uri): Promise<vscode.DebugConfiguration[]> {
    const title = withFolder(pipelineTitle(uri), uri);
    const base = { type: DEBUG_TYPE, request: 'launch', program: uri.fsPath };
    const own = (await this.#picker.list(uri.fsPath)).filter((item) => item.program === uri.fsPath);
    return [
      { ...base, name: vscode.l10n.t('Run {0}', title) },
      { ...base, name: vscode.l10n.t('Restore {0} from savepoint …', title), savepoint: PICK },
      ...own.slice(0, 5).map((item) => ({
        ...base,
        name: vscode.l10n.t('Restore {0} from {1} ({2}, {3})', title, item.title, ago(item.createdAt, Date.now()), bytes(item.sizeBytes)),
        savepoint: item.location,
      })),
    ];
  }
}

type MayStart = (program: string) => Promise<boolean>;
type DecideStart = (program: string, location: string) => Promise<StartDecision>;

/** `mayStart` is asked before any start, `decide` before one from a savepoint. */
export function registerDebugConfigurations(picker: SavepointPicker, mayStart: MayStart, decide: DecideStart): vscode.Disposable[] {
  return [
    vscode.debug.registerDebugConfigurationProvider(DEBUG_TYPE, new Resolver(picker, mayStart, decide)),
    vscode.debug.registerDebugConfigurationProvider(DEBUG_TYPE, new Offers(picker), vscode.DebugConfigurationProviderTriggerKind.Dynamic),
    // Called while VS Code substitutes variables, with the configuration: what is undefined ends the start in silence.
    vscode.commands.registerCommand('tidemark.pickSavepoint', (configuration?: { program?: unknown }) => {
      const program = typeof configuration?.program === 'string' ? configuration.program : activePipeline()?.fsPath;
      return picker.pick(undefined, program);
    }),
    vscode.commands.registerCommand('tidemark.pickPipeline', async () => (await choosePipeline())?.fsPath),
  ];
}
