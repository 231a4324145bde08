import { createDiffPage } from './page.ts';
import type { FromDiffPage, ToDiffPage } from './protocol.ts';

declare function acquireVsCodeApi(): { postMessage(message: unknown): void };

const api = acquireVsCodeApi();
const page = createDiffPage(document.body, (message) => api.postMessage(message satisfies FromDiffPage));
window.addEventListener('message', (event: MessageEvent<ToDiffPage>) => page.receive(event.data));
api.postMessage({ kind: 'ready' } satisfies FromDiffPage);
