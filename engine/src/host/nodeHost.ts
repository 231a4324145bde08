import { writeSync } from 'node:fs';
import type { ConnectorHost } from '../operators/connector.ts';
import type { Counter } from '../operators/operator.ts';
import { steadyClock } from './steadyClock.ts';
import { nodeFileAccess } from './fileAccess.ts';

/** What connectors get from Node, and what the owner of a run does with it. */
export interface NodeHost extends ConnectorHost {
  /** Printed lines leave in one piece a slice rather than one system call a line. */
  flush(): void;
}

const PRINT_BUFFER_LENGTH = 64 * 1024;

/** `folder`: where relative paths of a pipeline begin, its own folder. `overwrite`: results of earlier runs may be replaced. */
export function nodeHost(folder: string, log: ConnectorHost['log'], overwrite = false): NodeHost {
  const counters = new Map<string, Counter>();
  let printed = '';
  const now = steadyClock(
    () => Date.now(),
    () => performance.now(),
    (by) => {
      const seconds = String(Math.round(by / 1000));
      log(
        'warn',
        `The clock of this machine was set back by ${seconds} s. Processing time goes on from where it was, until the clock is there again or the run is restarted.`,
      );
    },
  );
  const flush = (): void => {
    if (printed === '') return;
    const text = printed;
    printed = '';
    writeAll(1, text);
  };
  return {
    files: nodeFileAccess(folder),
    now,
    random: () => Math.random(),
    log,
    print(line) {
      printed += `${line}\n`;
      if (printed.length > PRINT_BUFFER_LENGTH) flush();
    },
    counter(name) {
      const counter = counters.get(name) ?? plainCounter();
      counters.set(name, counter);
      return counter;
    },
    outputs: { overwrite, made: new Set() },
    flush,
  };
}

function plainCounter(): Counter {
  let value = 0;
  return {
    inc(by = 1) {
      value += by;
    },
    get value() {
      return value;
    },
  };
}

/** Writes all of it before it returns. A reader that is slow makes a pipe say "try again"; one that is gone ends the printing. */
function writeAll(descriptor: number, text: string): void {
  const bytes = Buffer.from(text);
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let written = 0; written < bytes.length;) {
    try {
      written += writeSync(descriptor, bytes, written);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EPIPE') return;
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(pause, 0, 0, 1);
    }
  }
}
