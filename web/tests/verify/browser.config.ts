/** Bundles `day.ts` as the client itself is built, into one module that a page can import. */
import { fileURLToPath } from 'node:url';

import { defineConfig } from 'vite';

import client from '../../vite.config.ts';

export default defineConfig({
  resolve: client.resolve,
  build: {
    target: client.build?.target,
    copyPublicDir: false,
    modulePreload: false,
    rollupOptions: {
      input: fileURLToPath(new URL('./day.ts', import.meta.url)),
      preserveEntrySignatures: 'strict',
      output: { entryFileNames: '[name].js' },
    },
  },
});
