import { duration } from '../format.ts';
import type { FromPage } from '../protocol.ts';
import { isEnded, stateOf, type Action, type Model } from '../store.ts';
import { button, element, whenChanged } from './element.ts';

export interface Commands {
  dispatch(action: Action): void;
  post(message: FromPage): void;
}

/** What runs and what can be done with it. */
export function renderToolbar(root: HTMLElement, model: Model, commands: Commands): void {
  const state = stateOf(model);
  const ended = isEnded(model) || !model.connected;
  const live = model.run !== null && !ended;
  whenChanged(root, JSON.stringify([model.run, state, model.view, model.connected]), () => [
    element('span', { class: `dot ${state}`, 'aria-hidden': 'true' }),
    element('h1', {}, model.run?.pipeline ?? model.plan?.pipeline ?? 'No pipeline'),
    element('span', { class: 'secondary', id: 'running-for' }),
    element('span', { class: 'separator' }),
    ...(model.run?.canPause === true
      ? [
          state === 'paused'
            ? button('Continue', 'P', () => commands.post({ kind: 'resume' }), { disabled: live ? null : '' })
            : button('Pause', 'P', () => commands.post({ kind: 'pause' }), { disabled: live ? null : '' }),
        ]
      : []),
    button('Savepoint', 'S', () => commands.post({ kind: 'savepoint' }), { disabled: live ? null : '' }),
    button('Stop with savepoint', null, () => commands.post({ kind: 'stopWithSavepoint' }), { disabled: live ? null : '' }),
    element('span', { class: 'grow' }),
    searchField(model, commands),
    element(
      'div',
      { class: 'segments', role: 'group', 'aria-label': 'View' },
      button('Graph', null, () => commands.dispatch({ kind: 'view', view: 'graph' }), { 'aria-pressed': String(model.view === 'graph') }),
      button('Table', 'T', () => commands.dispatch({ kind: 'view', view: 'table' }), { 'aria-pressed': String(model.view === 'table') }),
    ),
  ]);
  const runningFor = root.querySelector('#running-for');
  if (runningFor !== null) runningFor.textContent = runText(model, state);
}

function searchField(model: Model, commands: Commands): HTMLElement {
  const input = element('input', { type: 'search', placeholder: 'Find operator', 'aria-label': 'Find operator', 'aria-keyshortcuts': '/' });
  input.value = model.query;
  input.addEventListener('input', () => commands.dispatch({ kind: 'query', query: input.value }));
  return element('label', { class: 'search' }, input, element('kbd', {}, '/'));
}

function runText(model: Model, state: string): string {
  if (!model.connected) return 'connection lost; this is the last picture';
  if (model.status === null) return state === 'none' ? '' : state;
  return `${state} ${duration(model.status.now - model.status.startedAt)}`;
}
