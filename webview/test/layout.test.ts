// @vitest-environment node
import ELK from 'elkjs/lib/elk.bundled.js';
import { describe, expect, it } from 'vitest';
import { layoutKey, layoutPlan, type Box } from '../src/layout/layout.ts';
import { flightsPlan, largePlan } from './samplePlan.ts';

const overlap = (a: Box, b: Box) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

describe('layout', () => {
  for (const plan of [flightsPlan, largePlan(120)]) {
    it(`of ${plan.pipeline} has every operator once, no two over each other, all edges from left to right`, async () => {
      const layout = await layoutPlan(plan, new ELK());
      const boxes = [...layout.nodes.values()];
      expect([...layout.nodes.keys()].sort()).toEqual(plan.operators.map((operator) => operator.uid).sort());
      for (let i = 0; i < boxes.length; i++) for (let j = i + 1; j < boxes.length; j++) expect(overlap(boxes[i]!, boxes[j]!)).toBe(false);
      plan.edges.forEach((edge, index) => {
        const points = layout.edges[index]!;
        const from = layout.nodes.get(edge.from)!;
        const to = layout.nodes.get(edge.to)!;
        expect(from.x + from.width).toBeLessThanOrEqual(to.x);
        expect(points[0]!.x).toBeCloseTo(from.x + from.width, 0);
        expect(points.at(-1)!.x).toBeCloseTo(to.x, 0);
      });
    });
  }

  it('frames chains of several operators, and only them', async () => {
    const layout = await layoutPlan(flightsPlan, new ELK());
    expect(layout.frames.map((frame) => [frame.task, frame.operators])).toEqual([[0, 2]]);
    const frame = layout.frames[0]!;
    const inside = layout.nodes.get('event-time')!;
    expect(inside.x).toBeGreaterThan(frame.x);
    expect(inside.x + inside.width).toBeLessThan(frame.x + frame.width);
  });

  it('is computed again only for a plan that looks different', () => {
    expect(layoutKey({ ...flightsPlan, pipeline: 'other' })).toBe(layoutKey(flightsPlan));
    expect(layoutKey({ ...flightsPlan, edges: flightsPlan.edges.slice(1) })).not.toBe(layoutKey(flightsPlan));
  });
});
