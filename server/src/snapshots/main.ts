/** The snapshot process, `dist/snapshots.cjs`: JSON-RPC over stdin and stdout. It ends when stdin closes. */
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-languageserver/node';
import { serveSnapshots } from './session.ts';

const connection = createMessageConnection(new StreamMessageReader(process.stdin), new StreamMessageWriter(process.stdout));
const session = serveSnapshots(connection);
// Temporary files and previews go with the process.
process.on('exit', () => session.close());
connection.onClose(() => process.exit(0));
process.stdin.on('end', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));
