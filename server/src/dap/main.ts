/** The debug adapter, `dist/dap.cjs`: the Debug Adapter Protocol over stdin and stdout. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Connection } from './connection.ts';
import { Session } from './session.ts';

const connection = new Connection();
const exit = (): void => {
  // The last answer must be out before the process ends.
  process.stdout.write('', () => process.exit());
};
const session = new Session(connection, dirname(fileURLToPath(import.meta.url)), exit);
connection.on('close', () => session.abandon());
connection.on('error', () => session.abandon());
connection.start(process.stdin, process.stdout);
