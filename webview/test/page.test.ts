import { beforeEach, describe, expect, it } from 'vitest';
import type { ElkNode } from 'elkjs/lib/elk-api.js';
import { createPage, type Page } from '../src/page.ts';
import type { FromPage } from '../src/protocol.ts';
import { flightsPlan, statusAt } from './samplePlan.ts';

/** Stands in for elkjs: operators in a row, so that pictures do not depend on its version. */
const inARow = {
  layout: (graph: ElkNode): Promise<ElkNode> => {
    let x = 0;
    const place = (node: ElkNode): ElkNode => {
      const children = node.children?.map(place);
      const placed = { ...node, x, y: 10, ...(children === undefined ? {} : { width: 500, height: 160, children }) };
      if (children === undefined) x += 240;
      return placed;
    };
    return Promise.resolve({ ...graph, width: 2200, height: 200, children: graph.children!.map(place) });
  },
};

let page: Page;
let root: HTMLElement;
let posted: FromPage[];

const frame = () => new Promise<void>((resolve) => requestAnimationFrame(() => resolve()));
const settled = async () => {
  for (let i = 0; i < 4; i++) await frame();
};
const press = (key: string) =>
  (root.contains(document.activeElement) ? document.activeElement! : root).dispatchEvent(
    new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }),
  );
const node = (uid: string) => document.querySelector<SVGGElement>(`g.node[data-uid="${uid}"]`)!;

beforeEach(async () => {
  root = document.createElement('div');
  document.body.replaceChildren(root);
  posted = [];
  page = createPage(root, (message) => posted.push(message), inARow);
  page.dispatch({
    kind: 'run',
    run: {
      pipeline: 'departure-delays',
      program: '/projects/a.pipeline.ts',
      startedAt: 1_700_000_000_000,
      restoredFrom: null,
      canOpenSource: true,
      canPause: true,
    },
  });
  page.dispatch({ kind: 'plan', plan: flightsPlan });
  for (let tick = 0; tick < 90; tick++) page.dispatch({ kind: 'status', status: statusAt(flightsPlan, tick) });
  await settled();
});

describe('page', () => {
  it('shows every operator with a sentence for screen readers, one of them in the tab order', () => {
    const nodes = [...document.querySelectorAll('g.node')];
    expect(nodes).toHaveLength(flightsPlan.operators.length);
    expect(node('late-streaks').getAttribute('aria-label')).toMatch(
      /^keyed process late-streaks, 4 subtasks, [\d,]+ records in, [\d,]+ out, rate .*, state .*, watermark 200\d-\d\d-/,
    );
    expect(nodes.filter((each) => each.getAttribute('tabindex') === '0')).toHaveLength(1);
  });

  it('follows edges with the arrows and opens the source with Enter', async () => {
    node('flights').focus();
    press('ArrowRight');
    await settled();
    expect(document.activeElement?.getAttribute('data-uid')).toBe('event-time');
    press('ArrowRight');
    await settled();
    press('Enter');
    expect(posted.at(-1)).toEqual({ kind: 'openSource', uid: 'enrich' });
  });

  it('goes to siblings with brackets', async () => {
    node('late-streaks').focus();
    press(']');
    await settled();
    expect(document.activeElement?.getAttribute('data-uid')).toBe('hourly-delay');
  });

  it('has a table twin with the same operators', async () => {
    press('t');
    await settled();
    const rows = [...document.querySelectorAll('.table tbody tr')];
    expect(rows.map((row) => row.getAttribute('data-uid'))).toEqual(flightsPlan.operators.map((operator) => operator.uid));
    expect([...document.querySelectorAll('.table th')].map((cell) => cell.textContent)).toContain('Watermark');
  });

  it('finds operators', async () => {
    page.dispatch({ kind: 'query', query: 'streak' });
    await settled();
    expect(node('flights').classList.contains('dimmed')).toBe(true);
    expect(node('late-streaks').classList.contains('dimmed')).toBe(false);
  });

  it('describes the selected operator: subtasks, states, counters, ways', async () => {
    page.dispatch({ kind: 'select', uid: 'late-streaks' });
    await settled();
    const text = document.querySelector('.detail')!.textContent;
    expect(document.querySelectorAll('.detail [aria-label="Subtasks"] tbody tr')).toHaveLength(4);
    expect(text).toContain('map<string, long>');
    expect(text).toContain('late106');
    expect(text).toContain('fromenrich');
  });

  it('sends commands, and none once the run has ended', async () => {
    press('s');
    press('p');
    expect(posted).toEqual([{ kind: 'savepoint' }, { kind: 'pause' }]);
    page.dispatch({ kind: 'status', status: statusAt(flightsPlan, 91, 'paused') });
    await settled();
    press('p');
    expect(posted.at(-1)).toEqual({ kind: 'resume' });
    page.dispatch({ kind: 'status', status: statusAt(flightsPlan, 92, 'finished') });
    await settled();
    posted.length = 0;
    press('s');
    press('p');
    expect(posted).toEqual([]);
    expect(
      [...document.querySelectorAll<HTMLButtonElement>('.toolbar .button')]
        .filter((each) => !each.disabled)
        .map((each) => each.firstChild?.textContent),
    ).toEqual(['Graph', 'Table']);
  });

  it('says what failed', async () => {
    page.dispatch({ kind: 'notice', severity: 'error', text: 'late-streaks: boom at a.pipeline.ts:31' });
    await settled();
    expect(document.querySelector('.callout.error')!.textContent).toContain('a.pipeline.ts:31');
    expect(document.querySelector('[aria-live]')!.textContent).toContain('boom');
  });

  it('draws the same picture for the same messages', async () => {
    await expect(document.querySelector('.canvas svg')!.outerHTML.replace(/></g, '>\n<')).toMatchFileSnapshot('golden/flights.svg');
  });
});
