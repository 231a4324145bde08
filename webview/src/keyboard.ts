import { neighbours, type Model } from './store.ts';
import { isEnded } from './store.ts';
import type { Commands } from './views/toolbar.ts';

export interface Moves {
  fit(): void;
  focusOperator(uid: string): void;
  focusSearch(): void;
  nextRegion(backwards: boolean): void;
}

/** One place for all keys. Arrows follow edges, brackets go to siblings; letters do what the toolbar does. */
export function onKey(event: KeyboardEvent, model: Model, commands: Commands, moves: Moves): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === 'F6') {
    moves.nextRegion(event.shiftKey);
    event.preventDefault();
    return;
  }
  const target = event.target as Element | null;
  if (target instanceof HTMLInputElement) {
    if (event.key === 'Escape') {
      commands.dispatch({ kind: 'query', query: '' });
      target.value = '';
      target.blur();
    }
    return;
  }
  const inOperators = target?.closest('.node, tr[data-uid]') !== null;
  if (handle(event.key, model, commands, moves, inOperators)) event.preventDefault();
}

function handle(key: string, model: Model, commands: Commands, moves: Moves, inOperators: boolean): boolean {
  switch (key) {
    case '/':
      moves.focusSearch();
      return true;
    case 't':
    case 'T':
      commands.dispatch({ kind: 'view', view: model.view === 'graph' ? 'table' : 'graph' });
      if (model.selected !== null) moves.focusOperator(model.selected);
      return true;
    case '0':
      moves.fit();
      return true;
    case 'p':
    case 'P':
      if (model.run?.canPause === true && !isEnded(model)) commands.post({ kind: model.status?.state === 'paused' ? 'resume' : 'pause' });
      return true;
    case 's':
    case 'S':
      if (model.run !== null && !isEnded(model)) commands.post({ kind: 'savepoint' });
      return true;
    case 'Escape':
      commands.dispatch({ kind: 'select', uid: null });
      return true;
    default:
      return inOperators && moveOrOpen(key, model, commands, moves);
  }
}

function moveOrOpen(key: string, model: Model, commands: Commands, moves: Moves): boolean {
  const current = document.activeElement?.closest('[data-uid]')?.getAttribute('data-uid') ?? null;
  if (current === null || model.plan === null) return false;
  if (key === 'Enter' && model.selected === current) {
    commands.post({ kind: 'openSource', uid: current });
    return true;
  }
  if (key === 'Enter' || key === ' ') {
    commands.dispatch({ kind: 'select', uid: current });
    return true;
  }
  const next = neighbourInDirection(key, current, model);
  if (next === null) return false;
  commands.dispatch({ kind: 'select', uid: next });
  moves.focusOperator(next);
  return true;
}

function neighbourInDirection(key: string, uid: string, model: Model): string | null {
  const plan = model.plan;
  if (plan === null) return null;
  const order = plan.operators.map((operator) => operator.uid);
  const step = (list: readonly string[], by: number) => list[list.indexOf(uid) + by] ?? null;
  switch (key) {
    case 'ArrowRight':
      return model.view === 'table' ? null : (neighbours(plan.edges, uid, 'downstream')[0] ?? null);
    case 'ArrowLeft':
      return model.view === 'table' ? null : (neighbours(plan.edges, uid, 'upstream')[0] ?? null);
    case 'ArrowDown':
      return model.view === 'table' ? step(order, 1) : step(siblings(uid, model), 1);
    case 'ArrowUp':
      return model.view === 'table' ? step(order, -1) : step(siblings(uid, model), -1);
    case ']':
      return step(siblings(uid, model), 1);
    case '[':
      return step(siblings(uid, model), -1);
    default:
      return null;
  }
}

/** Operators that share an input with this one, in the plan's order; all sources for a source. */
function siblings(uid: string, model: Model): string[] {
  const edges = model.plan?.edges ?? [];
  const order = model.plan?.operators.map((operator) => operator.uid) ?? [];
  const parents = neighbours(edges, uid, 'upstream');
  return order.filter((other) => {
    const theirs = neighbours(edges, other, 'upstream');
    return parents.length === 0 ? theirs.length === 0 : theirs.some((parent) => parents.includes(parent));
  });
}
