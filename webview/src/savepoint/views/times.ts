import { curveMonotoneX, line, max, scaleBand, scaleLinear, sum } from 'd3';
import { exact } from '../../format.ts';
import { button, element, whenChanged } from '../../views/element.ts';
import type { Actions } from '../actions.ts';
import { figure, instant, span } from '../../snapshot/figures.ts';
import { factsOf, selectedState, selectedStatistics, statisticsKey, type Model } from '../model.ts';
import type { TimeBuckets } from '../protocol.ts';
import { chart, heat, nodeOf } from '../../snapshot/charts.ts';
import { heading, hint } from '../../snapshot/parts.ts';
import { stateLabel, unreadText } from './state.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;
const HEIGHT = 144;
const ROWS_MAX = 8;
/** 1970-01-01 was a Thursday: weeks begin three days before. */
const MONDAY = -3 * DAY;

/** How times are laid out: rows of one unit, columns of a smaller one. */
interface Calendar {
  readonly rowMs: number;
  readonly columnMs: number;
  readonly origin: number;
  readonly unit: string;
  rowLabel(start: number): string;
  columnLabel(column: number): string | null;
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const two = (value: number): string => String(value).padStart(2, '0');

const CALENDARS: readonly Calendar[] = [
  {
    rowMs: HOUR,
    columnMs: MINUTE,
    origin: 0,
    unit: 'minute they fire',
    rowLabel: (start) => `${two(new Date(start).getUTCHours())}:00`,
    columnLabel: (column) => (column % 15 === 0 ? `:${two(column)}` : null),
  },
  {
    rowMs: DAY,
    columnMs: HOUR,
    origin: 0,
    unit: 'hour they fire',
    rowLabel: (start) => `${DAYS[new Date(start).getUTCDay()] ?? ''} ${String(new Date(start).getUTCDate())}`,
    columnLabel: (column) => (column % 6 === 0 || column === 23 ? two(column) : null),
  },
  {
    rowMs: WEEK,
    columnMs: DAY,
    origin: MONDAY,
    unit: 'day they fire',
    rowLabel: (start) => new Date(start).toISOString().slice(0, 10),
    columnLabel: (column) => DAYS[(column + 1) % 7] ?? null,
  },
];

/** When timers fire: the selected state's, else those of its operator. */
export function renderTimers(root: HTMLElement, model: Model): void {
  const { name, timers, isEventTime } = timersOf(model);
  whenChanged(root, JSON.stringify([model.operator, model.state, model.changes, model.reading.phase]), () => {
    if (timers === null) {
      const has = factsOf(model, model.operator)?.states.some(({ group }) => group === 'timers') === true;
      return [heading('Timers', ''), hint(has ? unreadText(model) : 'This operator has no timers.')];
    }
    const total = sum(timers.counts) + timers.beyond;
    const calendar = calendarFor(timers);
    const said = [
      `${name}, ${calendar?.unit ?? 'when they fire'} (UTC)`,
      // Event time is the pipeline's own, and need not be that of the clock.
      isEventTime ? `${figure(timers.due)} before the snapshot was taken` : `${figure(timers.due)} already due`,
      ...(timers.beyond > 0 ? [`${figure(timers.beyond)} at no date`] : []),
    ];
    if (total === timers.beyond)
      return [heading('Timers', said.join(' · ')), hint(total === 0 ? 'No timers.' : 'They fire at the end of time.')];
    const width = Math.max(280, root.clientWidth);
    const taken = model.overview?.createdAt ?? null;
    return [heading('Timers', said.join(' · ')), calendar === null ? bars(timers, width) : calendarChart(timers, calendar, width, taken)];
  });
}

interface NamedTimers {
  readonly name: string;
  readonly timers: TimeBuckets | null;
  readonly isEventTime: boolean;
}

function named(state: Parameters<typeof stateLabel>[0], timers: TimeBuckets): NamedTimers {
  return { name: stateLabel(state), timers, isEventTime: state.name.startsWith('_timer_state/event_') };
}

function timersOf(model: Model): NamedTimers {
  const selected = selectedStatistics(model);
  if (selected?.timers != null && model.state !== null) return named(model.state, selected.timers);
  let best: NamedTimers = { name: '', timers: null, isEventTime: false };
  for (const state of factsOf(model, model.operator)?.states ?? []) {
    if (state.group !== 'timers' || model.operator === null) continue;
    const timers = model.statistics.get(statisticsKey(model.operator, state))?.timers ?? null;
    if (timers !== null && (best.timers === null || sum(timers.counts) > sum(best.timers.counts))) best = named(state, timers);
  }
  return best;
}

/** The finest in which all fit; null where the span is too long for any. */
function calendarFor(timers: TimeBuckets): Calendar | null {
  const { first, last } = timers;
  if (first === null || last === null) return null;
  return (
    CALENDARS.find(({ rowMs, columnMs, origin }) => {
      if (timers.bucketMs > columnMs) return false;
      return Math.floor((last - origin) / rowMs) - Math.floor((first - origin) / rowMs) < ROWS_MAX;
    }) ?? null
  );
}

function calendarChart(timers: TimeBuckets, calendar: Calendar, width: number, taken: number | null): SVGSVGElement {
  const { rowMs, columnMs, origin } = calendar;
  const columns = rowMs / columnMs;
  const rowOf = (time: number): number => Math.floor((time - origin) / rowMs);
  const firstRow = rowOf(timers.first ?? timers.start);
  const rows = rowOf(timers.last ?? timers.start) - firstRow + 1;
  const cells = new Array<number>(rows * columns).fill(0);
  timers.counts.forEach((count, i) => {
    if (count === 0) return;
    const at = Math.floor((timers.start + i * timers.bucketMs - origin - firstRow * rowMs) / columnMs);
    cells[at] = (cells[at] ?? 0) + count;
  });
  const shownRows = Math.max(rows, 4);
  const left = rowMs === WEEK ? 84 : 60;
  const x = scaleBand(
    Array.from({ length: columns }, (_, i) => String(i)),
    [left, width - 60],
  ).paddingInner(columns > 30 ? 0.04 : 0.08);
  const y = scaleBand(
    Array.from({ length: shownRows }, (_, i) => String(i)),
    [4, 124],
  ).paddingInner(0.12);
  const most = max(cells) ?? 1;
  const svg = chart(
    width,
    HEIGHT,
    `Timers by when they fire, ${exact(sum(cells))} from ${instant(timers.first ?? 0)} to ${instant(timers.last ?? 0)}`,
  );
  const startOf = (cell: number): number => origin + firstRow * rowMs + cell * columnMs;
  svg
    .selectAll('rect')
    .data(cells)
    .join('rect')
    .attr('class', (count) => (count === 0 ? 'cell none' : 'cell'))
    .attr('x', (_, i) => x(String(i % columns)) ?? 0)
    .attr('y', (_, i) => y(String(Math.floor(i / columns))) ?? 0)
    .attr('width', x.bandwidth())
    .attr('height', y.bandwidth())
    .style('fill', (count) => heat(count / most))
    .attr('data-tip', (count, i) => `${exact(count)} timers from ${instant(startOf(i))} UTC on`);
  for (let row = 0; row < rows; row++) {
    const middle = (y(String(row)) ?? 0) + y.bandwidth() / 2 + 4;
    const total = sum(cells.slice(row * columns, (row + 1) * columns));
    svg
      .append('text')
      .attr('class', 'caption')
      .attr('x', 12)
      .attr('y', middle)
      .text(calendar.rowLabel(startOf(row * columns)));
    svg
      .append('text')
      .attr('class', 'small')
      .attr('x', width - 12)
      .attr('y', middle)
      .attr('text-anchor', 'end')
      .attr('data-tip', exact(total))
      .text(figure(total));
  }
  const bottom = (y(String(rows - 1)) ?? 0) + y.bandwidth();
  for (let column = 0; column < columns; column++) {
    const label = calendar.columnLabel(column);
    if (label === null) continue;
    svg
      .append('text')
      .attr('class', 'caption')
      .attr('x', (x(String(column)) ?? 0) + x.bandwidth() / 2)
      .attr('y', bottom + 16)
      .attr('text-anchor', 'middle')
      .text(label);
  }
  if (taken !== null) markTaken(svg, taken, rowOf(taken) - firstRow, rows);

  function markTaken(into: typeof svg, time: number, row: number, count: number): void {
    if (row < 0 || row >= count) return;
    const column = Math.floor((time - startOf(row * columns)) / columnMs);
    const at = (x(String(column)) ?? 0) + (x.bandwidth() * ((time - startOf(row * columns)) % columnMs)) / columnMs;
    const top = y(String(row)) ?? 0;
    into
      .append('line')
      .attr('class', 'now')
      .attr('x1', at)
      .attr('x2', at)
      .attr('y1', top - 2)
      .attr('y2', top + y.bandwidth() + 2)
      .attr('data-tip', `snapshot taken ${instant(time)} UTC`);
  }
  return nodeOf(svg);
}

/** A span of months and years: one bar a bucket. */
function bars(timers: TimeBuckets, width: number): SVGSVGElement {
  const svg = chart(width, HEIGHT, `Timers from ${instant(timers.first ?? 0)} to ${instant(timers.last ?? 0)}`);
  const wanted = Math.max(1, Math.ceil(timers.counts.length / 120));
  const counts: number[] = [];
  timers.counts.forEach((count, i) => {
    const at = Math.floor(i / wanted);
    counts[at] = (counts[at] ?? 0) + count;
  });
  const x = scaleBand(
    counts.map((_, i) => String(i)),
    [12, width - 12],
  ).padding(0.1);
  const y = scaleLinear([0, max(counts) ?? 1], [124, 8]);
  svg
    .selectAll('rect')
    .data(counts)
    .join('rect')
    .attr('class', 'bar')
    .attr('x', (_, i) => x(String(i)) ?? 0)
    .attr('width', x.bandwidth())
    .attr('y', (count) => y(count))
    .attr('height', (count) => 124 - y(count))
    .attr('data-tip', (count, i) => `${exact(count)} timers from ${instant(timers.start + i * wanted * timers.bucketMs)} UTC on`);
  svg
    .append('text')
    .attr('class', 'caption')
    .attr('x', 12)
    .attr('y', 140)
    .text(instant(timers.first ?? 0).slice(0, 10));
  svg
    .append('text')
    .attr('class', 'caption')
    .attr('x', width - 12)
    .attr('y', 140)
    .attr('text-anchor', 'end')
    .text(instant(timers.last ?? 0).slice(0, 10));
  return nodeOf(svg);
}

const TTLS: readonly (readonly [string, number])[] = [
  ['1 h', HOUR],
  ['1 d', DAY],
  ['7 d', WEEK],
  ['30 d', 30 * DAY],
];

/** Between the marks of an axis of time. */
const STEPS = [
  MINUTE,
  5 * MINUTE,
  15 * MINUTE,
  HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  DAY,
  2 * DAY,
  WEEK,
  2 * WEEK,
  30 * DAY,
  90 * DAY,
  365 * DAY,
];

/** How many entries would be left as time goes on and nothing is written. The snapshot does not say the TTL: the reader does. */
export function renderTtl(root: HTMLElement, model: Model, actions: Actions): void {
  const statistics = selectedStatistics(model);
  const state = selectedState(model);
  whenChanged(root, JSON.stringify([model.operator, model.state, model.changes, model.ttl, model.reading.phase]), () => {
    const access = statistics?.lastAccess ?? null;
    if (state?.hasTtl !== true || access === null) {
      return [heading('TTL', ''), hint(state?.hasTtl === true ? unreadText(model) : 'Entries of this state do not expire.')];
    }
    const choice = element(
      'span',
      { class: 'segments', role: 'group', 'aria-label': 'Time to live' },
      ...TTLS.map(([label, ms]) => button(label, null, () => actions.setTtl(ms), { 'aria-pressed': String(ms === model.ttl) })),
    );
    const taken = model.overview?.createdAt ?? access.last ?? 0;
    return [heading('TTL', 'left, if it is', choice), curve(access, model.ttl, taken, Math.max(220, root.clientWidth))];
  });
}

function curve(access: TimeBuckets, ttl: number, taken: number, width: number): SVGSVGElement {
  const total = sum(access.counts);
  const end = Math.max(taken + 1, (access.last ?? taken) + ttl);
  const steps = 96;
  const points = Array.from({ length: steps + 1 }, (_, i): [number, number] => {
    const time = taken + ((end - taken) * i) / steps;
    return [time, leftAt(access, time - ttl)];
  });
  const now = points[0]?.[1] ?? 0;
  const x = scaleLinear([taken, end], [48, width - 16]);
  const y = scaleLinear([0, Math.max(1, total)], [124, 12]).nice(3);
  const svg = chart(width, HEIGHT, `Entries left as they expire: ${exact(Math.round(now))} of ${exact(total)} when the snapshot was taken`);
  for (const value of y.ticks(3)) {
    svg
      .append('line')
      .attr('class', 'grid')
      .attr('x1', 48)
      .attr('x2', width - 16)
      .attr('y1', y(value))
      .attr('y2', y(value));
    svg
      .append('text')
      .attr('class', 'caption')
      .attr('x', 42)
      .attr('y', y(value) + 4)
      .attr('text-anchor', 'end')
      .text(figure(value).replace(/\.0+(?=\D)/, ''));
  }
  svg
    .append('path')
    .attr('class', 'curve')
    .attr(
      'd',
      line(
        (point) => x(point[0]),
        (point) => y(point[1]),
      ).curve(curveMonotoneX)(points),
    );
  const half = now === 0 ? undefined : points.find(([, left]) => left <= now / 2);
  if (half !== undefined) {
    svg.append('circle').attr('class', 'point').attr('cx', x(half[0])).attr('cy', y(half[1])).attr('r', 3);
    const right = x(half[0]) > width * 0.55;
    svg
      .append('text')
      .attr('class', 'small')
      .attr('x', x(half[0]) + (right ? -8 : 8))
      .attr('y', y(half[1]) - (right ? -14 : 4))
      .attr('text-anchor', right ? 'end' : 'start')
      .text(`half gone in ${span(half[0] - taken)}`);
  } else if (now === 0) {
    svg.append('text').attr('class', 'small').attr('x', 56).attr('y', 60).text('all had expired when it was taken');
  }
  const step = STEPS.find((each) => (end - taken) / each <= 4.5) ?? (end - taken) / 4;
  for (let time = taken; time <= end; time += step) {
    svg
      .append('text')
      .attr('class', 'caption')
      .attr('x', Math.min(x(time), width - 20))
      .attr('y', 140)
      .attr('text-anchor', time === taken ? 'start' : 'middle')
      .text(time === taken ? 'taken' : `+${span(time - taken)}`);
  }
  return nodeOf(svg);
}

/** Entries whose last access was after a time; within a bucket they are taken to be spread evenly. */
function leftAt({ start, bucketMs, counts }: TimeBuckets, time: number): number {
  let left = 0;
  counts.forEach((count, i) => {
    const from = start + i * bucketMs;
    left += count * Math.max(0, Math.min(1, (from + bucketMs - time) / bucketMs));
  });
  return left;
}
