/// <reference lib="webworker" />
/**
 * Keeps the application's shell for use without a network, and shows what the realm pushes. It never keeps what the API
 * or media answer: what people made and said is kept by the realm, not by this cache.
 */
import { read, shown } from './tell';

declare const self: ServiceWorkerGlobalScope;

const CACHE = 'reelm-shell-__REELM_VERSION__';
const ASSETS = JSON.parse('__REELM_ASSETS__') as string[];
const SHELL = '/';
const SIGNS = ['/manifest.webmanifest', '/icons/mark.svg'];
const SHELL_WAIT_MS = 4000;
/** What the page left here for a time when no page is open: language and name of the device. */
const LEFT = 'reelm-device';

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
      for (const name of await caches.keys()) if (name !== CACHE && name !== LEFT) await caches.delete(name);
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

interface Device {
  language?: string;
  label?: string;
}

async function device(): Promise<Device> {
  const left = await caches.match('/device', { cacheName: LEFT });
  return left ? ((await left.json()) as Device) : {};
}

/** Shows what happened, unless the person looks at the app: it tells them itself. */
async function tell(text: string): Promise<void> {
  const pages = await self.clients.matchAll({ type: 'window' });
  if (pages.some((page) => page.focused)) return;
  const { language } = await device().catch((): Device => ({}));
  const { title, tag, path } = shown(read(text), [...(language ? [language] : []), ...navigator.languages]);
  await self.registration.showNotification(title, { tag, icon: '/icons/mark.svg', data: { path } });
}

self.addEventListener('push', (event) => {
  event.waitUntil(tell(event.data?.text() ?? ''));
});

async function open(path: string): Promise<void> {
  const [page] = await self.clients.matchAll({ type: 'window' });
  if (!page) {
    await self.clients.openWindow(path);
    return;
  }
  page.postMessage({ open: path });
  // A browser may not let the page come forward; it has gone to the place all the same.
  await page.focus().catch(() => undefined);
}

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  const { path } = event.notification.data as { path: string };
  event.waitUntil(open(path));
});

/** The browser gave this device another address: the realm is told, with the session of the person who is here. */
async function renew(): Promise<void> {
  const answer = await fetch('/api/v1/push/key');
  if (!answer.ok) return;
  const { public_key: key } = (await answer.json()) as { public_key: string };
  const subscription = await self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const { endpoint, keys } = subscription.toJSON();
  const { label } = await device();
  await fetch('/api/v1/me/push', {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      endpoint,
      sealing_keys: { p256dh: keys?.p256dh, auth: keys?.auth },
      label: label ?? '',
      time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    }),
  });
}

self.addEventListener('pushsubscriptionchange', (event) => {
  (event as ExtendableEvent).waitUntil(renew());
});
