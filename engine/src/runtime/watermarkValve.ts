import { MIN_TIMESTAMP } from '../operators/operator.ts';

/**
 * Combines the watermarks of an operator's channels as Flink 2.3 does: one StatusWatermarkValve for each input, then the lowest of
 * the inputs that are not idle (IndexedCombinedWatermarkStatus). Calls `emit` with each watermark that is let through, strictly rising.
 */
export class WatermarkValve {
  readonly #inputs: readonly InputValve[];
  /** By channel: its input, and its number within that input. */
  readonly #inputOf: readonly number[];
  readonly #numberOf: readonly number[];
  readonly #watermarks: Float64Array;
  readonly #emit: (watermark: number) => void;
  /** What has been let through; MIN_TIMESTAMP before the first. */
  watermark = MIN_TIMESTAMP;
  /** All inputs are idle. */
  idle = false;

  /** `inputOf[channel]` is the input, 0 or 1, that the channel belongs to. */
  constructor(inputOf: readonly number[], emit: (watermark: number) => void) {
    const channels: number[] = [];
    this.#inputOf = inputOf;
    this.#numberOf = inputOf.map((input) => {
      const number = channels[input] ?? 0;
      channels[input] = number + 1;
      return number;
    });
    this.#inputs = Array.from(channels, (count, input) => new InputValve(count, (watermark) => this.#onInputWatermark(input, watermark)));
    this.#watermarks = new Float64Array(channels.length).fill(MIN_TIMESTAMP);
    this.#emit = emit;
  }

  onWatermark(channel: number, watermark: number): void {
    this.#valveOf(channel)?.onWatermark(this.#numberOf[channel] ?? 0, watermark);
  }

  /** Look at `idle` afterwards. */
  onIdle(channel: number, idle: boolean): void {
    const valve = this.#valveOf(channel);
    if (valve === undefined) return;
    const wasIdle = valve.idle;
    valve.onIdle(this.#numberOf[channel] ?? 0, idle);
    if (valve.idle !== wasIdle) this.#combine();
  }

  #valveOf(channel: number): InputValve | undefined {
    return this.#inputs[this.#inputOf[channel] ?? 0];
  }

  #onInputWatermark(input: number, watermark: number): void {
    this.#watermarks[input] = watermark;
    this.#combine();
  }

  #combine(): void {
    let [lowest, highest, idle] = [Infinity, MIN_TIMESTAMP, true];
    for (let i = 0; i < this.#inputs.length; i++) {
      const watermark = this.#watermarks[i] ?? MIN_TIMESTAMP;
      if (watermark > highest) highest = watermark;
      if (this.#inputs[i]?.idle === true) continue;
      idle = false;
      if (watermark < lowest) lowest = watermark;
    }
    this.idle = idle;
    const combined = idle ? highest : lowest;
    if (combined <= this.watermark) return;
    this.watermark = combined;
    this.#emit(combined);
  }
}

/**
 * The channels of one input: the lowest watermark of those that are active and have caught up. An idle channel holds nothing back;
 * when it wakes up behind the others, it has to catch up before it counts again.
 */
class InputValve {
  readonly #watermarks: Float64Array;
  readonly #isIdle: Uint8Array;
  readonly #emit: (watermark: number) => void;
  #active: number;
  #watermark = MIN_TIMESTAMP;
  /** All channels are idle. */
  idle = false;

  constructor(channels: number, emit: (watermark: number) => void) {
    this.#watermarks = new Float64Array(channels).fill(MIN_TIMESTAMP);
    this.#isIdle = new Uint8Array(channels);
    this.#emit = emit;
    this.#active = channels;
  }

  onWatermark(channel: number, watermark: number): void {
    if (this.#isIdle[channel] !== 0 || watermark <= (this.#watermarks[channel] ?? 0)) return;
    this.#watermarks[channel] = watermark;
    this.#raise(this.#lowest());
  }

  onIdle(channel: number, idle: boolean): void {
    if ((this.#isIdle[channel] !== 0) === idle) return;
    this.#isIdle[channel] = idle ? 1 : 0;
    this.#active += idle ? -1 : 1;
    // As in Flink: only the channel that held the others back makes them go on, be it to the lowest or, if all are idle, the highest.
    if (idle && this.#watermarks[channel] === this.#watermark) this.#raise(this.#active === 0 ? this.#highest() : this.#lowest());
    this.idle = this.#active === 0;
  }

  /** Of the channels that are active and not behind what has been let through. */
  #lowest(): number {
    let lowest = Infinity;
    for (let i = 0; i < this.#watermarks.length; i++) {
      const watermark = this.#watermarks[i] ?? 0;
      if (this.#isIdle[i] === 0 && watermark >= this.#watermark && watermark < lowest) lowest = watermark;
    }
    return lowest === Infinity ? MIN_TIMESTAMP : lowest;
  }

  #highest(): number {
    let highest = MIN_TIMESTAMP;
    for (const watermark of this.#watermarks) if (watermark > highest) highest = watermark;
    return highest;
  }

  #raise(watermark: number): void {
    if (watermark <= this.#watermark) return;
    this.#watermark = watermark;
    this.#emit(watermark);
  }
}
