/** The snapshot process, `dist/snapshots.cjs`: JSON-RPC over stdin and stdout. It ends when stdin closes. */
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-languageserver/node';
import { serveSnapshots } from './session.ts';

const connection = createMessageConnection(new StreamMessageReader(process.stdin), new StreamMessageWriter(process.stdout));
connection.onClose(() => process.exit(0));
process.stdin.on('end', () => process.exit(0));
serveSnapshots(connection);
