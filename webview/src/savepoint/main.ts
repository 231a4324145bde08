import { createSavepointPage } from './page.ts';
import type { FromSavepointPage, ToSavepointPage } from './protocol.ts';

declare function acquireVsCodeApi(): { postMessage(message: unknown): void };

const api = acquireVsCodeApi();
const page = createSavepointPage(document.body, (message) => api.postMessage(message satisfies FromSavepointPage));
window.addEventListener('message', (event: MessageEvent<ToSavepointPage>) => page.receive(event.data));
api.postMessage({ kind: 'ready' } satisfies FromSavepointPage);
