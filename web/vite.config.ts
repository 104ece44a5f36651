import { fileURLToPath } from 'node:url';

import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

import { precacheList } from './build/precache.ts';

const realm = process.env.REELM_URL ?? 'http://127.0.0.1:8480';
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [svelte(), precacheList()],
  resolve: {
    alias: { $lib: here('./src/lib') },
    // Unit tests run the client build of Svelte, as the browser does.
    ...(process.env.VITEST ? { conditions: ['browser'] } : {}),
  },
  build: {
    outDir: '../src/reelm/web_client',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    rollupOptions: {
      input: { index: here('./index.html'), sw: here('./src/worker/sw.ts') },
      output: {
        entryFileNames: (chunk) => (chunk.name === 'sw' ? 'sw.js' : 'assets/[name]-[hash].js'),
      },
    },
  },
  server: {
    proxy: Object.fromEntries(
      ['/api', '/media', '/ledger', '/health'].map((path) => [path, { target: realm, changeOrigin: false }]),
    ),
  },
  test: { include: ['tests/**/*.test.ts'], environment: 'node' },
});
