import { MIN_TIMESTAMP } from '../../src/operators/operator.ts';

/** Flink 2.3's StatusWatermarkValve, step by step: the reference that the engine's valve is compared with. */
export class StatusWatermarkValve {
  readonly #channels: { watermark: number; active: boolean; aligned: boolean }[];
  readonly #output: ValveOutput;
  #lastWatermark = MIN_TIMESTAMP;
  #lastActive = true;

  constructor(channels: number, output: ValveOutput) {
    this.#channels = Array.from({ length: channels }, () => ({ watermark: MIN_TIMESTAMP, active: true, aligned: true }));
    this.#output = output;
  }

  inputWatermark(watermark: number, index: number): void {
    const channel = this.#channel(index);
    if (!this.#lastActive || !channel.active || watermark <= channel.watermark) return;
    channel.watermark = watermark;
    if (!channel.aligned && watermark >= this.#lastWatermark) channel.aligned = true;
    this.#newMinimumOfAligned();
  }

  inputStatus(active: boolean, index: number): void {
    const channel = this.#channel(index);
    if (!active && channel.active) {
      channel.active = false;
      channel.aligned = false;
      if (!this.#channels.some((each) => each.active)) {
        if (channel.watermark === this.#lastWatermark) this.#maximumOfAll();
        this.#lastActive = false;
        this.#output.emitStatus(false);
      } else if (channel.watermark === this.#lastWatermark) {
        this.#newMinimumOfAligned();
      }
    } else if (active && !channel.active) {
      channel.active = true;
      if (channel.watermark >= this.#lastWatermark) channel.aligned = true;
      if (!this.#lastActive) {
        this.#lastActive = true;
        this.#output.emitStatus(true);
      }
    }
  }

  #channel(index: number): { watermark: number; active: boolean; aligned: boolean } {
    const channel = this.#channels[index];
    if (channel === undefined) throw new RangeError(`no channel ${String(index)}`);
    return channel;
  }

  #newMinimumOfAligned(): void {
    const aligned = this.#channels.filter((channel) => channel.aligned).map((channel) => channel.watermark);
    if (aligned.length > 0) this.#emit(Math.min(...aligned));
  }

  #maximumOfAll(): void {
    this.#emit(Math.max(...this.#channels.map((channel) => channel.watermark)));
  }

  #emit(watermark: number): void {
    if (watermark <= this.#lastWatermark) return;
    this.#lastWatermark = watermark;
    this.#output.emitWatermark(watermark);
  }
}

export interface ValveOutput {
  emitWatermark(watermark: number): void;
  emitStatus(active: boolean): void;
}

/** What AbstractStreamOperator does with the watermarks of its inputs: IndexedCombinedWatermarkStatus of Flink 2.3. */
export class CombinedWatermarks {
  readonly #inputs: { watermark: number; idle: boolean }[];
  readonly #output: ValveOutput;
  #combined = MIN_TIMESTAMP;
  #idle = false;

  constructor(inputs: number, output: ValveOutput) {
    this.#inputs = Array.from({ length: inputs }, () => ({ watermark: MIN_TIMESTAMP, idle: false }));
    this.#output = output;
  }

  outputOf(index: number): ValveOutput {
    const input = this.#inputs[index];
    if (input === undefined) throw new RangeError(`no input ${String(index)}`);
    return {
      emitWatermark: (watermark) => {
        input.idle = false;
        input.watermark = Math.max(input.watermark, watermark);
        if (this.#update()) this.#output.emitWatermark(this.#combined);
      },
      emitStatus: (active) => {
        const wasIdle = this.#idle;
        input.idle = !active;
        if (this.#update()) this.#output.emitWatermark(this.#combined);
        if (wasIdle !== this.#idle) this.#output.emitStatus(active);
      },
    };
  }

  #update(): boolean {
    const active = this.#inputs.filter((input) => !input.idle);
    this.#idle = active.length === 0;
    const watermark = this.#idle
      ? Math.max(...this.#inputs.map((input) => input.watermark))
      : Math.min(...active.map((input) => input.watermark));
    if (watermark <= this.#combined) return false;
    this.#combined = watermark;
    return true;
  }
}
