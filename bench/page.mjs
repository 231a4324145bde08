/**
 * `npm run bench:page`: the dataflow page at 500 operators, all numbers changing 4 times a second. Work per status (reduce and draw), measured
 * in headless Chromium; frames a second say more about the machine than about us. Exit code 1 above 16 ms at 500 operators;
 * `--short` draws few operators and judges no time.
 */
import { build } from 'esbuild';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { installChromium } from '../scripts/installWorkbench.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const BAR_MS = 16;
const isShort = process.argv.includes('--short');
const STATUSES = isShort ? 10 : 80;
const SIZES = isShort ? [100] : [100, 500];

const bundled = await build({
  stdin: {
    contents: `
      import ELK from 'elkjs/lib/elk.bundled.js';
      import { createPage } from './webview/src/page.ts';
      import { largePlan, statusAt } from './webview/test/samplePlan.ts';
      const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
      let page, plan;
      window.setUp = async (operators, statuses) => {
        document.body.replaceChildren();
        plan = largePlan(operators);
        page = createPage(document.body, () => {}, new ELK());
        page.dispatch({ kind: 'run', run: { pipeline: 'large', program: '/a.ts', startedAt: 0, restoredFrom: null, canOpenSource: true, canPause: true } });
        page.dispatch({ kind: 'plan', plan });
        window.statuses = Array.from({ length: statuses }, (_, tick) => statusAt(plan, tick));
        page.dispatch({ kind: 'status', status: window.statuses[0] });
        while (document.querySelectorAll('g.node').length < operators) await frame();
      };
      window.run = async () => {
        for (const status of window.statuses) {
          page.dispatch({ kind: 'status', status });
          await frame();
          await frame();
        }
      };`,
    resolveDir: root,
    loader: 'ts',
  },
  bundle: true,
  write: false,
  format: 'iife',
});
const browser = await chromium.launch({ executablePath: await installChromium(), args: ['--no-sandbox'] });
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
page.on('pageerror', (error) => {
  console.error(error.stack);
  process.exit(2);
});
await page.addScriptTag({ content: bundled.outputFiles[0].text });
const cdp = await page.context().newCDPSession(page);
await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
const scriptSeconds = async () =>
  (await cdp.send('Performance.getMetrics')).metrics.find((metric) => metric.name === 'ScriptDuration').value;
for (const operators of SIZES) {
  await page.evaluate(([size, statuses]) => window.setUp(size, statuses), [operators, STATUSES]);
  await page.evaluate(() => window.run());
  const before = await scriptSeconds();
  await page.evaluate(() => window.run());
  const perStatus = (((await scriptSeconds()) - before) * 1000) / STATUSES;
  console.log(`${operators} operators: ${perStatus.toFixed(1)} ms of script a status`);
  if (operators === 500 && perStatus > BAR_MS) process.exitCode = 1;
}
await browser.close();
