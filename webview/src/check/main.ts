import { createCheckPage } from './page.ts';
import type { FromCheckPage, ToCheckPage } from './protocol.ts';

declare function acquireVsCodeApi(): { postMessage(message: unknown): void };

const api = acquireVsCodeApi();
const page = createCheckPage(document.body, (message) => api.postMessage(message satisfies FromCheckPage));
window.addEventListener('message', (event: MessageEvent<ToCheckPage>) => page.receive(event.data));
api.postMessage({ kind: 'ready' } satisfies FromCheckPage);
