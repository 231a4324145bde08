import type { ElkExtendedEdge, ElkNode } from 'elkjs/lib/elk-api.js';
import type { PageOperator, PagePlan } from '../protocol.ts';

/** Where everything is, in CSS pixels from the upper left corner of the picture. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly nodes: ReadonlyMap<string, Box>;
  /** Tasks of several operators: a frame around a chain. */
  readonly frames: readonly (Box & { readonly task: number; readonly operators: number })[];
  /** Same order as `plan.edges`. */
  readonly edges: readonly (readonly Point[])[];
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The part of elkjs that is used; in the page it runs in a Web Worker. */
export interface LayoutEngine {
  layout(graph: ElkNode): Promise<ElkNode>;
}

export const NODE_WIDTH = 204;
const NODE_HEIGHT = 108;
const STATE_ROW_HEIGHT = 20;

export function nodeHeight(operator: PageOperator): number {
  return NODE_HEIGHT + (operator.states.length > 0 ? STATE_ROW_HEIGHT : 0);
}

/**
 * Layered from left to right, operators of a layer in the plan's order as far as crossings allow. Frames are drawn only where there is more
 * than one task: at parallelism 1 everything may be one, and a frame around all of it says nothing.
 */
export async function layoutPlan(plan: PagePlan, engine: LayoutEngine): Promise<Layout> {
  const result = await engine.layout(toElk(plan));
  const nodes = new Map<string, Box>();
  const frames: Layout['frames'][number][] = [];
  for (const child of result.children ?? []) {
    const task = /^task:(\d+)$/.exec(child.id);
    if (task === null) {
      nodes.set(uidOf(child.id), boxOf(child));
      continue;
    }
    frames.push({ ...boxOf(child), task: Number(task[1]), operators: child.children?.length ?? 0 });
    for (const inner of child.children ?? []) nodes.set(uidOf(inner.id), boxOf(inner));
  }
  const byId = new Map(allEdges(result).map((edge) => [edge.id, pointsOf(edge)]));
  return {
    width: result.width ?? 0,
    height: result.height ?? 0,
    nodes,
    frames,
    edges: plan.edges.map((edge, index) => byId.get(`e${index}`) ?? straight(nodes.get(edge.from), nodes.get(edge.to))),
  };
}

/** Equal for plans that look the same: a layout is computed once for each. */
export function layoutKey(plan: PagePlan): string {
  return JSON.stringify([
    plan.operators.map((operator) => [operator.uid, operator.task, operator.states.length > 0]),
    plan.edges.map((edge) => [edge.from, edge.to, edge.sideOutput]),
  ]);
}

function toElk(plan: PagePlan): ElkNode {
  const tasks = new Map<number, PageOperator[]>();
  for (const operator of plan.operators) tasks.set(operator.task, [...(tasks.get(operator.task) ?? []), operator]);
  const children: ElkNode[] = [];
  for (const [task, operators] of tasks) {
    const inner = operators.map((operator) => ({ id: `op:${operator.uid}`, width: NODE_WIDTH, height: nodeHeight(operator) }));
    if (inner.length === 1 || tasks.size === 1) children.push(...inner);
    else
      children.push({
        id: `task:${task}`,
        children: inner,
        layoutOptions: { 'elk.padding': '[top=32,left=12,bottom=12,right=12]', 'elk.layered.spacing.nodeNodeBetweenLayers': '28' },
      });
  }
  return {
    id: 'plan',
    layoutOptions: {
      'elk.algorithm': 'layered',
      'elk.direction': 'RIGHT',
      'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
      'elk.edgeRouting': 'POLYLINE',
      'elk.layered.nodePlacement.strategy': plan.operators.length > 60 ? 'LINEAR_SEGMENTS' : 'NETWORK_SIMPLEX',
      'elk.layered.thoroughness': plan.operators.length > 60 ? '1' : '7',
      'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
      'elk.layered.spacing.nodeNodeBetweenLayers': '80',
      'elk.spacing.nodeNode': '28',
      'elk.layered.spacing.edgeNodeBetweenLayers': '24',
      'elk.padding': '[top=24,left=24,bottom=24,right=24]',
      'org.eclipse.elk.json.shapeCoords': 'ROOT',
      'org.eclipse.elk.json.edgeCoords': 'ROOT',
    },
    children,
    edges: plan.edges.map((edge, index) => ({ id: `e${index}`, sources: [`op:${edge.from}`], targets: [`op:${edge.to}`] })),
  };
}

function uidOf(id: string): string {
  return id.slice('op:'.length);
}

function boxOf(node: ElkNode): Box {
  return { x: node.x ?? 0, y: node.y ?? 0, width: node.width ?? 0, height: node.height ?? 0 };
}

function allEdges(node: ElkNode): ElkExtendedEdge[] {
  return [...(node.edges ?? []), ...(node.children ?? []).flatMap(allEdges)];
}

function pointsOf(edge: ElkExtendedEdge): Point[] {
  return (edge.sections ?? []).flatMap((section) => [section.startPoint, ...(section.bendPoints ?? []), section.endPoint]);
}

function straight(from: Box | undefined, to: Box | undefined): Point[] {
  if (from === undefined || to === undefined) return [];
  return [
    { x: from.x + from.width, y: from.y + from.height / 2 },
    { x: to.x, y: to.y + to.height / 2 },
  ];
}
