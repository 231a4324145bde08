import { element } from '../views/element.ts';
import { oncePerFrame } from '../views/oncePerFrame.ts';
import type { Actions } from './actions.ts';
import { figure, plural } from '../snapshot/figures.ts';
import { emptyModel, emptyQuery, factsOf, idle, noResults, selectedOperator, statisticsKey, type Model, type StateName } from './model.ts';
import type {
  EntryQuery,
  FromSavepointPage,
  PageProgress,
  PageRequests,
  StateSelection,
  StateStatistics,
  ToSavepointPage,
} from './protocol.ts';
import { Cancelled, Remote, type Call } from '../snapshot/remote.ts';
import { failurePanel, focusFirstStop, legend, nextRegion, reasonOf, region } from '../snapshot/pageFrame.ts';
import { createTips } from '../snapshot/tips.ts';
import { renderHeader } from './views/header.ts';
import { renderKeyGroups } from './views/keyGroups.ts';
import { createOperators, largestOperator } from './views/operators.ts';
import { hint } from '../snapshot/parts.ts';
import { renderReading } from './views/reading.ts';
import { PAGE_ROWS, renderResults } from './views/results.ts';
import { createSearchBar } from './views/searchBar.ts';
import { renderSizes } from './views/sizes.ts';
import { renderSources } from './views/sources.ts';
import { renderLargestKeys, renderSchema, renderTabs } from './views/state.ts';
import { StatePicker } from './views/statePicker.ts';
import { renderTimers, renderTtl } from './views/times.ts';

/** Snapshots below this are read at once: that takes about a second. */
const READ_AT_ONCE = 64 * 2 ** 20;
/** A reader who holds an arrow key down passes over operators: only where it rests something is read. */
const REST_MS = 120;
const FACTS_AT_ONCE = 32;
const VALUE_LIMIT = 2000;
const KEYS = [
  [['↑', '↓'], 'rows'],
  [['F6'], 'next panel'],
  [['Enter'], 'open as JSON'],
  [['PgUp', 'PgDn'], 'page'],
  [['/'], 'search'],
] as const;

export interface SavepointPage {
  receive(message: ToSavepointPage): void;
}

/**
 * Puts the page together: one model, views redrawn at most once a frame.
 * @param root the body of the page; keys are heard there
 * @param post sends to the extension
 */
export function createSavepointPage(root: HTMLElement, post: (message: FromSavepointPage) => void): SavepointPage {
  const model: Model = emptyModel();
  const remote = new Remote<PageRequests, PageProgress>(post);
  const schedule = oncePerFrame(draw);
  let resting: ReturnType<typeof setTimeout> | null = null;
  let reading: Call<unknown> | null = null;
  let searching: Call<unknown> | null = null;

  const actions: Actions = {
    selectOperator,
    selectState,
    pickState: (anchor) => picker.show(anchor, model),
    setMode: (mode) => {
      model.mode = mode;
      search.input.focus();
      schedule();
    },
    search: () => startSearch(),
    searchKey: (json) => {
      model.mode = 'key';
      search.input.value = json;
      startSearch();
    },
    clearSearch: () => {
      search.input.value = '';
      model.keyGroup = null;
      startSearch();
    },
    setKeyGroup: (keyGroup) => {
      model.keyGroup = keyGroup;
      startSearch();
    },
    setParallelism: (parallelism) => {
      model.parallelism = parallelism;
      schedule();
    },
    setTtl: (ms) => {
      model.ttl = ms;
      schedule();
    },
    read,
    stopReading: () => reading?.cancel(),
    verify: () => void verify(),
    nextPage: () => {
      const next = model.results.page?.cursor ?? null;
      if (next !== null && model.results.phase !== 'running') void loadPage([...model.results.starts, next]);
    },
    previousPage: () => {
      if (model.results.starts.length > 1 && model.results.phase !== 'running') void loadPage(model.results.starts.slice(0, -1));
    },
    stopSearch: () => searching?.cancel(),
    openEntry: (cursor, title) => {
      const { selection } = model.results;
      if (selection !== null) post({ kind: 'openEntry', selection, cursor, title });
    },
    copy: (text) => {
      post({ kind: 'copy', text });
      say('Copied');
    },
    exportResults: () => post({ kind: 'export', selection: model.results.selection }),
    exportAll: () => post({ kind: 'export', selection: null }),
    openAsJson: () => post({ kind: 'openAsJson' }),
    runFrom: () => post({ kind: 'runFrom' }),
    openProgram: () => post({ kind: 'openProgram' }),
    retry: () => post({ kind: 'retry' }),
    showLog: () => post({ kind: 'showLog' }),
    needFacts: (operators) => void loadFacts(operators),
  };

  const header = element('header', { class: 'head', 'aria-label': 'Snapshot', tabindex: '-1' });
  const searchRow = element('div', { class: 'toolbar', role: 'search', 'aria-label': 'Search entries' });
  const readingRow = element('div', { class: 'reading', role: 'group', 'aria-label': 'Reading', hidden: '' });
  const operatorsRegion = region('Operators', 'panel operators');
  const keyGroupsRegion = region('Key groups', 'panel');
  const sourcesRegion = region('Source offsets', 'panel');
  const tabsRow = element('div', { class: 'tab-row' });
  const parts = {
    schema: region('Schema', 'part'),
    sizes: region('Entry size', 'part'),
    keys: region('Largest keys', 'part'),
    timers: region('Timers', 'part'),
    ttl: region('TTL', 'part'),
  };
  const stateRegion = element(
    'section',
    { class: 'state', 'aria-label': 'State', tabindex: '-1' },
    tabsRow,
    element('div', { class: 'charts' }, parts.schema, parts.sizes, parts.keys, parts.timers, parts.ttl),
  );
  const resultsRegion = region('Entries', 'results');
  const side = element('div', { class: 'side' }, operatorsRegion, keyGroupsRegion, sourcesRegion);
  const body = element('div', { class: 'savepoint-body' }, side, element('div', { class: 'content' }, stateRegion, resultsRegion));
  const notice = element('div', { class: 'whole' });
  const live = element('div', { class: 'screen-reader', role: 'status', 'aria-live': 'polite' });
  root.append(
    element('main', { class: 'page snapshot-page savepoint' }, header, searchRow, readingRow, body, notice, legend(...KEYS), live),
  );

  const search = createSearchBar(searchRow, actions);
  const operators = createOperators(operatorsRegion, actions, model);
  const picker = new StatePicker(root, selectState);
  const tips = createTips(root);
  const regions: readonly HTMLElement[] = [
    header,
    searchRow,
    readingRow,
    operatorsRegion,
    keyGroupsRegion,
    sourcesRegion,
    stateRegion,
    resultsRegion,
  ];
  root.addEventListener('keydown', onKey);
  root.addEventListener('mousedown', (event) => {
    if (event.target instanceof Node && !picker.contains(event.target)) picker.close(false);
  });
  if (typeof ResizeObserver === 'function') {
    const observer = new ResizeObserver(() => {
      model.changes.width++;
      schedule();
    });
    observer.observe(side);
    observer.observe(stateRegion);
  }
  draw();

  function receive(message: ToSavepointPage): void {
    if (message.kind === 'reply' || message.kind === 'refused' || message.kind === 'progress') {
      remote.receive(message);
      return;
    }
    if (message.kind === 'show') {
      if (model.overview?.operators.some(({ id }) => id === message.operator) === true) selectOperator(message.operator);
    } else if (message.kind === 'failed') {
      model.failure = message.reason;
      say(`The snapshot could not be opened: ${message.reason}`);
    } else open(message);
    schedule();
  }

  function open(message: ToSavepointPage & { kind: 'overview' }): void {
    reading?.cancel();
    searching?.cancel();
    const { changes } = model;
    Object.assign(model, emptyModel(), { overview: message.overview, can: message.can, changes });
    changes.overview++;
    changes.facts++;
    changes.statistics++;
    const { name, operators: all, sizeBytes } = message.overview;
    say(`${name}: ${plural(all.length, 'operator')}`);
    const first = largestOperator(model);
    if (first !== null) selectOperator(first.id);
    if (sizeBytes > 0 && sizeBytes <= READ_AT_ONCE) {
      read(null);
      void verify();
    } else if (sizeBytes === 0 || !message.overview.hasChecksums) void verify();
  }

  function selectOperator(id: string): void {
    if (model.operator === id) return;
    model.operator = id;
    model.state = null;
    model.keyGroup = null;
    model.parallelism = null;
    model.results = noResults;
    search.input.value = '';
    searching?.cancel();
    schedule();
    afterRest(() => void showOperator(id));
  }

  async function showOperator(id: string): Promise<void> {
    await loadFacts([id]);
    selectFirstState();
  }

  /** Of the selected operator, as soon as its states are known. */
  function selectFirstState(): void {
    if (model.state !== null) return;
    const states = factsOf(model, model.operator)?.states ?? [];
    const first = states.find(({ group }) => group === 'keyed') ?? states[0];
    if (first !== undefined) selectState(first);
  }

  function selectState({ group, name }: StateName): void {
    if (model.state?.name === name && model.state.group === group) return;
    const hadFocus = tabsRow.contains(document.activeElement);
    model.state = { group, name };
    startSearch();
    // The tabs are made again: the focus stays with the selected one.
    if (hadFocus)
      requestAnimationFrame(() => requestAnimationFrame(() => tabsRow.querySelector<HTMLElement>('[aria-selected=true]')?.focus()));
  }

  function afterRest(work: () => void): void {
    if (resting !== null) clearTimeout(resting);
    resting = setTimeout(work, model.facts.size === 0 ? 0 : REST_MS);
  }

  async function loadFacts(ids: readonly string[]): Promise<void> {
    const missing = ids.filter((id) => !model.facts.has(id));
    for (const id of missing) model.facts.set(id, 'loading');
    for (let i = 0; i < missing.length; i += FACTS_AT_ONCE) {
      const asked = missing.slice(i, i + FACTS_AT_ONCE);
      try {
        const answer = await remote.call('operators', { operators: asked }).result;
        for (const facts of answer.operators) model.facts.set(facts.id, facts);
      } catch (error) {
        for (const id of asked) model.facts.set(id, { reason: reasonOf(error) });
      }
      model.changes.facts++;
      selectFirstState();
      schedule();
    }
  }

  async function verify(): Promise<void> {
    model.verdict = 'checking';
    schedule();
    try {
      model.verdict = await remote.call('verify', {}).result;
      if (model.verdict.ok) say(model.verdict.checksums ? 'Checksums are right' : 'All files are there');
      else say('The snapshot is damaged');
    } catch (error) {
      model.verdict = { reason: reasonOf(error) };
    }
    schedule();
  }

  function read(scope: string | null): void {
    reading?.cancel();
    model.reading = { ...idle, phase: 'running', scope };
    const call = remote.call('statistics', { operator: scope }, ({ bytesRead, bytesTotal, states }) => {
      if (reading !== call) return;
      model.reading = { ...model.reading, bytesRead, bytesTotal };
      if (states !== undefined) addStatistics(states);
      schedule();
    });
    reading = call;
    call.result.then(
      (done) => {
        if (reading !== call) return;
        addStatistics(done.states);
        const [first] = done.errors;
        const reason = first === undefined ? null : first.message;
        model.reading = { ...model.reading, phase: reason === null ? 'done' : 'failed', bytesRead: done.bytesRead, reason };
        model.changes.statistics++;
        say(reason ?? `All entries are read: ${figure(done.states.reduce((sum, { entries }) => sum + entries, 0))}`);
        schedule();
      },
      (error: unknown) => {
        if (reading !== call) return;
        model.reading = { ...model.reading, phase: error instanceof Cancelled ? 'stopped' : 'failed', reason: reasonOf(error) };
        model.changes.statistics++;
        say(error instanceof Cancelled ? 'Reading cancelled' : `Reading stopped: ${reasonOf(error)}`);
        schedule();
      },
    );
    schedule();
  }

  function addStatistics(states: readonly StateStatistics[]): void {
    for (const state of states) model.statistics.set(statisticsKey(state.operator, { group: state.group, name: state.state }), state);
    if (states.length > 0) model.changes.statistics++;
  }

  function startSearch(): void {
    if (model.operator === null || model.state === null) {
      schedule();
      return;
    }
    const { group, name } = model.state;
    const selection: StateSelection = { operator: model.operator, state: name, group, query: currentQuery() };
    model.results = { ...noResults, selection };
    void loadPage([null]);
  }

  function currentQuery(): EntryQuery {
    const text = search.input.value.trim();
    return { ...emptyQuery, ...(text === '' ? {} : { [model.mode]: text }), keyGroup: model.keyGroup };
  }

  async function loadPage(starts: readonly (string | null)[]): Promise<void> {
    const { selection } = model.results;
    if (selection === null) return;
    searching?.cancel();
    model.results = { ...model.results, phase: 'running', starts, bytesRead: 0, bytesTotal: 0, reason: null };
    const hadFocus = resultsRegion.contains(document.activeElement);
    const request = { ...selection, cursor: starts.at(-1) ?? null, limit: PAGE_ROWS, valueLimit: VALUE_LIMIT };
    const call = remote.call('entries', request, ({ bytesRead, bytesTotal }) => {
      if (searching !== call) return;
      model.results = { ...model.results, bytesRead, bytesTotal };
      schedule();
    });
    searching = call;
    schedule();
    try {
      const page = await call.result;
      if (searching !== call) return;
      model.results = { ...model.results, phase: 'done', page };
      const count = page.rows.length;
      say(count === 0 ? 'No entry matches' : `${plural(count, 'entry', 'entries')} shown${page.cursor === null ? '' : ', there are more'}`);
    } catch (error) {
      if (searching !== call) return;
      const isCancelled = error instanceof Cancelled;
      model.results = { ...model.results, phase: isCancelled ? 'stopped' : 'failed', reason: reasonOf(error) };
      say(isCancelled ? 'Search cancelled' : `The search failed: ${reasonOf(error)}`);
    }
    schedule();
    if (hadFocus) requestAnimationFrame(() => requestAnimationFrame(() => focusInto(resultsRegion)));
  }

  function onKey(event: KeyboardEvent): void {
    const isTyping = event.target instanceof HTMLInputElement;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'F6') {
      if (!nextRegion(regions, event.shiftKey, focusInto)) return;
      // VS Code hears all keys of its pages, and would go to its own next part.
      event.stopPropagation();
    } else if (event.key === 'Escape') escape();
    else if (event.key === '/' && !isTyping) {
      search.input.focus();
      search.input.select();
    } else return;
    event.preventDefault();
  }

  function escape(): void {
    if (tips.hide()) return;
    if (document.activeElement === search.input && search.input.value !== '') actions.clearSearch();
    else if (model.results.phase === 'running') searching?.cancel();
    else if (document.activeElement === search.input) focusInto(resultsRegion);
  }

  function focusInto(target: HTMLElement): void {
    if (target === searchRow) search.input.focus();
    else focusFirstStop(target);
  }

  function say(text: string): void {
    live.textContent = text;
  }

  function draw(): void {
    const isOpen = model.overview !== null && model.failure === null;
    for (const part of [header, searchRow, body]) part.hidden = !isOpen;
    notice.hidden = isOpen;
    if (!isOpen) {
      readingRow.hidden = true;
      drawNotice();
      return;
    }
    renderHeader(header, model, actions);
    search.render(model);
    renderReading(readingRow, model, actions);
    operators.render(model);
    renderKeyGroups(keyGroupsRegion, model, actions);
    renderSources(sourcesRegion, model);
    renderTabs(tabsRow, model, actions);
    renderSchema(parts.schema, model);
    renderSizes(parts.sizes, model);
    renderLargestKeys(parts.keys, model, actions);
    renderTimers(parts.timers, model);
    renderTtl(parts.ttl, model, actions);
    const stateless = selectedOperator(model)?.bytes.total === 0;
    resultsRegion.hidden = stateless;
    renderResults(resultsRegion, model, actions);
  }

  function drawNotice(): void {
    if (model.failure === null) {
      notice.replaceChildren(element('div', { class: 'state-panel' }, element('b', {}, 'Reading the metadata')));
      return;
    }
    const retry = (): void => {
      model.failure = null;
      schedule();
      actions.retry();
    };
    const unharmed = hint('Its other files are as they were. Tidemark never changes a snapshot that it looks into.');
    notice.replaceChildren(failurePanel('The snapshot could not be opened', model.failure, { retry, showLog: actions.showLog }, unharmed));
  }

  return { receive };
}
