import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'engine', include: ['engine/test/**/*.test.ts'], setupFiles: ['engine/test/propertySeed.ts'], testTimeout: 60_000 } },
      { test: { name: 'server', include: ['server/test/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000 } },
      { test: { name: 'scripts', include: ['scripts/test/**/*.test.mjs'] } },
      { test: { name: 'webview', environment: 'happy-dom', include: ['webview/test/**/*.test.ts'] } },
    ],
  },
});
