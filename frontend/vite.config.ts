import { tanstackRouter } from '@tanstack/router-plugin/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [
    tanstackRouter({ target: 'react', autoCodeSplitting: true, generatedRouteTree: 'src/route-tree.gen.ts', quoteStyle: 'single', semicolons: true }),
    react(),
  ],
  build: {
    // The server's content security policy knows no data: addresses.
    assetsInlineLimit: 0,
    // GraphiQL's editor is one large file that only its own page loads.
    chunkSizeWarningLimit: 6000,
    rolldownOptions: {
      input: { app: 'index.html', graphiql: 'graphiql/index.html' },
      // GraphiQL's packages carry directives of the React compiler, which have done their work by then.
      onLog(level, log, handle) {
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') {
          handle(level, log);
        }
      },
    },
  },
  server: {
    proxy: {
      '/graphql': { target: 'http://127.0.0.1:8080', ws: true },
      '/healthz': 'http://127.0.0.1:8080',
    },
  },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['src/shared/testing/setup.ts'],
  },
});
