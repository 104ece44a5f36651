/** The service worker's life: registered after the first paint, replaced when the person agrees. */
import { t } from '$lib/i18n/index.svelte';
import { go } from '$lib/state/router.svelte';
import { toast } from '$lib/state/toasts.svelte';

const LOOK_EVERY_MS = 30 * 60_000;

function offer(worker: ServiceWorker): void {
  toast(t('update.ready'), 'plain', {
    label: t('update.now'),
    run: () => {
      navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
      worker.postMessage('update-now');
    },
  });
}

export function startUpdates(): void {
  if (!('serviceWorker' in navigator) || import.meta.env.DEV) return;
  window.addEventListener('load', () => void register(), { once: true });
  if (document.readyState === 'complete') void register();
  navigator.serviceWorker.addEventListener('message', (event: MessageEvent<{ open?: string }>) => {
    // A notification was tapped: the worker says which page it is about.
    if (event.data.open) go(event.data.open);
  });
}

let registered = false;

async function register(): Promise<void> {
  if (registered) return;
  registered = true;
  const registration = await navigator.serviceWorker.register('/sw.js').catch(() => null);
  if (!registration) return;
  if (registration.waiting && navigator.serviceWorker.controller) offer(registration.waiting);
  registration.addEventListener('updatefound', () => {
    const worker = registration.installing;
    worker?.addEventListener('statechange', () => {
      if (worker.state === 'installed' && navigator.serviceWorker.controller) offer(worker);
    });
  });
  setInterval(() => void registration.update().catch(() => undefined), LOOK_EVERY_MS);
}
