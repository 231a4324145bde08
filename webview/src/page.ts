import { oncePerFrame } from './views/oncePerFrame.ts';
import { onKey } from './keyboard.ts';
import { layoutKey, layoutPlan, type Layout, type LayoutEngine } from './layout/layout.ts';
import { emptyModel, isEnded, reduce, type Action, type Model } from './store.ts';
import type { FromPage } from './protocol.ts';
import { renderCheckpoints } from './views/checkpoints.ts';
import { renderDetail } from './views/detail.ts';
import { button, element } from './views/element.ts';
import { createGraph } from './views/graph.ts';
import { renderHeadline, sentence } from './views/headline.ts';
import { renderTable } from './views/table.ts';
import { renderToolbar, type Commands } from './views/toolbar.ts';

export interface Page {
  dispatch(action: Action): void;
}

/**
 * Puts the page together: one model, one `dispatch`, views redrawn at most once a frame.
 * @param root the body of the page; keys are heard there
 * @param post sends to the host
 * @param engine lays graphs out, off this thread
 */
export function createPage(root: HTMLElement, post: (message: FromPage) => void, engine: LayoutEngine): Page {
  let model: Model = emptyModel;
  let layout: Layout | null = null;
  let layoutFor = '';
  const schedule = oncePerFrame(draw);

  const commands: Commands = { dispatch, post };
  const toolbar = element('div', { class: 'toolbar', role: 'toolbar', 'aria-label': 'Pipeline' });
  const headline = element('div', { class: 'headline' });
  const canvas = element('div', { class: 'canvas' });
  const table = element('div', { class: 'table', hidden: '' });
  const empty = element('div', { class: 'empty' });
  const detail = element('aside', { class: 'detail', 'aria-label': 'Operator', tabindex: '-1' });
  const checkpoints = element('section', { class: 'checkpoints', 'aria-label': 'Checkpoints', tabindex: '-1' });
  const live = element('div', { class: 'screen-reader', 'aria-live': 'polite' });
  const graph = createGraph(canvas, commands, schedule);
  const zoomButtons = element(
    'div',
    { class: 'zoom', role: 'group', 'aria-label': 'Zoom' },
    button('−', null, () => graph.zoomBy(0.8), { 'aria-label': 'Zoom out' }),
    button('+', null, () => graph.zoomBy(1.25), { 'aria-label': 'Zoom in' }),
    button('Fit', '0', () => graph.fit()),
  );
  const main = element('div', { class: 'main' }, canvas, table, empty, zoomButtons, legend());
  root.append(
    element(
      'main',
      { class: 'page' },
      toolbar,
      headline,
      element('div', { class: 'body' }, element('div', { class: 'left' }, main, checkpoints), detail),
      live,
    ),
  );

  const regions: readonly HTMLElement[] = [toolbar, main, detail, checkpoints];
  root.addEventListener('keydown', (event) => {
    onKey(event, model, commands, {
      fit: () => graph.fit(),
      focusOperator,
      focusSearch: () => toolbar.querySelector('input')?.focus(),
      nextRegion,
    });
  });
  if (typeof ResizeObserver === 'function') new ResizeObserver(() => graph.fit()).observe(canvas);
  draw();

  function dispatch(action: Action): void {
    const before = model.selected;
    model = reduce(model, action);
    if (
      action.kind === 'reveal' ||
      (action.kind === 'select' && model.selected !== before && model.selected !== null && layout !== null && layout.nodes.size > 60)
    ) {
      graph.centre(model.selected ?? '');
    }
    schedule();
  }

  function draw(): void {
    renderToolbar(toolbar, model, commands);
    renderHeadline(headline, model);
    renderDetail(detail, model, commands);
    renderCheckpoints(checkpoints, model);
    const said = sentence(model);
    if (live.textContent !== said && !said.startsWith('Running')) live.textContent = said;
    drawPlan();
  }

  function drawPlan(): void {
    const { plan } = model;
    const asTable = model.view === 'table';
    canvas.hidden = asTable || plan === null;
    zoomButtons.hidden = canvas.hidden;
    table.hidden = !asTable || plan === null;
    empty.hidden = plan !== null && (layout !== null || asTable);
    empty.textContent =
      plan !== null
        ? 'Laying out the graph'
        : model.run === null
          ? 'No pipeline is running. Start one with F5, or with `tidemark run --ui` in a terminal.'
          : isEnded(model)
            ? `${model.run.pipeline} has ended before it could be shown.`
            : `Starting ${model.run.pipeline}`;
    if (plan === null) return;
    if (asTable) {
      renderTable(table, model, commands);
      return;
    }
    const key = layoutKey(plan);
    if (key !== layoutFor) {
      layoutFor = key;
      layoutPlan(plan, engine).then(
        (done) => {
          if (layoutFor !== key) return;
          layout = done;
          draw();
        },
        (error: unknown) =>
          dispatch({
            kind: 'notice',
            severity: 'error',
            text: `The graph could not be laid out: ${String(error)}. The table shows the same.`,
          }),
      );
    }
    if (layout !== null) graph.render(model, layout);
  }

  function focusOperator(uid: string): void {
    requestAnimationFrame(() => {
      if (model.view === 'graph') graph.focus(uid);
      else table.querySelector<HTMLElement>(`tr[data-uid="${CSS.escape(uid)}"]`)?.focus();
    });
  }

  function nextRegion(backwards: boolean): void {
    const at = regions.findIndex((region) => region.contains(document.activeElement));
    const next = regions[(at + (backwards ? regions.length - 1 : 1) + (at < 0 && backwards ? 1 : 0)) % regions.length];
    (next?.querySelector<HTMLElement>('[tabindex="0"], button:not([disabled]), input') ?? next)?.focus();
  }

  return { dispatch };
}

function legend(): HTMLElement {
  const entry = (swatch: string, text: string) =>
    element('span', {}, element('i', { class: `swatch ${swatch}`, 'aria-hidden': 'true' }), text);
  return element(
    'div',
    { class: 'legend' },
    entry('busy', "busy: share of the engine's thread"),
    entry('broadcast', 'broadcast'),
    entry('side', 'side output'),
  );
}
