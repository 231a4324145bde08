/** Thread entry: the control socket of the run in the main thread. */
import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { ControlServer } from './controlServer.ts';
import type { FromEngine } from './mailbox.ts';
import { EngineMailbox } from './mailbox.ts';

export interface ControlWorkerData {
  readonly memory: SharedArrayBuffer;
  readonly port: MessagePort;
  readonly socketPath: string;
}

const { memory, port, socketPath } = workerData as ControlWorkerData;
const server = new ControlServer({
  socketPath,
  mailbox: new EngineMailbox(memory, port),
  kill: () => process.kill(process.pid, 'SIGKILL'),
});
port.on('message', (message: FromEngine) => {
  server.receive(message, (error) => parentPort?.postMessage({ error: error === null ? null : error.message }));
});
