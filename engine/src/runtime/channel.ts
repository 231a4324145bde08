/** What travels between records, in their order. */
export type ControlElement =
  | { readonly kind: 'watermark'; readonly watermark: number }
  | { readonly kind: 'idle'; readonly idle: boolean }
  | { readonly kind: 'barrier'; readonly checkpointId: number; readonly snapshot: 'checkpoint' | 'savepoint' }
  | { readonly kind: 'end' };

interface PlacedControl {
  /** How many records of the queue come before it. */
  readonly at: number;
  readonly element: ControlElement;
}

/**
 * The queue from one subtask to another: columns of values and timestamps, and the control elements among them. It is emptied before
 * sources are polled again, so it holds what one batch of one source makes.
 */
export class Channel {
  /** Which input of the receiving operator. */
  readonly input: 0 | 1;
  readonly values: unknown[] = [];
  readonly timestamps: number[] = [];
  readonly #controls: PlacedControl[] = [];
  #length = 0;
  #read = 0;
  #controlsRead = 0;
  /** Its barrier has come and those of other channels have not: nothing is read until they have. */
  blocked = false;

  constructor(input: 0 | 1) {
    this.input = input;
  }

  get backlog(): number {
    return this.#length - this.#read;
  }

  get isEmpty(): boolean {
    return this.#read === this.#length && this.#controlsRead === this.#controls.length;
  }

  push(value: unknown, timestamp: number): void {
    const at = this.#length++;
    this.values[at] = value;
    this.timestamps[at] = timestamp;
  }

  pushControl(element: ControlElement): void {
    this.#controls.push({ at: this.#length, element });
  }

  /** Takes the records up to the next control element: they are at [from, result) of the columns. */
  takeRecords(): { readonly from: number; readonly to: number } {
    const from = this.#read;
    const to = this.#controls[this.#controlsRead]?.at ?? this.#length;
    this.#read = to;
    return { from, to };
  }

  /** The control element that comes next, null when records do or nothing. */
  takeControl(): ControlElement | null {
    const next = this.#controls[this.#controlsRead];
    if (next === undefined || next.at !== this.#read) return null;
    this.#controlsRead++;
    return next.element;
  }

  /** Makes room once everything has been read. */
  recycle(): void {
    if (!this.isEmpty) return;
    // The records stay in the columns until the next ones come: clearing them would cost more than they do.
    this.#length = 0;
    this.#read = 0;
    this.#controlsRead = 0;
    this.#controls.length = 0;
  }
}
