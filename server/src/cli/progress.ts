import type { ControlEvent, ControlEvents, Failure, RunInfo, RunStatus, SnapshotInfo } from '../control.ts';
import type { CliIo } from './io.ts';
import { countText, plural, sizeText, timeText } from './io.ts';

/** Between two lines where there is no terminal that could be rewritten. */
const PLAIN_LINE_MS = 5000;
const RATE_WINDOW_MS = 3000;

/** Tells how a run goes, on stderr. */
export interface Progress {
  started(info: RunInfo): void;
  event<E extends ControlEvent>(event: E, body: ControlEvents[E]): void;
  note(text: string): void;
  failure(failure: Failure): void;
  /** The run is being ended after this checkpoint: its end is a stop from which it can go on. */
  stoppingAt(checkpoint: SnapshotInfo): void;
}

export function createProgress(io: CliIo, json: boolean): Progress {
  return json ? new JsonProgress(io) : new TextProgress(io);
}

/** For scripts: the control protocol's own events, one JSON object a line. */
class JsonProgress implements Progress {
  readonly #io: CliIo;

  constructor(io: CliIo) {
    this.#io = io;
  }

  started(info: RunInfo): void {
    this.#line({ event: 'started', ...info });
  }

  event<E extends ControlEvent>(event: E, body: ControlEvents[E]): void {
    this.#line({ event, ...body });
  }

  note(text: string): void {
    this.#line({ event: 'note', text });
  }

  failure(failure: Failure): void {
    this.#line({ event: 'failure', ...failure });
  }

  stoppingAt(): void {
    // Its `snapshotCompleted` has told it already.
  }

  #line(value: object): void {
    this.#io.err(`${JSON.stringify(value)}\n`);
  }
}

class TextProgress implements Progress {
  readonly #io: CliIo;
  #liveLine = '';
  #lastPlainLine = 0;
  readonly #rate = new RateWindow();
  #last: RunStatus | null = null;
  #checkpoint: SnapshotInfo | null = null;

  constructor(io: CliIo) {
    this.#io = io;
  }

  started(info: RunInfo): void {
    const from = info.restoredFrom === null ? '' : `, restored from ${info.restoredFrom}`;
    this.note(
      `Pipeline ${info.pipeline} is running (id ${info.id}, process ${String(info.pid)}${from}). Ctrl-C stops it with a checkpoint.`,
    );
  }

  event<E extends ControlEvent>(event: E, body: ControlEvents[E]): void {
    switch (event) {
      case 'status': {
        this.#status(body as RunStatus);
        return;
      }
      case 'snapshotCompleted': {
        const snapshot = body as SnapshotInfo;
        // Checkpoints come by themselves and are in the live line; savepoints were asked for.
        if (snapshot.kind === 'savepoint')
          this.note(`Savepoint ${String(snapshot.id)}, ${sizeText(snapshot.stateBytes)}: ${snapshot.path}`);
        return;
      }
      case 'snapshotFailed': {
        this.note(
          `Snapshot ${String((body as ControlEvents['snapshotFailed']).id)} failed: ${(body as ControlEvents['snapshotFailed']).reason}`,
        );
        return;
      }
      case 'failure': {
        this.failure(body as Failure);
        return;
      }
      case 'ended': {
        this.#ended(body as ControlEvents['ended']);
        return;
      }
      default:
    }
  }

  note(text: string): void {
    const again = this.#liveLine;
    this.#clear();
    this.#io.err(`${text}\n`);
    if (again !== '') this.#live(again);
  }

  failure(failure: Failure): void {
    const place =
      failure.uid === null
        ? ''
        : `Operator "${failure.uid}"${failure.subtask === null ? '' : `, subtask ${String(failure.subtask + 1)}`}: `;
    const stack = failure.stack.map(({ name, position }) =>
      position === null ? `    at ${name}` : `    at ${name} (${position.path}:${String(position.line)}:${String(position.column)})`,
    );
    const restart =
      failure.restartsInMs === null ? [] : [`Restarting in ${(failure.restartsInMs / 1000).toFixed(1)} s from the newest checkpoint.`];
    this.note([`${place}${failure.message}`, ...stack, ...restart].join('\n'));
  }

  stoppingAt(checkpoint: SnapshotInfo): void {
    this.#checkpoint = checkpoint;
  }

  #status(status: RunStatus): void {
    this.#last = status;
    const line = statusLine(status, this.#rate.add(status.now, status.recordsIn));
    if (this.#io.live) this.#live(line);
    else if (status.now - this.#lastPlainLine >= PLAIN_LINE_MS) {
      this.#lastPlainLine = status.now;
      this.#io.err(`${line}\n`);
    }
  }

  #ended({ outcome }: ControlEvents['ended']): void {
    this.#clear();
    this.#liveLine = '';
    const status = this.#last;
    const seconds = status === null ? 0 : (status.now - status.startedAt) / 1000;
    const records =
      status === null ? '' : `: ${plural(status.recordsIn, 'record')} in, ${countText(status.recordsOut)} out, ${seconds.toFixed(1)} s`;
    const checkpoint = this.#checkpoint;
    if (outcome === 'cancelled' && checkpoint !== null)
      this.#io.err(`stopped with checkpoint ${String(checkpoint.id)}${records}\n${checkpoint.path}\nGo on from it with --from latest.\n`);
    else this.#io.err(`${outcome}${records}\n`);
  }

  #live(line: string): void {
    this.#liveLine = line;
    this.#io.line(line.slice(0, Math.max(20, (process.stderr.columns || 120) - 1)));
  }

  #clear(): void {
    if (this.#liveLine !== '') this.#io.line('');
  }
}

/** One line that says how a run is. */
export function statusLine(status: RunStatus, rate: number): string {
  const parts = [status.state, `${countText(status.recordsIn)} records`, `${countText(Math.round(rate))}/s`];
  if (status.watermark !== null) parts.push(`watermark ${timeText(status.watermark)}`);
  parts.push(`state ${sizeText(status.stateBytes)}`);
  const checkpoint = status.lastCheckpoint;
  if (checkpoint !== null) {
    const age = Math.max(0, (status.now - checkpoint.createdAt) / 1000);
    parts.push(`checkpoint ${String(checkpoint.id)}, ${age.toFixed(0)} s ago, ${sizeText(checkpoint.stateBytes)}`);
  }
  if (status.restarts > 0) parts.push(plural(status.restarts, 'restart'));
  return parts.join('  ');
}

/** Records a second over the last seconds. */
export class RateWindow {
  readonly #samples: { time: number; records: number }[] = [];

  add(time: number, records: number): number {
    this.#samples.push({ time, records });
    while (this.#samples.length > 2 && time - (this.#samples[1]?.time ?? time) >= RATE_WINDOW_MS) this.#samples.shift();
    const [first] = this.#samples;
    if (first === undefined || time <= first.time) return 0;
    // A restart begins to count at the checkpoint again.
    return Math.max(0, ((records - first.records) * 1000) / (time - first.time));
  }
}
