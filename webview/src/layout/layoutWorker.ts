import ELK from 'elkjs/lib/elk-api.js';
// elkjs' own worker, as text (scripts/build.mjs): a webview may start workers from blobs only.
import workerCode from 'elkjs/lib/elk-worker.min.js';
import type { LayoutEngine } from './layout.ts';

/** Layout off the page's thread: elkjs in a Web Worker. */
export function startLayoutWorker(): LayoutEngine {
  return new ELK({ workerFactory: () => new Worker(URL.createObjectURL(new Blob([workerCode], { type: 'text/javascript' }))) });
}
