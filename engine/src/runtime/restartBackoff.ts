import type { RestartStrategy } from '../plan/plan.ts';

/** Counts the failures of a run and says how long to wait before the next attempt. */
export class RestartBackoff {
  readonly #strategy: RestartStrategy;
  #failures = 0;

  constructor(strategy: RestartStrategy) {
    this.#strategy = strategy;
  }

  /** Milliseconds until the next attempt; null when there is none. */
  onFailure(): number | null {
    const strategy = this.#strategy;
    this.#failures++;
    switch (strategy.kind) {
      case 'none':
        return null;
      case 'fixedDelay':
        return this.#failures > strategy.attempts ? null : strategy.delay;
      case 'exponentialDelay':
        if (this.#failures > strategy.attempts) return null;
        return Math.min(strategy.maxDelay, strategy.initialDelay * strategy.multiplier ** (this.#failures - 1));
    }
  }
}
