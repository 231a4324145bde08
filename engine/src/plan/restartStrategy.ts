import type { RestartStrategy } from './plan.ts';

/** What is wrong with a restart strategy as a pipeline gives it; null where nothing is. */
export function problemOfRestart(restart: RestartStrategy): string | null {
  switch (restart.kind) {
    case 'none':
      return null;
    case 'fixedDelay':
      return problemOfAttempts(restart.attempts) ?? problemOfDelay('delay', restart.delay);
    case 'exponentialDelay':
      return (
        problemOfAttempts(restart.attempts) ??
        problemOfDelay('initialDelay', restart.initialDelay) ??
        problemOfDelay('maxDelay', restart.maxDelay) ??
        (Number.isFinite(restart.multiplier) && restart.multiplier >= 1
          ? null
          : `restart.multiplier is a number from 1 up, not ${String(restart.multiplier)}`)
      );
    default:
      return `restart.kind is none, fixedDelay or exponentialDelay, not ${String((restart as { readonly kind: unknown }).kind)}`;
  }
}

function problemOfAttempts(attempts: number): string | null {
  if (attempts === Infinity || (Number.isSafeInteger(attempts) && attempts >= 0)) return null;
  return `restart.attempts is a whole number from 0 up, or Infinity, not ${String(attempts)}`;
}

function problemOfDelay(name: string, delay: number): string | null {
  if (Number.isSafeInteger(delay) && delay >= 0) return null;
  return `restart.${name} is a duration in whole milliseconds from 0 up, not ${String(delay)}`;
}
