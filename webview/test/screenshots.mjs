/**
 * Pictures of the built page: `node scripts/build.mjs --only page && node webview/test/screenshots.mjs` writes build/screenshots/page-*.png.
 * The plain browser's page, with messages as `tidemark run --ui` sends them.
 */
import { build } from 'esbuild';
import { createServer } from 'node:http';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const out = join(root, 'build/screenshots');
mkdirSync(out, { recursive: true });
const bundled = await build({ entryPoints: [join(root, 'webview/test/samplePlan.ts')], bundle: true, format: 'esm', write: false });
const sample = await import(`data:text/javascript,${encodeURIComponent(bundled.outputFiles[0].text)}`);

const types = { html: 'text/html', css: 'text/css', js: 'text/javascript' };
let messages = [];
const server = createServer((request, response) => {
  const path = new URL(request.url, 'http://localhost').pathname;
  if (path === '/events') {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const message of messages) response.write(`data: ${JSON.stringify(message)}\n\n`);
  } else if (path === '/message') {
    response.end();
  } else {
    const file = path === '/' ? 'index.html' : path.slice(1);
    response.writeHead(200, { 'content-type': types[file.split('.').at(-1)] ?? 'text/plain' });
    response.end(readFileSync(join(root, 'dist/page', file)));
  }
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

const run = {
  kind: 'run',
  run: {
    pipeline: 'departure-delays',
    program: '/projects/flights.pipeline.ts',
    startedAt: 1_700_000_000_000,
    restoredFrom: null,
    canOpenSource: true,
    canPause: true,
  },
};
const steady = (plan, state) => [
  run,
  { kind: 'plan', plan },
  ...Array.from({ length: 120 }, (_, tick) => ({ kind: 'status', status: sample.statusAt(plan, tick, tick === 119 ? state : 'running') })),
];
const scenes = [
  { name: 'dark', scheme: 'dark', messages: [...steady(sample.flightsPlan, 'running'), { kind: 'reveal', uid: 'late-streaks' }] },
  { name: 'light', scheme: 'light', messages: [...steady(sample.flightsPlan, 'paused'), { kind: 'reveal', uid: 'hourly-delay' }] },
  { name: 'table', scheme: 'dark', messages: steady(sample.flightsPlan, 'running'), press: 't' },
  { name: '500', scheme: 'dark', messages: steady(sample.largePlan(500), 'running'), wait: 8000 },
  { name: 'empty', scheme: 'light', messages: [] },
  {
    name: 'failed',
    scheme: 'dark',
    messages: [
      ...steady(sample.flightsPlan, 'failed'),
      {
        kind: 'notice',
        severity: 'error',
        text: "late-streaks: Cannot read properties of null (reading 'length') at flights.pipeline.ts:31",
      },
    ],
  },
];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
for (const scene of scenes) {
  messages = scene.messages;
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: scene.scheme });
  page.on('console', (message) => console.log(`${scene.name}: ${message.text()}`));
  page.on('pageerror', (error) => console.log(`${scene.name}: ${error.message}`));
  await page.goto(`http://localhost:${server.address().port}/?token=x`);
  if (scene.messages.length > 0 && scene.press === undefined) await page.waitForSelector('g.node', { timeout: 60_000 });
  if (scene.press !== undefined) {
    await page.waitForSelector('.headline b');
    await page.keyboard.press(scene.press);
  }
  await page.waitForTimeout(scene.wait ?? 800);
  await page.screenshot({ path: join(out, `page-${scene.name}.png`) });
  await page.close();
}
await browser.close();
server.close();
console.log(`${scenes.length} pictures in ${out}`);
