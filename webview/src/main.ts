import { connectHost } from './host.ts';
import { startLayoutWorker } from './layout/layoutWorker.ts';
import { createPage } from './page.ts';

const host = connectHost(
  (message) => page.dispatch(message),
  () => page.dispatch({ kind: 'lost' }),
);
const page = createPage(document.body, (message) => host.post(message), startLayoutWorker());
host.post({ kind: 'ready' });
