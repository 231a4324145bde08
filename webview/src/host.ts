import type { FromPage, ToPage } from './protocol.ts';

/** The other end: the extension in a VS Code webview, or the server of `tidemark run --ui` in a plain browser. */
export interface Host {
  post(message: FromPage): void;
}

declare function acquireVsCodeApi(): { postMessage(message: unknown): void };

/** @param onLost the server of a plain page went away; the last picture stays. */
export function connectHost(onMessage: (message: ToPage) => void, onLost: () => void): Host {
  return typeof acquireVsCodeApi === 'function' ? connectWebview(onMessage) : connectServer(onMessage, onLost);
}

function connectWebview(onMessage: (message: ToPage) => void): Host {
  const api = acquireVsCodeApi();
  window.addEventListener('message', (event: MessageEvent<ToPage>) => {
    onMessage(event.data);
  });
  return {
    post(message) {
      api.postMessage(message);
    },
  };
}

function connectServer(onMessage: (message: ToPage) => void, onLost: () => void): Host {
  const token = new URLSearchParams(location.search).get('token') ?? '';
  const events = new EventSource(`/events?token=${encodeURIComponent(token)}`);
  events.onmessage = (event: MessageEvent<string>) => {
    onMessage(JSON.parse(event.data) as ToPage);
  };
  events.onerror = () => {
    if (events.readyState === EventSource.CLOSED) onLost();
  };
  return {
    post(message) {
      const sent = fetch(`/message?token=${encodeURIComponent(token)}`, { method: 'POST', body: JSON.stringify(message) });
      sent.catch(onLost);
    },
  };
}
