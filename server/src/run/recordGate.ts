import type { Gate, Visit } from 'tidemark/runtime';
import type { ControlEvents, ControlRequests, OperatorFrame, Scope } from '../control.ts';
import type { ControlMailbox, ToEngine } from './mailbox.ts';

/** What the gate asks of the run it is in. */
export interface GateOwner {
  frameOf(visit: Visit): OperatorFrame;
  scopesOf(visit: Visit): Scope[];
  /** The thread is about to stop, or goes on: tell the clients. */
  stopped(event: ControlEvents['stopped']): void;
  resumed(): void;
  /** Requests that need the engine to run: they are done between two records; the gate lets everything pass until `standAgain`. */
  later(message: ToEngine): void;
  /** Requests that are answered where the thread is. */
  answer(message: ToEngine): void;
}

type StopReason = ControlEvents['stopped']['reason'];
type ResumeMode = ControlRequests['resume']['params']['mode'];

/**
 * Stands before every operator of a run that is being debugged. While it holds a record the engine's thread sleeps, and
 * answers what is asked about the record's way.
 */
export class RecordGate implements Gate {
  readonly #owner: GateOwner;
  readonly #mailbox: ControlMailbox;
  /** Operators where a record enters the dataflow: what reads from a source. */
  readonly #entrances: ReadonlySet<string>;
  /** Outermost first. */
  readonly #visits: Visit[] = [];
  #breakpoints: ReadonlySet<string>;
  #mode: ResumeMode | 'pass' = 'continue';
  #stepReason: StopReason = 'step';

  constructor(owner: GateOwner, mailbox: ControlMailbox, entrances: ReadonlySet<string>, breakpoints: Iterable<string>) {
    this.#owner = owner;
    this.#mailbox = mailbox;
    this.#entrances = entrances;
    this.#breakpoints = new Set(breakpoints);
  }

  enter(visit: Visit): void {
    this.#visits.push(visit);
    if (this.#mode === 'pass') return;
    if (this.#mailbox.pauseWanted) {
      this.#hold('pause', visit);
    } else if (this.#breakpoints.has(visit.uid)) {
      this.#hold('breakpoint', visit);
    } else if (this.#mode === 'nextOperator' || (this.#mode === 'nextRecord' && this.#isNewRecord(visit))) {
      this.#hold(this.#stepReason, visit);
    }
  }

  leave(): void {
    this.#visits.pop();
  }

  /** User code threw: the visits on the way out were never left. */
  reset(): void {
    this.#visits.length = 0;
  }

  setBreakpoints(uids: Iterable<string>): void {
    this.#breakpoints = new Set(uids);
  }

  /** Stops at the next record that enters the dataflow. */
  standAtNextRecord(reason: StopReason): void {
    this.resume('nextRecord');
    this.#stepReason = reason;
  }

  resume(mode: ResumeMode): void {
    this.#mailbox.clearPause();
    this.#mode = mode;
    this.#stepReason = 'step';
  }

  /** Innermost first. */
  frames(): OperatorFrame[] {
    return this.#visits.map((visit) => this.#owner.frameOf(visit)).reverse();
  }

  scopes(frame: number): Scope[] {
    const visit = this.#visits.at(-1 - frame);
    return visit === undefined ? [] : this.#owner.scopesOf(visit);
  }

  #isNewRecord(visit: Visit): boolean {
    return this.#visits.length === 1 && this.#entrances.has(visit.uid);
  }

  #hold(reason: StopReason, visit: Visit): void {
    this.#owner.stopped({ reason, uid: visit.uid, text: null });
    for (;;) {
      const message = this.#mailbox.waitForMessage();
      if (message.kind !== 'request') continue;
      switch (message.method) {
        case 'resume':
          this.resume(message.params.mode);
          this.#owner.resumed();
          this.#owner.answer(message);
          return;
        case 'savepoint':
        case 'checkpoint':
        case 'stopWithSavepoint':
        case 'cancel':
          // The record in hand is finished first: a snapshot is taken between two records.
          this.#mailbox.clearPause();
          this.#mode = 'pass';
          this.#owner.later(message);
          return;
        default:
          this.#owner.answer(message);
      }
    }
  }
}
