/// <reference lib="webworker" />
/**
 * Keeps the application's shell for use without a network. It never touches the API or media:
 * what people made and said is kept by the realm, not by this cache.
 */
export type {};
declare const self: ServiceWorkerGlobalScope;

const CACHE = 'reelm-shell-__REELM_VERSION__';
const ASSETS = JSON.parse('__REELM_ASSETS__') as string[];
const SHELL = '/';
const SIGNS = ['/manifest.webmanifest', '/icons/mark.svg'];
const SHELL_WAIT_MS = 4000;

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches.open(CACHE).then((cache) =>
      cache.addAll([new Request(SHELL, { cache: 'reload' }), ...SIGNS, ...ASSETS]),
    ),
  );
});

self.addEventListener('activate', (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) if (name !== CACHE) await caches.delete(name);
      await self.clients.claim();
    })(),
  );
});

self.addEventListener('message', (event) => {
  if (event.data === 'update-now') void self.skipWaiting();
});

/** The network's page if it comes in time, else the kept shell. */
async function shell(request: Request): Promise<Response> {
  const kept = await caches.match(SHELL);
  if (!kept) return fetch(request);
  try {
    return await fetch(request, { signal: AbortSignal.timeout(SHELL_WAIT_MS) });
  } catch {
    return kept;
  }
}

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  if (request.mode === 'navigate') {
    if (/^\/(api|media|ledger)\//.test(url.pathname)) return;
    event.respondWith(shell(request));
  } else if (url.pathname.startsWith('/assets/') || SIGNS.includes(url.pathname)) {
    event.respondWith(caches.match(request).then((kept) => kept ?? fetch(request)));
  }
});
