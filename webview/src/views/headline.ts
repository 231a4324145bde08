import { bytes, count, duration, exact, percent, rate, watermark } from '../format.ts';
import { failureOf, mainDirection, rateOf, stateOf, totals, type Model } from '../store.ts';
import { element, whenChanged } from './element.ts';

/** Share of the engine's thread above which an operator is named as what limits the stream. */
const BUSY = 0.5;

/** Is it well, how much flows, and who slows it: one line. */
export function renderHeadline(root: HTMLElement, model: Model): void {
  const status = model.status;
  const [tone, title, text] = judgement(model);
  const facts: [string, string, string][] =
    status === null
      ? []
      : [
          ['In', rate(sumOfRates(model, 'source')), `${exact(status.recordsIn)} records`],
          ['Out', rate(sumOfRates(model, 'sink')), `${exact(status.recordsOut)} records`],
          ['State', bytes(status.stateBytes), `${exact(status.stateBytes)} bytes`],
          ['Watermark', watermark(status.watermark), status.watermark === null ? 'no watermark yet' : `${watermark(status.watermark)} UTC`],
          ['Restarts', count(status.restarts), 'since this run began'],
        ];
  whenChanged(root, JSON.stringify([facts, tone, title, text]), () => [
    ...facts.map(([label, value, tip]) =>
      element('div', { class: 'fact', title: tip }, element('span', { class: 'caption' }, label), element('b', {}, value)),
    ),
    element('div', { class: `callout ${tone}` }, element('b', {}, title), element('span', { class: 'secondary' }, text)),
  ]);
}

type Judgement = [tone: 'calm' | 'info' | 'warning' | 'error', title: string, text: string];

function judgement(model: Model): Judgement {
  const status = model.status;
  switch (stateOf(model)) {
    case 'failed':
      return ['error', 'Failed', failureText(model) ?? 'see the output for the error and its source line'];
    case 'restarting':
      return ['warning', 'Restarting', `from the newest checkpoint. ${failureText(model) ?? ''}`.trim()];
    case 'finished':
      return ['info', 'Finished', `all input was read, ${exact(status?.recordsOut ?? 0)} records reached the sinks`];
    case 'stopped':
      return ['info', 'Stopped', status?.stoppedWith == null ? 'without a savepoint' : `with ${status.stoppedWith}`];
    case 'paused':
      return [
        'warning',
        'Paused',
        `${status?.pausedAt == null ? 'between two records' : `at ${status.pausedAt}`}; nothing moves until it continues`,
      ];
    case 'starting':
      return notice(model) ?? ['calm', 'Starting', 'waiting for the first records'];
    default:
      return notice(model) ?? busiest(model) ?? ['calm', '', ''];
  }
}

function failureText(model: Model): string | null {
  const failure = failureOf(model);
  if (failure === null) return null;
  return failure.uid === null ? failure.message : `${failure.uid}: ${failure.message}`;
}

function notice(model: Model): Judgement | null {
  return model.notice === null
    ? null
    : [model.notice.severity, { info: '', warning: 'Warning', error: 'Error' }[model.notice.severity], model.notice.text];
}

function busiest(model: Model): Judgement | null {
  let uid = '';
  let share = 0;
  for (const operator of model.status?.operators ?? []) {
    const { busy } = totals(operator);
    if (busy > share) [uid, share] = [operator.uid, busy];
  }
  return share < BUSY ? null : ['warning', `${uid} limits the stream`, `it takes ${percent(share)} of the engine's thread`];
}

function sumOfRates(model: Model, kind: 'source' | 'sink'): number | null {
  let sum: number | null = null;
  for (const operator of model.plan?.operators ?? []) {
    if (operator.kind !== kind) continue;
    const value = rateOf(model, operator.uid, mainDirection(kind));
    if (value !== null) sum = (sum ?? 0) + value;
  }
  return sum;
}

/** For the live region: said at most when the sentence changes. */
export function sentence(model: Model): string {
  const [, title, text] = judgement(model);
  if (title !== '') return `${title}: ${text}`;
  return model.status === null ? '' : `Running for ${duration(model.status.now - model.status.startedAt)}`;
}
