import { max, scaleBand, scaleLog } from 'd3';
import { bytes, exact } from '../../format.ts';
import { whenChanged } from '../../views/element.ts';
import { figure } from '../../snapshot/figures.ts';
import { selectedStatistics, type Model } from '../model.ts';
import type { StateStatistics } from '../protocol.ts';
import { chart, nodeOf } from '../../snapshot/charts.ts';
import { heading, hint } from '../../snapshot/parts.ts';
import { unreadText } from './state.ts';

const HEIGHT = 152;
const LEFT = 40;
const BASE = 124;

/** How large entries are, in powers of two. */
export function renderSizes(root: HTMLElement, model: Model): void {
  const statistics = selectedStatistics(model);
  whenChanged(
    root,
    JSON.stringify([model.operator, model.state, model.changes.statistics, model.changes.width, model.reading.phase]),
    () => {
      if (statistics === null || statistics.entries === 0) return [heading('Entry size', ''), hint(unreadText(model))];
      const { medianBytes, p99Bytes } = statistics;
      const figures = [
        'log scale',
        ...(medianBytes === null ? [] : [`median < ${bytes(medianBytes + 1)}`]),
        ...(p99Bytes === null ? [] : [`p99 < ${bytes(p99Bytes + 1)}`]),
      ];
      return [heading('Entry size', figures.join(' · ')), histogram(statistics, Math.max(220, root.clientWidth))];
    },
  );
}

function histogram({ sizes }: StateStatistics, width: number): SVGSVGElement {
  const first = Math.max(0, sizes.findIndex((count) => count > 0) - 1);
  const last = Math.max(
    first + 5,
    sizes.findLastIndex((count) => count > 0),
  );
  const buckets = Array.from({ length: last - first + 1 }, (_, i) => ({ power: first + i, count: sizes[first + i] ?? 0 }));
  const most = max(buckets, ({ count }) => count) ?? 1;
  const svg = chart(
    width,
    HEIGHT,
    `Entries by size. ${buckets
      .filter(({ count }) => count > 0)
      .map(({ power, count }) => `${exact(count)} of ${bytes(2 ** power)} and more`)
      .join(', ')}`,
  );
  const x = scaleBand(
    buckets.map(({ power }) => String(power)),
    [LEFT, width - 12],
  ).padding(0.15);
  const y = scaleLog([0.8, Math.max(10, most * 1.6)], [BASE, 8]);
  const decades = Math.ceil(Math.log10(most + 1));
  for (let power = 0; power <= decades; power += decades > 4 ? 2 : 1) {
    const value = 10 ** power;
    if (value > Math.max(10, most * 1.6)) continue;
    svg
      .append('line')
      .attr('class', 'grid')
      .attr('x1', LEFT)
      .attr('x2', width - 12)
      .attr('y1', y(value))
      .attr('y2', y(value));
    svg
      .append('text')
      .attr('class', 'caption')
      .attr('x', LEFT - 6)
      .attr('y', y(value) + 4)
      .attr('text-anchor', 'end')
      .text(short(value));
  }
  const shown = buckets.filter(({ count }) => count > 0);
  svg
    .selectAll('rect')
    .data(shown)
    .join('rect')
    .attr('class', 'bar')
    .attr('x', ({ power }) => x(String(power)) ?? 0)
    .attr('width', x.bandwidth())
    .attr('y', ({ count }) => y(count))
    .attr('height', ({ count }) => BASE - y(count))
    .attr(
      'data-tip',
      ({ power, count }) => `${exact(count)} entries of ${exact(power === 0 ? 0 : 2 ** power)} to ${exact(2 ** (power + 1) - 1)} bytes`,
    );
  const every = Math.max(1, Math.ceil(48 / x.step()));
  buckets.forEach(({ power }, i) => {
    if (i % every !== Math.min(1, every - 1)) return;
    svg
      .append('text')
      .attr('class', 'caption')
      .attr('x', (x(String(power)) ?? 0) + x.bandwidth() / 2)
      .attr('y', 140)
      .attr('text-anchor', 'middle')
      .text(bytes(2 ** power));
  });
  return nodeOf(svg);
}

function short(value: number): string {
  return value < 1000
    ? String(value)
    : figure(value)
        .replace(/^1,000$/, '1\u202fk')
        .replace(/\.0+(?=\D)/, '');
}
