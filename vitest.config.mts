import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** Bundles of pipelines of tests are not kept in the user's own cache. */
const env = { XDG_CACHE_HOME: join(import.meta.dirname, 'build', 'cache') };

export default defineConfig({
  test: {
    // Vitest leaves a core free by itself, which is half of a machine with two.
    maxWorkers: '100%',
    projects: [
      {
        test: {
          name: 'engine',
          env,
          include: ['engine/test/**/*.test.ts'],
          setupFiles: ['engine/test/propertySeed.ts'],
          testTimeout: 60_000,
        },
      },
      { test: { name: 'server', env, include: ['server/test/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000 } },
      { test: { name: 'scripts', include: ['scripts/test/**/*.test.mjs'] } },
      { test: { name: 'webview', environment: 'happy-dom', include: ['webview/test/**/*.test.ts'] } },
    ],
  },
});
