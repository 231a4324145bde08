/** Entry point for code that runs extension tests: code-server's workbench and @vscode/test-electron alike. */
import { readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Outcome {
  title: string;
  error: string | null;
  ms: number;
}

export async function run(): Promise<void> {
  const { default: Mocha } = await import('mocha');
  const mocha = new Mocha({ ui: 'tdd', timeout: 60_000, color: false });
  for (const file of readdirSync(__dirname).filter((name) => name.endsWith('.test.cjs'))) mocha.addFile(join(__dirname, file));
  const outcomes: Outcome[] = [];
  const failures = await new Promise<number>((resolve) => {
    const runner = mocha.run(resolve);
    runner.on('pass', (test) => outcomes.push({ title: test.fullTitle(), error: null, ms: test.duration ?? 0 }));
    runner.on('fail', (test, error: Error) =>
      outcomes.push({ title: test.fullTitle(), error: error.stack ?? error.message, ms: test.duration ?? 0 }),
    );
  });
  const path = process.env['TIDEMARK_TEST_RESULTS'];
  if (path !== undefined) {
    writeFileSync(`${path}.tmp`, JSON.stringify(outcomes));
    renameSync(`${path}.tmp`, path);
  }
  if (failures > 0) throw new Error(`${String(failures)} tests failed`);
}
