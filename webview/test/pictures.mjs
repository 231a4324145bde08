/** Pictures of a built page as a webview shows it, with VS Code's colours and a sample in place of the extension, and a check of its contrast. */
import { build } from 'esbuild';
import { createServer } from 'node:http';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { faint } from './contrast.mjs';
import { themes } from './themes.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const TYPES = { html: 'text/html', css: 'text/css', js: 'text/javascript' };

/**
 * Writes build/screenshots/<name>-<scene>.png for each scene that the command line names, or all.
 * @param options.sample path of the module that the extension's stand-in finds as `sample`
 * @param options.extension its script, which defines `window.acquireVsCodeApi`; `window.scene` says what to do
 * @param options.ready what to wait for in a scene, as a selector
 * @param options.act what to do in it then
 */
export async function takePictures({ name, html, sample, extension, scenes, width, ready, act }) {
  const out = join(root, 'build/screenshots');
  mkdirSync(out, { recursive: true });
  const bundled = await build({ entryPoints: [sample], bundle: true, format: 'iife', globalName: 'sample', write: false });
  let scene;
  const server = createServer((request, response) => {
    const path = new URL(request.url, 'http://localhost').pathname;
    if (path === '/') {
      const theme = themes[scene.theme];
      const variables = Object.entries(theme.colors).map(([variable, value]) => `--vscode-${variable}: ${value};`);
      const script = `window.scene = ${JSON.stringify(scene)};${bundled.outputFiles[0].text}\n${extension}`;
      const shown = readFileSync(join(root, 'dist/page', html), 'utf8')
        .replace('<html', `<html style="${variables.join(' ').replaceAll('"', '&quot;')}"`)
        .replace('<body>', () => `<body class="${theme.body}"><script>${script}</script>`);
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end(shown);
      return;
    }
    response.writeHead(200, { 'content-type': TYPES[path.split('.').at(-1)] ?? 'text/plain' });
    response.end(readFileSync(join(root, 'dist/page', path.slice(1))));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const wanted = process.argv.slice(2);
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  });
  let problems = 0;
  for (scene of scenes.filter((each) => wanted.length === 0 || wanted.includes(each.name))) {
    const page = await browser.newPage({
      viewport: { width: scene.width ?? width, height: scene.height ?? 900 },
      colorScheme: themes[scene.theme].scheme,
    });
    const complain = (text) => {
      problems += 1;
      console.log(`${scene.name}: ${text}`);
    };
    page.on('console', (message) => console.log(`${scene.name}: ${message.text()}`));
    page.on('pageerror', (error) => complain(error.message));
    await page.goto(`http://localhost:${server.address().port}/`);
    await page.waitForSelector(ready(scene));
    await page.waitForTimeout(500);
    await act(page, scene);
    for (const text of await page.evaluate(faint)) complain(`less than 4.5:1: ${text}`);
    await page.screenshot({ path: join(out, `${name}-${scene.name}.png`) });
    await page.close();
  }
  await browser.close();
  server.close();
  console.log(`pictures in ${out}, ${problems} problems`);
  process.exitCode = problems === 0 ? 0 : 1;
}
