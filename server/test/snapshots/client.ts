import { PassThrough } from 'node:stream';
import { createMessageConnection, StreamMessageReader, StreamMessageWriter, type CancellationToken } from 'vscode-languageserver/node';
import type { SnapshotConfiguration, SnapshotRequests } from '../../src/protocol.ts';
import { serveSnapshots } from '../../src/snapshots/session.ts';

/** A client of a snapshot process over streams, as the editor has one; the workspace is trusted unless it is said. */
export function client(
  configuration: Partial<SnapshotConfiguration> = {},
): <M extends keyof SnapshotRequests>(
  method: M,
  params: SnapshotRequests[M]['params'],
  token?: CancellationToken,
) => Promise<SnapshotRequests[M]['result']> {
  const toServer = new PassThrough();
  const toClient = new PassThrough();
  serveSnapshots(createMessageConnection(new StreamMessageReader(toServer), new StreamMessageWriter(toClient)));
  const connection = createMessageConnection(new StreamMessageReader(toClient), new StreamMessageWriter(toServer));
  connection.listen();
  void connection.sendRequest('snapshot/configure', { folders: [], uids: [], pathMap: [], trusted: true, ...configuration });
  return (method, params, token) => connection.sendRequest(method, params, token);
}
