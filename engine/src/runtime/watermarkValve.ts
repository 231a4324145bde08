import { MIN_TIMESTAMP } from '../operators/operator.ts';

/**
 * Combines the watermarks of several inputs as Flink's StatusWatermarkValve does: the lowest of those inputs that are active and
 * have caught up, strictly rising. An idle input holds nothing back; when it wakes up behind the others, it has to catch up first.
 */
export class WatermarkValve {
  readonly #watermarks: Float64Array;
  readonly #idle: Uint8Array;
  #active: number;
  /** What has been let through; MIN_TIMESTAMP before the first. */
  watermark = MIN_TIMESTAMP;
  /** All inputs are idle. */
  idle = false;

  constructor(inputs: number) {
    this.#watermarks = new Float64Array(inputs).fill(MIN_TIMESTAMP);
    this.#idle = new Uint8Array(inputs);
    this.#active = inputs;
  }

  /** True when `watermark` has risen. */
  onWatermark(input: number, watermark: number): boolean {
    if (this.#idle[input] !== 0 || watermark <= (this.#watermarks[input] ?? 0)) return false;
    this.#watermarks[input] = watermark;
    return this.#advance();
  }

  /** True when `watermark` has risen; look at `idle` as well. */
  onIdle(input: number, idle: boolean): boolean {
    if ((this.#idle[input] !== 0) === idle) return false;
    this.#idle[input] = idle ? 1 : 0;
    this.#active += idle ? -1 : 1;
    this.idle = this.#active === 0;
    if (!idle) return false;
    return this.idle ? this.#flush() : this.#advance();
  }

  #advance(): boolean {
    let lowest = Infinity;
    for (let i = 0; i < this.#watermarks.length; i++) {
      const watermark = this.#watermarks[i] ?? 0;
      if (this.#idle[i] === 0 && watermark >= this.watermark && watermark < lowest) lowest = watermark;
    }
    return this.#raise(lowest === Infinity ? MIN_TIMESTAMP : lowest);
  }

  /** All inputs are idle, so none of them can hold the others back. */
  #flush(): boolean {
    let highest = MIN_TIMESTAMP;
    for (const watermark of this.#watermarks) if (watermark > highest) highest = watermark;
    return this.#raise(highest);
  }

  #raise(watermark: number): boolean {
    if (watermark <= this.watermark) return false;
    this.watermark = watermark;
    return true;
  }
}
