import type { Counter } from '../operators/operator.ts';

/** The counters and gauges that a user's functions and connectors keep in one operator of one subtask. */
export class UserMetrics {
  readonly counters = new Map<string, Counter>();
  readonly gauges = new Map<string, () => number>();

  counter(name: string): Counter {
    let counter = this.counters.get(name);
    if (counter === undefined) {
      counter = new UserCounter();
      this.counters.set(name, counter);
    }
    return counter;
  }

  gauge(name: string, read: () => number): void {
    this.gauges.set(name, read);
  }
}

class UserCounter implements Counter {
  #value = 0;

  get value(): number {
    return this.#value;
  }

  inc(by = 1): void {
    this.#value += by;
  }
}
