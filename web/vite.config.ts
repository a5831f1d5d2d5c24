import { defineConfig } from 'vitest/config';

// `npm run dev` serves the pages and passes the API's calls on to a Sluice on its usual port.
const sluice = 'http://127.0.0.1:8080';

export default defineConfig({
  build: {
    target: 'es2022',
    // Nothing inline: the page's Content-Security-Policy allows none.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      onwarn(warning, warn) {
        // Libraries mark their files for servers that render; nothing is rendered on a server here.
        if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') warn(warning);
      },
    },
  },
  server: { proxy: { '/v1': sluice, '/share': sluice, '/openapi.json': sluice } },
  test: { include: ['src/**/*_test.ts'] },
});
