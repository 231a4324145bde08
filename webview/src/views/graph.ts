import {
  area,
  curveBumpX,
  curveMonotoneX,
  line,
  max,
  rollup,
  scaleLinear,
  select,
  zoom,
  zoomIdentity,
  type Selection,
  type ZoomTransform,
} from 'd3';
import { backlog, bytes, count, rate, watermark } from '../format.ts';
import type { Box, Layout, Point } from '../layout/layout.ts';
import type { PageEdge, PageOperator, PageOperatorStatus } from '../protocol.ts';
import { backlogOf, mainDirection, markOf, rateHistory, rateOf, statusOf, totals, watermarkOf, type Model } from '../store.ts';
import { iconPath, kindName } from './icons.ts';
import { matches, operatorSentence } from './operatorText.ts';
import type { Commands } from './toolbar.ts';

const SPARK_POINTS = 48;
const SPARK_WIDTH = 108;
const SPARK_HEIGHT = 20;
/** Below this scale labels cannot be read and are left out. */
const LABELS_FROM_SCALE = 0.4;
/** Fitting never makes the picture smaller than this. */
const SMALLEST_FIT = 0.3;
const TWEEN_MS = 200;

export interface Graph {
  render(model: Model, layout: Layout): void;
  /** Everything into view. */
  fit(): void;
  zoomBy(factor: number): void;
  /** Moves an operator to the middle if it is not in view. */
  centre(uid: string): void;
  focus(uid: string): void;
}

type Canvas = Selection<SVGSVGElement, unknown, null, undefined>;

/** The dataflow as SVG: operators are focusable, edges carry rates. Panning moves the whole picture by one CSS transform. */
export function createGraph(root: HTMLElement, commands: Commands, redraw: () => void): Graph {
  const svg: Canvas = select(root).append('svg').attr('role', 'graphics-document document').attr('aria-label', 'Dataflow');
  const defs = svg.append('defs');
  defs
    .append('marker')
    .attr('id', 'arrow')
    .attr('viewBox', '0 0 8 8')
    .attr('refX', 7)
    .attr('refY', 4)
    .attr('markerWidth', 7)
    .attr('markerHeight', 7)
    .attr('orient', 'auto')
    .append('path')
    .attr('d', 'M0 1L7 4L0 7z')
    .attr('class', 'arrow');
  const layers = { frames: svg.append('g'), edges: svg.append('g'), labels: svg.append('g'), nodes: svg.append('g') };
  let layout: Layout | null = null;
  let touched = false;
  let transform: ZoomTransform = zoomIdentity;

  const behaviour = zoom<HTMLElement, unknown>()
    .scaleExtent([0.05, 2])
    .filter((event: Event) => event.type === 'wheel' || !(event.target as Element).closest('.node'))
    .on('end', redraw)
    .on('zoom', (event: { transform: ZoomTransform; sourceEvent: unknown }) => {
      if (event.sourceEvent !== null && event.sourceEvent !== undefined) touched = true;
      apply(event.transform);
    });
  const viewport = select(root).call(behaviour).on('dblclick.zoom', null);

  function apply(next: ZoomTransform): void {
    transform = next;
    const { x, y, k } = next;
    svg.style('transform', `translate(${x}px, ${y}px) scale(${k})`);
    svg.classed('far', k < LABELS_FROM_SCALE);
  }

  /** Only what can be seen is kept up to date; the rest follows when it comes into view. */
  function isVisible(box: Box | undefined): boolean {
    if (box === undefined || root.clientWidth === 0) return true;
    const [left, top] = transform.apply([box.x, box.y]);
    const [right, bottom] = transform.apply([box.x + box.width, box.y + box.height]);
    return right >= 0 && bottom >= 0 && left <= root.clientWidth && top <= root.clientHeight;
  }

  function fit(): void {
    if (layout === null || layout.width === 0) return;
    const { clientWidth, clientHeight } = root;
    // A large plan begins where names can still be read, at its upper left corner.
    const scale = Math.max(SMALLEST_FIT, Math.min(1, clientWidth / layout.width, clientHeight / layout.height)) || 1;
    const x = Math.max(0, (clientWidth - layout.width * scale) / 2);
    const y = Math.max(0, (clientHeight - layout.height * scale) / 2);
    viewport.call((selection) => behaviour.transform(selection, zoomIdentity.translate(x, y).scale(scale)));
  }

  function centre(uid: string): void {
    const box = layout?.nodes.get(uid);
    if (box === undefined) return;
    viewport.call((selection) => behaviour.translateTo(selection, box.x + box.width / 2, box.y + box.height / 2));
  }

  return {
    render(model, next) {
      const moved = next !== layout;
      layout = next;
      if (moved) {
        svg.attr('width', next.width).attr('height', next.height);
        renderFrames(layers.frames, next);
      }
      renderEdges(layers, model, next, moved);
      renderNodes(layers.nodes, model, next, moved, commands, { isVisible, withLabels: transform.k >= LABELS_FROM_SCALE });
      if (moved && !touched) fit();
    },
    fit() {
      touched = false;
      fit();
    },
    zoomBy(factor) {
      touched = true;
      viewport.call((selection) => behaviour.scaleBy(selection, factor));
    },
    centre,
    focus(uid) {
      layers.nodes
        .selectAll<SVGGElement, PageOperator>('g.node')
        .filter((operator) => operator.uid === uid)
        .node()
        ?.focus();
    },
  };
}

function renderFrames(layer: Selection<SVGGElement, unknown, null, undefined>, layout: Layout): void {
  const frames = layer
    .selectAll<SVGGElement, Layout['frames'][number]>('g')
    .data(layout.frames, (frame) => frame.task)
    .join((enter) => {
      const made = enter.append('g');
      made.append('rect').attr('class', 'frame').attr('rx', 4);
      made.append('text').attr('class', 'caption');
      return made;
    });
  frames
    .select('rect')
    .attr('x', (frame) => frame.x)
    .attr('y', (frame) => frame.y)
    .attr('width', (frame) => frame.width)
    .attr('height', (frame) => frame.height);
  frames
    .select('text')
    .attr('x', (frame) => frame.x + 12)
    .attr('y', (frame) => frame.y + 20)
    .text((frame) => `chain of ${frame.operators}`);
}

interface DrawnEdge {
  readonly edge: PageEdge;
  readonly index: number;
  readonly points: readonly Point[];
  readonly perSecond: number | null;
}

const curve = line<Point>()
  .x((point) => point.x)
  .y((point) => point.y)
  .curve(curveBumpX);

function renderEdges(
  layers: { edges: Selection<SVGGElement, unknown, null, undefined>; labels: Selection<SVGGElement, unknown, null, undefined> },
  model: Model,
  layout: Layout,
  moved: boolean,
): void {
  const edges = model.plan?.edges ?? [];
  const inputs = rollup(
    edges,
    (group) => group.length,
    (edge) => edge.to,
  );
  const drawn: DrawnEdge[] = edges.map((edge, index) => ({
    edge,
    index,
    points: layout.edges[index] ?? [],
    perSecond: edgeRate(model, edge, inputs),
  }));
  const fastest = max(drawn, (each) => each.perSecond ?? 0) ?? 0;
  const width = scaleLinear([0, Math.max(1, fastest)], [1, 3]);
  const paths = layers.edges
    .selectAll<SVGPathElement, DrawnEdge>('path')
    .data(drawn, (each) => each.index)
    .join('path')
    .attr('class', (each) => `edge ${each.edge.partitioning}${each.edge.sideOutput === null ? '' : ' side'}`)
    .attr('marker-end', 'url(#arrow)')
    .attr('stroke-width', (each) => width(each.perSecond ?? 0).toFixed(1));
  const labels = layers.labels
    .selectAll<SVGTextElement, DrawnEdge>('text')
    .data(drawn, (each) => each.index)
    .join((enter) => {
      const made = enter.append('text').attr('class', 'edge-label').attr('text-anchor', 'middle');
      made.append('tspan').attr('class', 'rate');
      made.append('tspan').attr('class', 'how').attr('dy', 14);
      return made;
    });
  if (moved) {
    paths.attr('d', (each) => curve([...each.points]));
    labels.attr('transform', (each) => {
      const middle = labelPoint(each.points);
      return `translate(${middle.x},${middle.y - 8})`;
    });
    labels.selectAll('tspan').attr('x', 0);
  }
  // Inside a chain every record goes on: the operators themselves tell the rate.
  labels
    .select('.rate')
    .text((each) => (each.edge.partitioning === 'forward' && each.edge.sideOutput === null ? '' : rate(each.perSecond)));
  labels
    .select('.how')
    .text((each) =>
      each.edge.sideOutput === null
        ? each.edge.partitioning === 'forward'
          ? ''
          : each.edge.partitioning
        : `side: ${each.edge.sideOutput}`,
    );
}

/** The middle of the longest piece: there the label covers nothing. */
function labelPoint(points: readonly Point[]): Point {
  let best: Point = points[0] ?? { x: 0, y: 0 };
  let longest = -1;
  for (let i = 1; i < points.length; i++) {
    const from = points[i - 1];
    const to = points[i];
    if (from === undefined || to === undefined) continue;
    const length = Math.hypot(to.x - from.x, to.y - from.y);
    if (length > longest) [longest, best] = [length, { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 }];
  }
  return best;
}

/** What the receiver takes in where this is its only input; else what the sender puts out. Side outputs into a shared input are not told apart. */
function edgeRate(model: Model, edge: PageEdge, inputs: ReadonlyMap<string, number>): number | null {
  if (inputs.get(edge.to) === 1) return rateOf(model, edge.to, 'recordsIn');
  return edge.sideOutput === null ? rateOf(model, edge.from, 'recordsOut') : null;
}

interface View {
  isVisible(box: Box | undefined): boolean;
  readonly withLabels: boolean;
}

function renderNodes(
  layer: Selection<SVGGElement, unknown, null, undefined>,
  model: Model,
  layout: Layout,
  moved: boolean,
  commands: Commands,
  view: View,
): void {
  const operators = model.plan?.operators ?? [];
  const focusable = model.selected ?? operators[0]?.uid ?? null;
  const mostState = max(model.status?.operators ?? [], (operator) => totals(operator).stateBytes) ?? 0;
  const nodes = layer
    .selectAll<SVGGElement, PageOperator>('g.node')
    .data(operators, (operator) => operator.uid)
    .join((enter) => enterNode(enter.append('g')))
    .on('click', (_, operator) => commands.dispatch({ kind: 'select', uid: operator.uid }))
    .on('dblclick', (_, operator) => commands.post({ kind: 'openSource', uid: operator.uid }))
    .attr('tabindex', (operator) => (operator.uid === focusable ? 0 : -1))
    .classed('selected', (operator) => operator.uid === model.selected)
    .classed('dimmed', (operator) => !matches(operator, model.query))
    .classed('failed', (operator) => markOf(model, operator.uid) === 'failed')
    .classed('paused', (operator) => markOf(model, operator.uid) === 'paused');
  if (moved) {
    const place = (operator: PageOperator) =>
      `translate(${layout.nodes.get(operator.uid)?.x ?? 0},${layout.nodes.get(operator.uid)?.y ?? 0})`;
    const still = typeof matchMedia !== 'function' || matchMedia('(prefers-reduced-motion: reduce)').matches;
    const fresh = nodes.filter(function () {
      return !this.hasAttribute('transform');
    });
    fresh.attr('transform', place);
    if (still) nodes.attr('transform', place);
    else nodes.transition().duration(TWEEN_MS).attr('transform', place);
    nodes
      .selectAll<SVGRectElement, PageOperator>('rect.card, rect.ring')
      .attr('height', (operator) => layout.nodes.get(operator.uid)?.height ?? 0);
  }
  nodes.each(function (operator) {
    // Labels are read where nothing is drawn: out of view, and where texts are too small to be drawn.
    const sentence = operatorSentence(model, operator);
    select(this).attr('aria-label', sentence).select('title').text(sentence);
    const box = layout.nodes.get(operator.uid);
    if (view.isVisible(box)) updateNode(select(this), model, operator, box?.height ?? 0, mostState, view.withLabels);
  });
}

type Node = Selection<SVGGElement, PageOperator, null, undefined>;

function enterNode(
  node: Selection<SVGGElement, PageOperator, SVGGElement, unknown>,
): Selection<SVGGElement, PageOperator, SVGGElement, unknown> {
  node
    .attr('class', (operator) => `node ${operator.kind}`)
    .attr('role', 'graphics-symbol img')
    .attr('data-uid', (operator) => operator.uid);
  node.append('title');
  node.append('rect').attr('class', 'ring').attr('x', -3).attr('y', -3).attr('width', 210).attr('rx', 6);
  node.append('rect').attr('class', 'card').attr('width', 204).attr('rx', 4);
  node.append('rect').attr('class', 'edge-bar').attr('width', 3).attr('rx', 1.5);
  node
    .append('path')
    .attr('class', 'icon')
    .attr('transform', 'translate(12,8)')
    .attr('d', (operator) => iconPath(operator.kind));
  node
    .append('text')
    .attr('class', 'name')
    .attr('x', 34)
    .attr('y', 21)
    .text((operator) => shorten(operator.uid, 20));
  node
    .append('text')
    .attr('class', 'caption')
    .attr('x', 192)
    .attr('y', 21)
    .attr('text-anchor', 'end')
    .text((operator) => `×${operator.parallelism}`);
  node
    .append('text')
    .attr('class', 'caption')
    .attr('x', 12)
    .attr('y', 37)
    .text((operator) => shorten(`${kindName(operator.kind)}${operator.detail === '' ? '' : ` · ${operator.detail}`}`, 32));
  const spark = node.append('g').attr('class', 'spark').attr('transform', 'translate(12,44)');
  spark.append('path').attr('class', 'area');
  spark.append('path').attr('class', 'line');
  node.append('text').attr('class', 'rate').attr('x', 192).attr('y', 61).attr('text-anchor', 'end');
  node.append('text').attr('class', 'caption in').attr('x', 12).attr('y', 80);
  node.append('text').attr('class', 'caption mark').attr('x', 192).attr('y', 80).attr('text-anchor', 'end');
  const state = node
    .filter((operator) => operator.states.length > 0)
    .append('g')
    .attr('class', 'state');
  state.append('text').attr('class', 'caption').attr('x', 12).attr('y', 98).text('state');
  state.append('rect').attr('class', 'track').attr('x', 44).attr('y', 91).attr('width', 76).attr('height', 8).attr('rx', 2);
  state.append('rect').attr('class', 'fill').attr('x', 44).attr('y', 91).attr('height', 8).attr('rx', 2);
  state.append('text').attr('class', 'caption size').attr('x', 192).attr('y', 98).attr('text-anchor', 'end');
  node.append('g').attr('class', 'subtasks');
  return node;
}

function updateNode(node: Node, model: Model, operator: PageOperator, height: number, mostState: number, withLabels: boolean): void {
  const status = statusOf(model, operator.uid);
  const direction = mainDirection(operator.kind);
  if (status !== null && !withLabels) {
    markBusy(node, status, height);
    return;
  }
  node.select('.rate').text(status === null ? '' : rate(rateOf(model, operator.uid, direction)));
  drawSpark(node.select<SVGGElement>('.spark'), rateHistory(model, operator.uid, direction, SPARK_POINTS));
  if (status === null) return;
  const all = totals(status);
  const waiting = backlogOf(status);
  const flow =
    operator.kind === 'source'
      ? `out ${count(all.recordsOut)}`
      : operator.kind === 'sink'
        ? `in ${count(all.recordsIn)}`
        : `in ${count(all.recordsIn)}   out ${count(all.recordsOut)}`;
  node.select('.in').text(waiting.amount > 0 ? `${flow}   +${backlog(waiting)} waiting` : flow);
  node.select('.mark').text(waiting.amount > 0 ? '' : shortMark(watermarkOf(status)));
  node.select('.state .fill').attr('width', mostState === 0 ? 0 : 76 * Math.sqrt(all.stateBytes / mostState));
  node.select('.state .size').text(bytes(all.stateBytes));
  markBusy(node, status, height);
  drawSubtasks(
    node.select<SVGGElement>('.subtasks').attr('transform', `translate(12,${height - 16})`),
    status.subtasks.map((subtask) => subtask.busy),
  );
}

function markBusy(node: Node, status: PageOperatorStatus, height: number): void {
  node
    .select('.edge-bar')
    .attr('height', height)
    .classed('busy', totals(status).busy > 0.5);
}

function drawSpark(group: Selection<SVGGElement, PageOperator, null, undefined>, rates: number[]): void {
  const top = max(rates) ?? 0;
  const x = scaleLinear([0, SPARK_POINTS - 1], [0, SPARK_WIDTH]);
  const y = scaleLinear([0, Math.max(top, 1)], [SPARK_HEIGHT, 1]);
  const shift = SPARK_POINTS - rates.length;
  group.select('.area').attr(
    'd',
    rates.length < 2
      ? null
      : area<number>(
          (_, i) => x(i + shift),
          SPARK_HEIGHT,
          (value) => y(value),
        ).curve(curveMonotoneX)(rates),
  );
  group.select('.line').attr(
    'd',
    rates.length < 2
      ? null
      : line<number>(
          (_, i) => x(i + shift),
          (value) => y(value),
        ).curve(curveMonotoneX)(rates),
  );
}

/** One segment a subtask, filled by its share of the thread. */
function drawSubtasks(group: Selection<SVGGElement, PageOperator, null, undefined>, busy: number[]): void {
  const gap = busy.length > 1 ? 2 : 0;
  const width = (180 - gap * (busy.length - 1)) / Math.max(1, busy.length);
  const segments = group
    .selectAll<SVGGElement, number>('g')
    .data(busy)
    .join((enter) => {
      const made = enter.append('g');
      made.append('rect').attr('class', 'track').attr('height', 6);
      made.append('rect').attr('class', 'fill').attr('height', 6);
      return made;
    })
    .attr('transform', (_, i) => `translate(${i * (width + gap)},0)`);
  segments.select('.track').attr('width', width);
  segments.select('.fill').attr('width', (share) => width * Math.min(1, share));
}

/** Month, day and time; the year is in the headline and the tooltip. */
function shortMark(value: number | null): string {
  const text = watermark(value);
  return /^\d{4}-/.test(text) ? text.slice(5) : text;
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
