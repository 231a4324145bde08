import { max, scaleBand, scaleLinear } from 'd3';
import { bytes } from '../../format.ts';
import { button, element, whenChanged } from '../../views/element.ts';
import { chart, nodeOf } from '../../snapshot/charts.ts';
import { exactBytes, figure, plural } from '../../snapshot/figures.ts';
import { heading, hint } from '../../snapshot/parts.ts';
import type { Actions } from '../actions.ts';
import { allStates, isListed, operatorLabel, stateLabel, type KnownState, type Measure, type Model } from '../model.ts';
import { difference, growth } from './signs.ts';

const SHOWN = 6;
const ROW = 20;
const LABEL = 160;
const NUMBERS = 132;

/** Entries or bytes of each state before and after: where the state grows. */
export function renderGrowth(root: HTMLElement, model: Model, actions: Actions): void {
  const { changes, measure, operator, state } = model;
  whenChanged(root, JSON.stringify([changes.overview, changes.counts, changes.width, measure, operator, state]), () => {
    const known = allStates(model)
      .filter((each) => isListed(model, each))
      .flatMap((each) => (each.counts === null ? [] : [sized(each, measure)]))
      .filter(({ before, after }) => before + after > 0);
    const grown = known
      .filter(({ before, after }) => before !== after)
      .sort((a, b) => Math.abs(b.after - b.before) - Math.abs(a.after - a.before) || b.after - a.after);
    root.hidden = known.length === 0;
    if (known.length === 0) return [];
    if (grown.length === 0)
      return [heading('Growth', '', measures(measure, actions)), hint(`Every state has as many ${measure} in B as in A.`)];
    const shown = grown.slice(0, SHOWN);
    const caption =
      grown.length > SHOWN ? `the ${String(SHOWN)} of ${plural(grown.length, 'state')} that moved most` : 'those that moved most first';
    return [
      heading('Growth', caption, legend(), measures(measure, actions)),
      element('div', { class: 'inset' }, bars(shown, model, Math.max(320, root.clientWidth - 24))),
    ];
  });
}

interface Sized {
  readonly state: KnownState;
  readonly before: number;
  readonly after: number;
}

function sized(state: KnownState, measure: Measure): Sized {
  const { added, removed, changed, same, bytesBefore, bytesAfter } = state.counts ?? nothing;
  if (measure === 'bytes') return { state, before: bytesBefore, after: bytesAfter };
  return { state, before: same + changed + removed, after: same + changed + added };
}

const nothing = { added: 0, removed: 0, changed: 0, same: 0, bytesBefore: 0, bytesAfter: 0 };

function measures(chosen: Measure, actions: Actions): HTMLElement {
  return element(
    'span',
    { class: 'segments', role: 'group', 'aria-label': 'Measure' },
    ...(['entries', 'bytes'] as const).map((measure) =>
      button(measure === 'entries' ? 'Entries' : 'Bytes', null, () => actions.setMeasure(measure), {
        'aria-pressed': String(measure === chosen),
      }),
    ),
  );
}

export function legend(): HTMLElement {
  return element(
    'span',
    { class: 'row caption' },
    element('i', { class: 'swatch-before', 'aria-hidden': 'true' }),
    'A',
    element('i', { class: 'swatch-after', 'aria-hidden': 'true' }),
    'B',
  );
}

function bars(shown: readonly Sized[], model: Model, width: number): SVGSVGElement {
  const say = model.measure === 'bytes' ? bytes : figure;
  const tip = model.measure === 'bytes' ? exactBytes : (value: number): string => `${value.toLocaleString('en-US')} entries`;
  const svg = chart(width, shown.length * ROW + 4, null)
    .attr('role', 'list')
    .attr('aria-label', `Growth in ${model.measure} of states`);
  const x = scaleLinear([0, max(shown, ({ before, after }) => Math.max(before, after)) ?? 1], [LABEL, width - NUMBERS]);
  const y = scaleBand(
    shown.map((_, i) => String(i)),
    [0, shown.length * ROW],
  );
  for (const [i, { state, before, after }] of shown.entries()) {
    const label = `${operatorLabel(model.overview?.operators[state.operator] ?? nobody)} › ${stateLabel(state)}`;
    const more = growth(before, after);
    const row = svg
      .append('g')
      .attr('role', 'listitem')
      .attr('transform', `translate(0,${String(y(String(i)) ?? 0)})`)
      .attr('aria-label', `${label}: ${say(before)} before, ${say(after)} after`)
      .attr('data-tip', `${label}\nA ${tip(before)}\nB ${tip(after)}`);
    row.append('rect').attr('class', 'hit').attr('width', width).attr('height', ROW);
    row
      .append('text')
      .attr('class', 'small')
      .attr('x', 0)
      .attr('y', 14)
      .text(fitted(label, LABEL - 12));
    row
      .append('rect')
      .attr('class', 'bar')
      .attr('x', LABEL)
      .attr('y', 5)
      .attr('width', Math.max(after > 0 ? 1 : 0, x(after) - LABEL))
      .attr('height', 10);
    row
      .append('rect')
      .attr('class', 'before-mark')
      .attr('x', x(before) - 1)
      .attr('y', 2)
      .attr('width', 2)
      .attr('height', 16);
    row
      .append('text')
      .attr('class', 'small')
      .attr('x', width - 58)
      .attr('y', 14)
      .attr('text-anchor', 'end')
      .text(difference(after - before, say));
    row
      .append('text')
      .attr('class', 'caption')
      .attr('x', width)
      .attr('y', 14)
      .attr('text-anchor', 'end')
      .text(more ?? 'new');
  }
  return nodeOf(svg);
}

/** About 6 px a character. */
function fitted(text: string, width: number): string {
  const most = Math.floor(width / 6);
  return text.length <= most ? text : `…${text.slice(text.length - most + 1)}`;
}

const nobody = { labelAfter: null, labelBefore: null } as Parameters<typeof operatorLabel>[0];
