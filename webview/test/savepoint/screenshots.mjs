/**
 * Pictures of the built savepoint page, and a check of its contrast:
 *   node scripts/build.mjs --only page && node webview/test/savepoint/screenshots.mjs [scene ...]
 * writes build/screenshots/savepoint-*.png. The page is shown as in a webview, with VS Code's colours and a sample in place of the extension.
 */
import { build } from 'esbuild';
import { createServer } from 'node:http';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { faint } from '../contrast.mjs';
import { themes } from './themes.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../../..');
const out = join(root, 'build/screenshots');
mkdirSync(out, { recursive: true });
const bundled = await build({
  entryPoints: [join(here, 'sampleSnapshot.ts')],
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
const types = { html: 'text/html', css: 'text/css', js: 'text/javascript' };
let scene;
const server = createServer((request, response) => {
  const path = new URL(request.url, 'http://localhost').pathname;
  if (path === '/') {
    const theme = themes[scene.theme];
    const variables = Object.entries(theme.colors).map(([name, value]) => `--vscode-${name}: ${value};`);
    const html = readFileSync(join(root, 'dist/page/savepoint.html'), 'utf8')
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

const wanted = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
let problems = 0;
for (scene of scenes.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  const page = await browser.newPage({
    viewport: { width: scene.width ?? 1280, height: scene.height ?? 900 },
    colorScheme: themes[scene.theme].scheme,
  });
  const complain = (text) => {
    problems += 1;
    console.log(`${scene.name}: ${text}`);
  };
  page.on('console', (message) => console.log(`${scene.name}: ${message.text()}`));
  page.on('pageerror', (error) => complain(error.message));
  await page.goto(`http://localhost:${server.address().port}/`);
  await page.waitForSelector(scene.failed ? '.state-panel' : '.operators .line[data-index]');
  await page.waitForTimeout(500);
  if (scene.search) {
    await page.getByRole('button', { name: 'Expression' }).click();
    await page.keyboard.type(scene.search);
    await page.keyboard.press('Enter');
    await page.waitForTimeout(300);
  }
  for (const text of await page.evaluate(faint)) complain(`less than 4.5:1: ${text}`);
  await page.screenshot({ path: join(out, `savepoint-${scene.name}.png`) });
  await page.close();
}
await browser.close();
server.close();
console.log(`pictures in ${out}, ${problems} problems`);
process.exitCode = problems === 0 ? 0 : 1;
