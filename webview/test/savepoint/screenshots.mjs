/**
 * Pictures of the built savepoint page, and a check of its contrast:
 *   node scripts/build.mjs --only page && node webview/test/savepoint/screenshots.mjs [scene ...]
 * writes build/screenshots/savepoint-*.png. The page is shown as in a webview, with VS Code's colours and a sample in place of the extension.
 */
import { fileURLToPath } from 'node:url';
import { takePictures } from '../pictures.mjs';

/** Stands in for the extension. `window.scene` says what to do otherwise. */
const extension = `
  window.acquireVsCodeApi = () => ({ postMessage: (message) => {
    const send = (data) => setTimeout(() => window.dispatchEvent(new MessageEvent('message', { data })));
    const scene = window.scene ?? {};
    if (message.kind === 'ready') {
      if (scene.failed) send({ kind: 'failed', reason: scene.failed });
      else {
        if (scene.states) sample.addStates(scene.states);
        const overview = scene.large ? sample.largeOverview(scene.large) : { ...sample.overview, sizeBytes: scene.size ?? 60_000_000 };
        send({ kind: 'overview', overview, can: { run: true } });
      }
    } else if (message.kind === 'request') {
      const { id, request } = message;
      if (request.method === 'statistics' && scene.reading) {
        send({ kind: 'progress', id, value: { bytesRead: scene.reading * 451154944, bytesTotal: 451154944, states: [] } });
        return;
      }
      if (request.method === 'entries' && scene.broken) send({ kind: 'refused', id, reason: scene.broken, cancelled: false });
      else send({ kind: 'reply', id, result: sample.answer(request) });
    }
  } });
`;

const scenes = [
  { name: 'dark', theme: 'dark' },
  { name: 'light', theme: 'light' },
  { name: 'hc', theme: 'hc' },
  { name: 'hc-light', theme: 'hcLight' },
  { name: 'search', theme: 'dark', search: "key == 'ATL' && value > 30" },
  { name: 'nothing', theme: 'light', search: "key == 'JFX'" },
  { name: 'unread', theme: 'light', size: 1_030_000_000 },
  { name: 'reading', theme: 'dark', reading: 0.12 },
  { name: 'failed', theme: 'light', failed: '_metadata at byte 1,402: operator 3 of 9: 48211 bytes of state are expected, found 1340.' },
  { name: 'broken', theme: 'dark', broken: 'hourly-delay-2-of-4: byte 7,340,032: 48211 bytes of an entry are expected, found 1340.' },
  { name: 'narrow', theme: 'dark', width: 720, height: 1500 },
  { name: '2000', theme: 'dark', large: 2000 },
  { name: 'states', theme: 'light', states: 100_000 },
];

await takePictures({
  name: 'savepoint',
  html: 'savepoint.html',
  sample: fileURLToPath(new URL('sampleSnapshot.ts', import.meta.url)),
  extension,
  scenes,
  width: 1280,
  ready: (scene) => (scene.failed ? '.state-panel' : '.operators .line[data-index]'),
  async act(page, scene) {
    if (scene.search) {
      await page.getByRole('button', { name: 'Expression' }).click();
      await page.keyboard.type(scene.search);
      await page.keyboard.press('Enter');
      await page.waitForTimeout(300);
    }
  },
});
