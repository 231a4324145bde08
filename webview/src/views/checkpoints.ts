import { axisLeft, max, scaleBand, scaleLinear, select } from 'd3';
import { bytes, clockTime, duration, exact } from '../format.ts';
import type { PageSnapshot } from '../protocol.ts';
import type { Model } from '../store.ts';
import { element, whenChanged } from './element.ts';

const WIDTH = 900;
const LEFT = 72;
const DURATION_HEIGHT = 56;
const SIZE_HEIGHT = 24;

/** The last checkpoints and savepoints: how long each took and how large it was. */
export function renderCheckpoints(root: HTMLElement, model: Model): void {
  const last = model.snapshots.at(-1);
  whenChanged(root, JSON.stringify(model.snapshots.map((snapshot) => snapshot.path)), () => {
    const note =
      last === undefined
        ? 'none yet'
        : `last ${last.kind} ${last.id}, ${duration(last.durationMs)}, ${bytes(last.stateBytes)}, at ${clockTime(last.createdAt)}`;
    const heading = element('h3', {}, 'Checkpoints', element('span', { class: 'secondary' }, note));
    return last === undefined ? [heading] : [heading, chart(model.snapshots)];
  });
}

function chart(snapshots: readonly PageSnapshot[]): HTMLElement {
  const holder = element('div', { class: 'chart' });
  const height = DURATION_HEIGHT + SIZE_HEIGHT + 32;
  const svg = select(holder)
    .append('svg')
    .attr('viewBox', `0 0 ${WIDTH} ${height}`)
    .attr('role', 'img')
    .attr('aria-label', `Duration and size of the last ${snapshots.length} snapshots`);
  const x = scaleBand(
    snapshots.map((snapshot) => snapshot.path),
    [LEFT, Math.min(WIDTH, LEFT + snapshots.length * 36)],
  ).paddingInner(0.35);
  const y = scaleLinear([0, max(snapshots, (snapshot) => snapshot.durationMs) ?? 1], [DURATION_HEIGHT, 6]).nice(2);
  const size = scaleLinear([0, Math.max(1, max(snapshots, (snapshot) => snapshot.stateBytes) ?? 1)], [0, SIZE_HEIGHT]);
  const base = DURATION_HEIGHT + SIZE_HEIGHT + 12;
  svg
    .append('g')
    .attr('class', 'axis')
    .attr('transform', `translate(${LEFT - 8},0)`)
    .call(
      axisLeft(y)
        .ticks(2)
        .tickSize(-WIDTH + LEFT)
        .tickFormat((value) => duration(Number(value))),
    );
  svg
    .append('text')
    .attr('class', 'caption')
    .attr('x', LEFT - 16)
    .attr('y', base - 4)
    .attr('text-anchor', 'end')
    .text(bytes(size.domain()[1] ?? 0));
  const bars = svg
    .selectAll('g.snapshot')
    .data(snapshots)
    .join('g')
    .attr('class', (snapshot) => `snapshot ${snapshot.kind}`);
  bars
    .append('title')
    .text(
      (snapshot) =>
        `${snapshot.kind} ${snapshot.id} at ${clockTime(snapshot.createdAt)}\n${duration(snapshot.durationMs)}, ${exact(snapshot.stateBytes)} bytes\n${snapshot.path}`,
    );
  bars
    .append('rect')
    .attr('class', 'duration')
    .attr('x', (snapshot) => x(snapshot.path) ?? 0)
    .attr('width', x.bandwidth())
    .attr('y', (snapshot) => y(snapshot.durationMs))
    .attr('height', (snapshot) => DURATION_HEIGHT - y(snapshot.durationMs));
  bars
    .append('rect')
    .attr('class', 'size')
    .attr('x', (snapshot) => x(snapshot.path) ?? 0)
    .attr('width', x.bandwidth())
    .attr('y', (snapshot) => base - size(snapshot.stateBytes))
    .attr('height', (snapshot) => size(snapshot.stateBytes));
  bars
    .filter((snapshot) => snapshot.kind === 'savepoint')
    .append('path')
    .attr('class', 'savepoint-mark')
    .attr('d', (snapshot) => `M${(x(snapshot.path) ?? 0) + x.bandwidth() / 2} ${base + 4}l5 5l-5 5l-5 -5z`);
  return holder;
}
