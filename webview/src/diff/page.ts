import { element } from '../views/element.ts';
import { oncePerFrame } from '../views/oncePerFrame.ts';
import { exact } from '../format.ts';
import { plural } from '../snapshot/figures.ts';
import { failurePanel, focusFirstStop, legend, nextRegion, reasonOf, region } from '../snapshot/pageFrame.ts';
import { Cancelled, Remote, type Call } from '../snapshot/remote.ts';
import { plainText } from '../snapshot/typedValue.ts';
import { createTips } from '../snapshot/tips.ts';
import type { Actions } from './actions.ts';
import {
  allStates,
  differing,
  emptyModel,
  isListed,
  isSamePlace,
  notBegun,
  operatorLabel,
  selectionOf,
  stateKey,
  stateLabel,
  statesOf,
  sumOf,
  type Listing,
  type Model,
  type StatePlace,
} from './model.ts';
import type { ComparedPair, ComparisonProgress, DiffRequests, FromDiffPage, OperatorCounts, ToDiffPage } from './protocol.ts';
import { createChanges } from './views/changes.ts';
import { createFilters } from './views/filters.ts';
import { renderGrowth } from './views/growth.ts';
import { renderHeader } from './views/header.ts';
import { renderKeyGroups } from './views/keyGroups.ts';
import { renderPositions } from './views/positions.ts';
import { renderSchema } from './views/schema.ts';
import { createStates } from './views/states.ts';
import { renderSummary } from './views/summary.ts';

const PAGE_ROWS = 100;
const VALUE_LIMIT = 2000;
const KEYS = [
  [['F7'], 'next change'],
  [['↑', '↓'], 'rows'],
  [['←', '→'], 'fold, unfold'],
  [['Enter'], 'open side by side'],
  [['F6'], 'next panel'],
  [['/'], 'filter'],
] as const;

export interface DiffPage {
  receive(message: ToDiffPage): void;
}

/**
 * Puts the page together: one model, views redrawn at most once a frame.
 * @param root the body of the page; keys are heard there
 * @param post sends to the extension
 */
export function createDiffPage(root: HTMLElement, post: (message: FromDiffPage) => void): DiffPage {
  const model: Model = emptyModel();
  const remote = new Remote<DiffRequests, ComparisonProgress>(post);
  const schedule = oncePerFrame(draw);
  let comparing: Call<unknown> | null = null;
  /** Counts the comparisons: answers to an earlier one are of no use. */
  let turn = 0;

  const actions: Actions = {
    swap: () => {
      const { pair } = model;
      if (pair === null) return;
      const renames = pair.renames.map(([from, to]) => [to, from] as const);
      compare({ ...pair, before: pair.after, after: pair.before, renames });
    },
    cancel: () => comparing?.cancel(),
    compareAgain: () => {
      if (model.pair !== null) compare(model.pair);
    },
    openSnapshot: (location) => post({ kind: 'openSnapshot', location }),
    openReport: () => post({ kind: 'openReport', json: reportOf(model) }),
    keepPreview: () => post({ kind: 'keepPreview' }),
    discardPreview: () => post({ kind: 'discardPreview' }),
    askIgnore: () => post({ kind: 'askIgnore', ignore: model.pair?.ignore ?? [] }),
    toggleChange: (change) => {
      if (!model.shown.delete(change)) model.shown.add(change);
      readAnew();
    },
    toggleSame: () => {
      model.showsSame = !model.showsSame;
      schedule();
    },
    setOperator: (operator) => {
      model.operator = operator;
      model.state = null;
      schedule();
    },
    setState: (state) => {
      model.state = state;
      schedule();
    },
    search: () => setKey(filters.input.value.trim()),
    clearSearch: () => {
      filters.input.value = '';
      setKey('');
    },
    acceptRename: (operator) => {
      const found = model.overview?.operators[operator];
      if (found?.before == null) return;
      model.accepted.add(found.before);
      model.changes.overview++;
      say(`${operatorLabel(found)} is taken for the same operator`);
      schedule();
    },
    keepApart,
    select: (place) => {
      if (isSamePlace(model.selected, place)) return;
      model.selected = { operator: place.operator, group: place.group, name: place.name };
      showListing(place);
    },
    foldOperator: (operator, open) => {
      if (open) model.folded.delete(operator);
      else model.folded.add(operator);
      schedule();
    },
    foldAllOperators: () => {
      for (const i of model.overview?.operators.keys() ?? []) model.folded.add(i);
      schedule();
    },
    openListing: (place, open) => {
      listingOf(place).isOpen = open;
      model.row = stateKey(place);
      if (open) void load(place);
      listingsChanged();
    },
    closeListings: () => {
      for (const listing of model.listings.values()) listing.isOpen = false;
      listingsChanged();
    },
    loadMore: (place) => void load(place, true),
    foldEntry: (id, open) => {
      if (open) model.unfolded.add(id);
      else model.unfolded.delete(id);
      schedule();
    },
    selectRow: (id) => {
      model.row = id;
      const row = changes.rows.find((each) => each.id === id);
      if (row !== undefined) model.selected = { operator: row.state.operator, group: row.state.group, name: row.state.name };
      schedule();
    },
    openEntry: (place, row) => {
      if (model.pair === null) return;
      const names = [row.key, row.userKey].flatMap((value) => (value === null ? [] : [plainText(value)]));
      const title = [stateLabel(place), ...names].join(' ');
      post({ kind: 'openEntry', pair: model.pair, selection: selectionOf(model, place), cursor: row.cursor, title });
    },
    nextChange,
    setMeasure: (measure) => {
      model.measure = measure;
      schedule();
    },
    showLog: () => post({ kind: 'showLog' }),
  };

  const header = element('header', { class: 'diff-head', 'aria-label': 'Snapshots', tabindex: '-1' });
  const summary = region('Summary', 'summary');
  const filterRow = element('div', { class: 'toolbar', role: 'search', 'aria-label': 'Filters' });
  const statesRegion = region('Operators and states', 'panel states');
  const growthRegion = region('Growth', 'panel growth');
  const keyGroupsRegion = region('Key groups', 'panel');
  const positionsRegion = region('Source offsets', 'panel');
  const schemaRegion = region('Schema', 'schema-panel');
  const changesRegion = region('Changes', 'changes');
  const side = element('div', { class: 'diff-side' }, statesRegion, growthRegion, keyGroupsRegion, positionsRegion);
  const body = element('div', { class: 'diff-body' }, side, element('div', { class: 'diff-content' }, schemaRegion, changesRegion));
  const notice = element('div', { class: 'whole' });
  const live = element('div', { class: 'screen-reader', role: 'status', 'aria-live': 'polite' });
  root.append(element('main', { class: 'page snapshot-page diff' }, header, summary, filterRow, body, notice, legend(...KEYS), live));

  const filters = createFilters(filterRow, actions);
  const states = createStates(statesRegion, actions, model);
  const changes = createChanges(changesRegion, actions, model);
  const tips = createTips(root);
  const regions: readonly HTMLElement[] = [
    header,
    filterRow,
    statesRegion,
    growthRegion,
    keyGroupsRegion,
    positionsRegion,
    schemaRegion,
    changesRegion,
  ];
  root.addEventListener('keydown', onKey);
  if (typeof ResizeObserver === 'function') {
    const observer = new ResizeObserver(() => {
      model.changes.width++;
      // How many rows there are in view depends on it.
      model.changes.listings++;
      schedule();
    });
    observer.observe(side);
    observer.observe(changesRegion);
  }
  draw();

  function receive(message: ToDiffPage): void {
    switch (message.kind) {
      case 'pair':
        model.isPreview = message.isPreview === true;
        compare({ before: message.before, after: message.after, renames: [...(message.renames ?? [])], usesProposals: true, ignore: [] });
        return;
      case 'ignore':
        if (model.pair !== null) compare({ ...model.pair, ignore: message.ignore });
        return;
      default:
        remote.receive(message);
    }
  }

  /** What the user has set stays as it is, as far as it means the same. */
  function compare(pair: ComparedPair): void {
    comparing?.cancel();
    turn++;
    const { isPreview, shown, showsSame, key, measure, accepted, changes: counters } = model;
    Object.assign(model, emptyModel(), { pair, isPreview, shown, showsSame, key, measure, accepted, changes: counters });
    everythingChanged();
    void open(pair, turn);
  }

  async function open(pair: ComparedPair, of: number): Promise<void> {
    try {
      const overview = await remote.call('open', pair).result;
      if (of !== turn) return;
      model.overview = overview;
      say(`${overview.before.name} and ${overview.after.name}: ${plural(overview.operators.length, 'operator')}`);
      everythingChanged();
      run(pair, of);
    } catch (error) {
      if (of !== turn) return;
      model.failure = reasonOf(error);
      say(`The two cannot be compared: ${model.failure}`);
      schedule();
    }
  }

  function run(pair: ComparedPair, of: number): void {
    model.comparing = { ...notBegun, phase: 'running', startedAt: performance.now() };
    const call = remote.call('run', pair, ({ bytesRead, bytesTotal, operators }) => {
      if (of !== turn) return;
      model.comparing = { ...model.comparing, bytesRead, bytesTotal };
      addCounts(operators);
      schedule();
    });
    comparing = call;
    call.result.then(
      ({ operators }) => {
        if (of !== turn) return;
        addCounts(operators);
        model.comparing = { ...model.comparing, phase: 'done' };
        const { added, removed, changed } = sumOf(allStates(model));
        say(`Compared: ${exact(added)} added, ${exact(removed)} removed, ${exact(changed)} changed`);
        model.changes.counts++;
        schedule();
      },
      (error: unknown) => {
        if (of !== turn) return;
        const isCancelled = error instanceof Cancelled;
        model.comparing = { ...model.comparing, phase: isCancelled ? 'stopped' : 'failed', reason: reasonOf(error) };
        say(isCancelled ? 'The comparison is cancelled' : `The comparison stopped: ${reasonOf(error)}`);
        model.changes.counts++;
        schedule();
      },
    );
    schedule();
  }

  function addCounts(operators: readonly OperatorCounts[]): void {
    if (operators.length === 0) return;
    for (const counts of operators) {
      const known = model.counts.get(counts.operator);
      if (known?.isFinal === true && !counts.isFinal) continue;
      model.counts.set(counts.operator, counts);
    }
    model.changes.counts++;
    selectFirst(operators);
  }

  /** What has changed most in the first operator that is known, so that there is something to see at once. */
  function selectFirst(reported: readonly OperatorCounts[]): void {
    if (model.selected !== null) return;
    const [first] = reported
      .filter(({ isFinal }) => isFinal)
      .flatMap(({ operator }) => statesOf(model, operator))
      .map((state) => ({ state, count: state.counts === null ? 0 : differing(state.counts) }))
      .filter(({ count }) => count > 0)
      .sort((a, b) => b.count - a.count);
    if (first === undefined) return;
    const { operator, group, name } = first.state;
    model.selected = { operator, group, name };
    showListing(model.selected);
  }

  function showListing(place: StatePlace): void {
    listingOf(place).isOpen = true;
    model.row = model.reveal = stateKey(place);
    void load(place);
    listingsChanged();
  }

  function keepApart(operator: number): void {
    const { pair, overview } = model;
    if (pair === null || overview === null) return;
    const others = overview.operators.flatMap((each, i): ComparedPair['renames'] =>
      i !== operator && each.matchedBy === 'proposal' && each.before !== null && each.after !== null ? [[each.before, each.after]] : [],
    );
    compare({ ...pair, usesProposals: false, renames: [...pair.renames, ...others] });
  }

  function setKey(key: string): void {
    if (model.key === key) return;
    model.key = key;
    readAnew();
  }

  /** Entries that were read are not those that are wanted now. */
  function readAnew(): void {
    const open = [...model.listings].filter(([, { isOpen }]) => isOpen).map(([key]) => key);
    model.listings.clear();
    model.unfolded.clear();
    for (const state of allStates(model)) if (open.includes(stateKey(state)) && isListed(model, state)) showListing(state);
    listingsChanged();
  }

  function listingOf(place: StatePlace): Listing {
    const key = stateKey(place);
    const known = model.listings.get(key);
    if (known !== undefined) return known;
    const made: Listing = { isOpen: false, phase: 'idle', rows: [], cursor: null, reason: null };
    model.listings.set(key, made);
    return made;
  }

  async function load(place: StatePlace, goesOn = false): Promise<void> {
    const listing = listingOf(place);
    const { pair } = model;
    if (pair === null || listing.phase === 'running' || (listing.phase !== 'idle' && !goesOn)) return;
    listing.phase = 'running';
    const hadMore = model.row === `${stateKey(place)}\nmore`;
    listingsChanged();
    try {
      const request = { ...pair, ...selectionOf(model, place), cursor: listing.cursor, limit: PAGE_ROWS, valueLimit: VALUE_LIMIT };
      const page = await remote.call('entries', request).result;
      // The place of "more" is where the reader goes on.
      const [first] = page.rows;
      if (hadMore && first !== undefined) model.row = `${stateKey(place)}\n${first.cursor}`;
      listing.rows.push(...page.rows);
      listing.cursor = page.cursor;
      listing.phase = 'done';
      say(`${plural(page.rows.length, 'changed entry', 'changed entries')} of ${stateLabel(place)} shown`);
    } catch (error) {
      listing.phase = 'failed';
      listing.reason = reasonOf(error);
      say(`The entries could not be read: ${listing.reason}`);
    }
    listingsChanged();
  }

  function listingsChanged(): void {
    model.changes.listings++;
    schedule();
  }

  function everythingChanged(): void {
    model.changes.overview++;
    model.changes.counts++;
    listingsChanged();
  }

  /** F7 goes on to the next entry that has changed, and opens what is on the way. */
  function nextChange(backwards: boolean): void {
    const { rows } = changes;
    const at = rows.findIndex(({ id }) => id === model.row);
    const step = backwards ? -1 : 1;
    for (let i = at + step; i >= 0 && i < rows.length; i += step) {
      const row = rows[i];
      if (row === undefined || row.is === 'field' || row.is === 'note') continue;
      if (row.is === 'state' && (backwards || row.listing?.isOpen === true)) continue;
      if (row.is === 'state') actions.openListing(row.state, true);
      else if (row.is === 'more') {
        model.row = row.id;
        actions.loadMore(row.state);
      } else actions.selectRow(row.id);
      break;
    }
    changes.root.focus();
  }

  function onKey(event: KeyboardEvent): void {
    const isTyping = event.target instanceof HTMLInputElement;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'F6') {
      if (!nextRegion(regions, event.shiftKey, focusInto)) return;
      // VS Code hears all keys of its pages, and would go to its own next part.
      event.stopPropagation();
    } else if (event.key === 'F7') {
      nextChange(event.shiftKey);
      event.stopPropagation();
    } else if (event.key === 'Escape') {
      if (!tips.hide() && document.activeElement === filters.input) actions.clearSearch();
    } else if (event.key === '/' && !isTyping) {
      filters.input.focus();
      filters.input.select();
    } else return;
    event.preventDefault();
  }

  function focusInto(target: HTMLElement): void {
    if (target === filterRow) filters.input.focus();
    else focusFirstStop(target);
  }

  function say(text: string): void {
    live.textContent = text;
  }

  function draw(): void {
    const isOpen = model.overview !== null && model.failure === null;
    for (const part of [header, summary, filterRow, body]) part.hidden = !isOpen;
    notice.hidden = isOpen;
    if (!isOpen) {
      drawNotice();
      return;
    }
    renderHeader(header, model, actions);
    renderSummary(summary, model);
    filters.render(model);
    states.render(model);
    renderGrowth(growthRegion, model, actions);
    renderKeyGroups(keyGroupsRegion, model);
    renderPositions(positionsRegion, model);
    renderSchema(schemaRegion, model);
    changes.render(model);
  }

  function drawNotice(): void {
    if (model.failure === null) {
      notice.replaceChildren(element('div', { class: 'state-panel' }, element('b', {}, 'Matching operators')));
      return;
    }
    const { compareAgain: retry, showLog } = actions;
    notice.replaceChildren(failurePanel('The two cannot be compared', model.failure, { retry, showLog }));
  }

  return { receive };
}

/** Counts by operator and state, without entries. */
function reportOf({ overview, counts, comparing, pair }: Model): string {
  const operators = (overview?.operators ?? []).map((operator, i) => {
    const found = counts.get(i);
    const countsOf = new Map(found?.states.map((state) => [`${state.group}\n${state.name}`, state.counts]));
    const states = operator.states.map((state) => ({ ...state, counts: countsOf.get(`${state.group}\n${state.name}`) ?? null }));
    return { ...operator, states, sharedBytes: found?.sharedBytes ?? 0 };
  });
  const complete = comparing.phase === 'done';
  const sides = { before: pair?.before, after: pair?.after };
  return `${JSON.stringify({ ...sides, ignore: pair?.ignore ?? [], complete, operators, positions: overview?.positions ?? [] }, null, 2)}\n`;
}
