import { describe, expect, it } from 'vitest';
import { backlogOf, emptyModel, failureOf, markOf, rateHistory, rateOf, reduce, stateOf, watermarkOf, type Model } from '../src/store.ts';
import { flightsPlan, statusAt } from './samplePlan.ts';

const run = {
  pipeline: 'departure-delays',
  program: '/projects/a.pipeline.ts',
  startedAt: 0,
  restoredFrom: null,
  canOpenSource: true,
  canPause: true,
};

function afterTicks(ticks: number): Model {
  let model = reduce(reduce(emptyModel, { kind: 'run', run }), { kind: 'plan', plan: flightsPlan });
  for (let tick = 0; tick < ticks; tick++) model = reduce(model, { kind: 'status', status: statusAt(flightsPlan, tick) });
  return model;
}

describe('store', () => {
  it('knows no rate before the second status', () => {
    expect(rateOf(afterTicks(1), 'flights', 'recordsOut')).toBeNull();
    expect(rateOf(afterTicks(2), 'flights', 'recordsOut')).toBeGreaterThan(0);
  });

  it('takes the rate over the last four seconds of the engine’s clock', () => {
    const model = afterTicks(40);
    const total = (tick: number) => statusAt(flightsPlan, tick).operators[0]!.subtasks[0]!.recordsOut;
    expect(rateOf(model, 'flights', 'recordsOut')).toBeCloseTo((total(39) - total(23)) / 4, 6);
    expect(rateHistory(model, 'flights', 'recordsOut', 10)).toHaveLength(10);
  });

  it('knows no rate between two statuses of one time, nor after the clock was set back', () => {
    const model = afterTicks(30);
    const again = reduce(model, { kind: 'status', status: statusAt(flightsPlan, 29) });
    expect(rateOf(again, 'flights', 'recordsOut')).toBeCloseTo(rateOf(model, 'flights', 'recordsOut')!, 6);
    const back = reduce(model, { kind: 'status', status: statusAt(flightsPlan, 0) });
    expect(rateOf(back, 'flights', 'recordsOut')).toBeNull();
    expect(back.history).toHaveLength(1);
  });

  it('keeps a bounded history and every snapshot once', () => {
    const model = afterTicks(500);
    expect(model.history).toHaveLength(360);
    expect(new Set(model.snapshots.map((snapshot) => snapshot.path)).size).toBe(model.snapshots.length);
    expect(model.snapshots.some((snapshot) => snapshot.kind === 'savepoint')).toBe(true);
  });

  it('begins afresh with a new run and with a restarted engine', () => {
    const before = afterTicks(30);
    expect(reduce(before, { kind: 'run', run: { ...run, startedAt: 7 } }).history).toHaveLength(0);
    expect(reduce(before, { kind: 'run', run: { ...run, canPause: false } }).history).toHaveLength(30);
    const restarted = { ...statusAt(flightsPlan, 0), startedAt: 42 };
    const after = reduce(before, { kind: 'status', status: restarted });
    expect(after.history).toHaveLength(1);
    expect(after.snapshots).toHaveLength(0);
  });

  it('knows no rate when nothing flows any more', () => {
    const before = afterTicks(30);
    const status = statusAt(flightsPlan, 30);
    for (const state of ['paused', 'stopped', 'finished', 'failed'] as const) {
      expect(rateOf(reduce(before, { kind: 'status', status: { ...status, state } }), 'flights', 'recordsOut')).toBeNull();
    }
    expect(rateOf(reduce(before, { kind: 'ended', state: 'stopped', failure: null }), 'flights', 'recordsOut')).toBeNull();
  });

  it('has failed, not still starting, where the run ended before its first status', () => {
    const started = reduce(emptyModel, { kind: 'run', run });
    expect(stateOf(started)).toBe('starting');
    const failure = { uid: 'flights', message: 'there is no file flights.csv' };
    const failed = reduce(started, { kind: 'ended', state: 'failed', failure });
    expect([stateOf(failed), failureOf(failed), markOf(failed, 'flights'), markOf(failed, 'hourly')]).toEqual([
      'failed',
      failure,
      'failed',
      null,
    ]);
    expect(stateOf(reduce(failed, { kind: 'run', run: { ...run, startedAt: 7 } }))).toBe('starting');
  });

  it('marks the operator at which the run is paused, and only then', () => {
    const paused = { ...statusAt(flightsPlan, 1), state: 'paused' as const, pausedAt: 'enrich' };
    const model = reduce(afterTicks(1), { kind: 'status', status: paused });
    expect([markOf(model, 'enrich'), markOf(model, 'flights')]).toEqual(['paused', null]);
    expect(markOf(reduce(model, { kind: 'status', status: { ...paused, state: 'running' } }), 'enrich')).toBeNull();
  });

  it('keeps bytes that wait apart from records that wait', () => {
    const [operator] = statusAt(flightsPlan, 1).operators;
    const waiting = operator!.subtasks.map((subtask) => ({ ...subtask, backlog: 2048, backlogUnit: 'bytes' as const }));
    expect(backlogOf({ ...operator!, subtasks: waiting.slice(0, 1) })).toEqual({ amount: 2048, unit: 'bytes' });
  });

  it('forgets a selection that the plan does not have', () => {
    const selected = reduce(afterTicks(1), { kind: 'select', uid: 'flights' });
    expect(reduce(selected, { kind: 'plan', plan: flightsPlan }).selected).toBe('flights');
    expect(reduce(selected, { kind: 'plan', plan: { ...flightsPlan, operators: flightsPlan.operators.slice(1) } }).selected).toBeNull();
  });

  it('has no watermark while one subtask has none', () => {
    const operator = statusAt(flightsPlan, 1).operators[3]!;
    expect(watermarkOf(operator)).toBe(978_003_600_000);
    expect(
      watermarkOf({ ...operator, subtasks: operator.subtasks.map((subtask, i) => (i === 2 ? { ...subtask, watermark: null } : subtask)) }),
    ).toBeNull();
  });
});
