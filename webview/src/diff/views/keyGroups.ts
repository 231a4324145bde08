import { max, mean, range, scaleBand, scaleSqrt } from 'd3';
import { bytes } from '../../format.ts';
import { element, whenChanged } from '../../views/element.ts';
import { chart, nodeOf } from '../../snapshot/charts.ts';
import { exactBytes } from '../../snapshot/figures.ts';
import { heading, hint } from '../../snapshot/parts.ts';
import { operatorLabel, type Model } from '../model.ts';
import { legend } from './growth.ts';
import { difference } from './signs.ts';

const HEIGHT = 92;
const BASE = 72;
const AXIS = 52;
const BARS_MAX = 256;

/** Skew of the selected operator before and after: bytes by key group. */
export function renderKeyGroups(root: HTMLElement, model: Model): void {
  const index = model.operator ?? model.selected?.operator ?? null;
  const operator = index === null ? undefined : model.overview?.operators[index];
  const groups = index === null ? null : (model.counts.get(index)?.keyGroups ?? null);
  root.hidden = operator === undefined;
  whenChanged(
    root,
    JSON.stringify([model.changes.overview, index, groups !== null, model.counts.get(index ?? -1)?.isFinal, model.changes.width]),
    () => {
      if (operator === undefined || index === null) return [];
      const title = `Key groups of ${operatorLabel(operator)}`;
      if (groups === null || Math.max(...groups.before, ...groups.after) <= 0) {
        const isFinal = model.counts.get(index)?.isFinal === true;
        const text = isFinal ? 'This operator has no keyed state.' : 'They are known when the operator has been compared.';
        return [heading(title, ''), hint(text)];
      }
      const before = compacted(groups.before);
      const after = compacted(groups.after);
      return [
        heading(title, `max ${skew(before)} → ${skew(after)} × mean · square root of bytes`, legend()),
        element('div', { class: 'inset' }, picture(before, after, groups, Math.max(320, root.clientWidth - 24))),
      ];
    },
  );
}

function skew(groups: readonly number[]): string {
  const average = mean(groups) ?? 0;
  return average === 0 ? '–' : ((max(groups) ?? 0) / average).toFixed(1);
}

/** More key groups than a picture has room for are put together. */
function compacted(groups: readonly number[]): number[] {
  const size = Math.ceil(groups.length / BARS_MAX);
  if (size <= 1) return [...groups];
  return range(0, groups.length, size).map((from) => groups.slice(from, from + size).reduce((sum, each) => sum + each, 0));
}

function picture(
  before: readonly number[],
  after: readonly number[],
  groups: { readonly before: readonly number[]; readonly after: readonly number[] },
  width: number,
): SVGSVGElement {
  const count = Math.max(before.length, after.length);
  const most = Math.max(max(before) ?? 0, max(after) ?? 0);
  const svg = chart(
    width,
    HEIGHT,
    `Key groups by bytes. Before, the largest has ${skew(before)} times the mean; after, ${skew(after)} times.`,
  );
  const x = scaleBand(range(count).map(String), [AXIS, width]).padding(0.2);
  const y = scaleSqrt([0, most], [BASE, 6]);
  for (const value of [0, most / 4, most]) {
    svg.append('line').attr('class', 'grid').attr('x1', AXIS).attr('x2', width).attr('y1', y(value)).attr('y2', y(value));
    svg
      .append('text')
      .attr('class', 'caption')
      .attr('x', AXIS - 6)
      .attr('y', y(value) + 4)
      .attr('text-anchor', 'end')
      .text(value === 0 ? '0' : bytes(value));
  }
  const size = Math.ceil(Math.max(groups.before.length, groups.after.length) / BARS_MAX) || 1;
  for (const i of range(count)) {
    const [old, now] = [before[i] ?? 0, after[i] ?? 0];
    const at = x(String(i)) ?? 0;
    const name = size === 1 ? `key group ${String(i)}` : `key groups ${String(i * size)} to ${String(i * size + size - 1)}`;
    const one = svg.append('g').attr('data-tip', `${name}\nA ${exactBytes(old)}\nB ${exactBytes(now)}, ${difference(now - old)}`);
    one.append('rect').attr('class', 'hit').attr('x', at).attr('width', x.step()).attr('height', BASE);
    if (now > 0)
      one
        .append('rect')
        .attr('class', 'bar')
        .attr('x', at)
        .attr('width', x.bandwidth())
        .attr('y', y(now))
        .attr('height', BASE - y(now));
    if (old > 0)
      one
        .append('rect')
        .attr('class', 'before-mark')
        .attr('x', at)
        .attr('width', x.bandwidth())
        .attr('y', y(old) - 1)
        .attr('height', 2);
  }
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    const i = Math.min(count - 1, Math.round(share * count));
    svg
      .append('text')
      .attr('class', 'caption')
      .attr('x', (x(String(i)) ?? AXIS) + x.bandwidth() / 2)
      .attr('y', HEIGHT - 5)
      .attr('text-anchor', share === 1 ? 'end' : share === 0 ? 'start' : 'middle')
      .text(String(i * size));
  }
  return nodeOf(svg);
}
