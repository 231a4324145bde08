/** Thread entry: the control socket of the run in the main thread. */
import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { ControlServer } from './controlServer.ts';
import type { FromEngine } from './mailbox.ts';
import { EngineMailbox } from './mailbox.ts';
import { releaseSignals, StuckSliceWatch } from './terminationSignals.ts';

export interface ControlWorkerData {
  readonly memory: SharedArrayBuffer;
  readonly port: MessagePort;
  readonly socketPath: string;
  /** The process that started this one, whose death ends the run; null lets the run go on alone. */
  readonly starter: number | null;
}

/** Between two looks whether the starter still lives. Its IPC channel tells only the engine's thread, which may not listen. */
const STARTER_MS = 500;
/** Between two looks whether the engine's thread is stuck in user code. */
const STUCK_LOOK_MS = 500;

const { memory, port, socketPath, starter } = workerData as ControlWorkerData;
const mailbox = new EngineMailbox(memory, port);
const server = new ControlServer({
  socketPath,
  mailbox,
  kill: () => process.kill(process.pid, 'SIGKILL'),
});
port.on('message', (message: FromEngine) => {
  server.receive(message, (error) => parentPort?.postMessage({ error: error === null ? null : error.message }));
});

if (starter !== null) {
  const watching = setInterval(() => {
    if (isStarterAlive(starter)) return;
    clearInterval(watching);
    server.starterDied();
  }, STARTER_MS);
  watching.unref();
}

const watch = new StuckSliceWatch(() => mailbox.slice);
setInterval(() => {
  const stuck = watch.look(performance.now());
  if (stuck !== null) releaseSignals(stuck);
}, STUCK_LOOK_MS).unref();

/** An orphan gets another parent; on Windows it keeps the number of the dead one. */
function isStarterAlive(pid: number): boolean {
  if (process.ppid !== pid) return false;
  if (process.platform !== 'win32') return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
