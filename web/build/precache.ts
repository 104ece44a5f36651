import { createHash } from 'node:crypto';

import type { Plugin } from 'vite';

/**
 * Writes the list of built files, and a version made of their hashes, into the service worker,
 * so that a new release is a different worker and the browser notices it.
 */
export function precacheList(): Plugin {
  return {
    name: 'reelm-precache-list',
    apply: 'build',
    // After the bundler dropped chunks that had nothing but styles: a name that leads nowhere stops the installation.
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const worker = bundle['sw.js'];
        if (!worker || worker.type !== 'chunk') throw new Error('the service worker was not built');
        const first = Object.values(bundle).filter((file) => file.fileName !== 'sw.js');
        const names = first.map((file) => '/' + file.fileName).filter((name) => name.startsWith('/assets/'));
        const version = createHash('sha256').update(names.sort().join('\n')).digest('hex').slice(0, 16);
        worker.code = worker.code
          .replaceAll('__REELM_VERSION__', version)
          .replace(/["'`]__REELM_ASSETS__["'`]/, JSON.stringify(JSON.stringify(names)));
      },
    },
  };
}
