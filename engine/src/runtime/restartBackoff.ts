import type { RestartStrategy } from '../plan/plan.ts';

/** Counts the failures of a run and says how long to wait before the next attempt. */
export class RestartBackoff {
  readonly #strategy: RestartStrategy;
  #failures = 0;
  /** When the attempt that runs now began, or will begin. */
  #runningSince: number;

  constructor(strategy: RestartStrategy, now: number) {
    this.#strategy = strategy;
    this.#runningSince = now;
  }

  /** Milliseconds until the next attempt; null when there is none. */
  onFailure(now: number): number | null {
    const delay = this.#delay(now - this.#runningSince);
    this.#runningSince = now + (delay ?? 0);
    return delay;
  }

  #delay(ranFor: number): number | null {
    const strategy = this.#strategy;
    // What runs for as long as the longest delay has recovered: its next failure is another matter.
    if (strategy.kind === 'exponentialDelay' && ranFor >= strategy.maxDelay) this.#failures = 0;
    this.#failures++;
    switch (strategy.kind) {
      case 'none':
        return null;
      case 'fixedDelay':
        return this.#failures > strategy.attempts ? null : strategy.delay;
      case 'exponentialDelay':
        if (this.#failures > strategy.attempts) return null;
        return Math.min(strategy.maxDelay, Math.round(strategy.initialDelay * strategy.multiplier ** (this.#failures - 1)));
    }
  }
}
