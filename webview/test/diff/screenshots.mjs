/**
 * Pictures of the built page of comparisons, and a check of its contrast:
 *   node scripts/build.mjs --only page && node webview/test/diff/screenshots.mjs [scene ...]
 * writes build/screenshots/diff-*.png. The page is shown as in a webview, with VS Code's colours and a sample in place of the extension.
 */
import { fileURLToPath } from 'node:url';
import { takePictures } from '../pictures.mjs';

/** Stands in for the extension. `window.scene` says what to do otherwise. */
const extension = `
  window.acquireVsCodeApi = () => ({ postMessage: (message) => {
    const send = (data) => setTimeout(() => window.dispatchEvent(new MessageEvent('message', { data })));
    const scene = window.scene ?? {};
    if (message.kind === 'ready') send({ kind: 'pair', before: '/projects/a', after: '/projects/b' });
    else if (message.kind === 'request') {
      const { id, request } = message;
      if (request.method === 'open' && scene.failed) send({ kind: 'refused', id, reason: scene.failed, cancelled: false });
      else if (request.method === 'open' && scene.same) send({ kind: 'reply', id, result: sample.sameOverview });
      else if (request.method === 'run' && scene.same) send({ kind: 'reply', id, result: sample.same });
      else if (request.method === 'run' && scene.running) {
        const operators = [sample.countsOf(0), sample.countsOf(1, false)];
        send({ kind: 'progress', id, value: { bytesRead: scene.running * 858536365, bytesTotal: 858536365, operators } });
      } else send({ kind: 'reply', id, result: sample.answer(request) });
    }
  } });
`;

const scenes = [
  { name: 'dark', theme: 'dark' },
  { name: 'light', theme: 'light' },
  { name: 'hc', theme: 'hc' },
  { name: 'hc-light', theme: 'hcLight' },
  { name: 'running', theme: 'dark', running: 0.62 },
  { name: 'beside', theme: 'light', width: 1080 },
  { name: 'same', theme: 'light', same: true },
  {
    name: 'failed',
    theme: 'light',
    failed: 'late-streak=late: no operator of the snapshot after is late; known: late-streaks, hourly-delay',
  },
  { name: 'narrow', theme: 'dark', width: 760, height: 1700 },
];

await takePictures({
  name: 'diff',
  html: 'diff.html',
  sample: fileURLToPath(new URL('sampleComparison.ts', import.meta.url)),
  extension,
  scenes,
  width: 1440,
  ready: (scene) => (scene.failed || scene.same ? '.state-panel' : '.changes .entry-row'),
  async act(page, scene) {
    if (!scene.failed && !scene.same) {
      await page.locator('.states .state-line', { hasText: 'streak' }).click();
      await page.locator('.changes .entry-row .twistie svg').first().click();
      await page.waitForTimeout(200);
    }
  },
});
