import { createDoctorPage } from './page.ts';
import type { FromDoctorPage, ToDoctorPage } from './protocol.ts';

declare function acquireVsCodeApi(): { postMessage(message: unknown): void };

const api = acquireVsCodeApi();
const page = createDoctorPage(document.body, (message) => api.postMessage(message satisfies FromDoctorPage));
window.addEventListener('message', (event: MessageEvent<ToDoctorPage>) => page.receive(event.data));
api.postMessage({ kind: 'ready' } satisfies FromDoctorPage);
