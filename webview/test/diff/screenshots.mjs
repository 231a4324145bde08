/**
 * Pictures of the built page of comparisons, and a check of its contrast:
 *   node scripts/build.mjs --only page && node webview/test/diff/screenshots.mjs [scene ...]
 * writes build/screenshots/diff-*.png. The page is shown as in a webview, with VS Code's colours and a sample in place of the extension.
 */
import { build } from 'esbuild';
import { createServer } from 'node:http';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { faint } from '../contrast.mjs';
import { themes } from '../savepoint/themes.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../../..');
const out = join(root, 'build/screenshots');
mkdirSync(out, { recursive: true });
const bundled = await build({
  entryPoints: [join(here, 'sampleComparison.ts')],
  bundle: true,
  format: 'iife',
  globalName: 'sample',
  write: false,
});

/** Stands in for the extension. `window.scene` says what to do otherwise. */
const extension = `
  ${bundled.outputFiles[0].text}
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
const types = { html: 'text/html', css: 'text/css', js: 'text/javascript' };
let scene;
const server = createServer((request, response) => {
  const path = new URL(request.url, 'http://localhost').pathname;
  if (path === '/') {
    const theme = themes[scene.theme];
    const variables = Object.entries(theme.colors).map(([name, value]) => `--vscode-${name}: ${value};`);
    const html = readFileSync(join(root, 'dist/page/diff.html'), 'utf8')
      .replace('<html', `<html style="${variables.join(' ').replaceAll('"', '&quot;')}"`)
      .replace('<body>', `<body class="${theme.body}"><script>window.scene = ${JSON.stringify(scene)};${extension}</script>`);
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end(html);
    return;
  }
  response.writeHead(200, { 'content-type': types[path.split('.').at(-1)] ?? 'text/plain' });
  response.end(readFileSync(join(root, 'dist/page', path.slice(1))));
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

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

const wanted = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
let problems = 0;
for (scene of scenes.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  const page = await browser.newPage({
    viewport: { width: scene.width ?? 1440, height: scene.height ?? 900 },
    colorScheme: themes[scene.theme].scheme,
  });
  const complain = (text) => {
    problems += 1;
    console.log(`${scene.name}: ${text}`);
  };
  page.on('console', (message) => console.log(`${scene.name}: ${message.text()}`));
  page.on('pageerror', (error) => complain(error.message));
  await page.goto(`http://localhost:${server.address().port}/`);
  await page.waitForSelector(scene.failed || scene.same ? '.state-panel' : '.changes .entry-row');
  await page.waitForTimeout(500);
  if (!scene.failed && !scene.same) {
    await page.locator('.states .state-line', { hasText: 'streak' }).click();
    await page.locator('.changes .entry-row .twistie svg').first().click();
    await page.waitForTimeout(200);
  }
  for (const text of await page.evaluate(faint)) complain(`less than 4.5:1: ${text}`);
  await page.screenshot({ path: join(out, `diff-${scene.name}.png`) });
  await page.close();
}
await browser.close();
server.close();
console.log(`pictures in ${out}, ${problems} problems`);
process.exitCode = problems === 0 ? 0 : 1;
