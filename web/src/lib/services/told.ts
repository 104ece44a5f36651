/** Being told on this device: the browser's push subscription, and the realm's record of it. */
import { ask, client } from '$lib/api/client';
import type { components } from '$lib/api/schema';
import { i18n } from '$lib/i18n/index.svelte';
import { deviceWords } from '$lib/services/devices';

type Schemas = components['schemas'];
export type PushDevice = Schemas['PushDevice'];
export type NoticeSettings = Schemas['NoticeSettings'];
export type NewNoticeSettings = Schemas['NewNoticeSettings'];
export type Choice = NoticeSettings['kinds'][string];

/** `unable`: the browser has no push, or the realm sends to no push service; `barred`: the person said no to the browser. */
export type Here = 'unable' | 'unserved' | 'barred' | 'off' | 'on';

const MARK = 'reelm.told';
const LEFT = 'reelm-device';

export function listDevices(): Promise<PushDevice[]> {
  return ask(client.GET('/api/v1/me/push')).then((answer) => answer.items);
}

export async function removeDevice(id: string): Promise<void> {
  await ask<unknown>(
    client.DELETE('/api/v1/me/push/{push_device_id}', { params: { path: { push_device_id: id } } }),
  );
}

export function getNoticeSettings(): Promise<NoticeSettings> {
  return ask(client.GET('/api/v1/me/notice-settings'));
}

export function setNoticeSettings(chosen: NewNoticeSettings): Promise<NoticeSettings> {
  return ask(client.PUT('/api/v1/me/notice-settings', { body: chosen }));
}

export function timeZoneHere(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Whether this device was told to be told; costs nothing. */
export function isToldHere(): boolean {
  return localStorage.getItem(MARK) !== null;
}

async function subscriptionHere(): Promise<PushSubscription | null> {
  const registration = await navigator.serviceWorker.getRegistration();
  return (await registration?.pushManager.getSubscription()) ?? null;
}

/** How this device begins its own row in the list of devices. */
export async function markHere(): Promise<string> {
  if (!able()) return '';
  const subscription = await subscriptionHere();
  if (!subscription) return '';
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(subscription.endpoint));
  return [...new Uint8Array(digest).slice(0, 8)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function able(): boolean {
  return 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window;
}

export async function here(): Promise<Here> {
  if (!able()) return 'unable';
  const key = await ask(client.GET('/api/v1/push/key'));
  if (key.services.length === 0 || !key.public_key) return 'unserved';
  if (Notification.permission === 'denied') return 'barred';
  return isToldHere() && (await subscriptionHere()) ? 'on' : 'off';
}

/** Leaves with the worker what it can't ask a page for: the language, and what the device is called. */
export async function leaveLanguage(): Promise<void> {
  const device = { language: i18n.locale, label: deviceWords(navigator.userAgent).slice(0, 60) };
  await (await caches.open(LEFT)).put('/device', new Response(JSON.stringify(device)));
}

/** Asks the browser, then tells the realm. To be called from a tap. False when the person said no to the browser. */
export async function tellHere(person: string): Promise<boolean> {
  if ((await Notification.requestPermission()) !== 'granted') return false;
  await subscribe(person);
  return true;
}

async function subscribe(person: string): Promise<void> {
  const { public_key: key } = await ask(client.GET('/api/v1/push/key'));
  const { pushManager } = await navigator.serviceWorker.ready;
  const known = await pushManager.getSubscription();
  // A subscription belongs to the key it was made with; the realm may have had to make another one.
  if (known && keyOf(known) !== key) await known.unsubscribe();
  const subscription = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const { endpoint, keys } = subscription.toJSON();
  try {
    await ask(
      client.PUT('/api/v1/me/push', {
        body: {
          endpoint: endpoint ?? '',
          sealing_keys: { p256dh: keys?.p256dh ?? '', auth: keys?.auth ?? '' },
          label: deviceWords(navigator.userAgent).slice(0, 60),
          time_zone: timeZoneHere(),
        },
      }),
    );
  } catch (cause) {
    await subscription.unsubscribe();
    throw cause;
  }
  await leaveLanguage();
  localStorage.setItem(MARK, markOf(person));
}

function keyOf(subscription: PushSubscription): string {
  const bytes = new Uint8Array(subscription.options.applicationServerKey ?? new ArrayBuffer(0));
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** One person, one day: a device that is used says so once. */
function markOf(person: string): string {
  return `${person} ${new Date().toISOString().slice(0, 10)}`;
}

/** Once a day, for the person who is here: the browser may have changed the address, or the realm its key. */
export async function renewHere(person: string): Promise<void> {
  const mark = localStorage.getItem(MARK);
  if (mark === null || mark === markOf(person) || !able() || Notification.permission !== 'granted') return;
  if (mark.split(' ')[0] !== person) {
    // Somebody else was told here; whoever is here now has not asked for it.
    await tellNoMoreHere();
    return;
  }
  await subscribe(person);
}

/** Takes this device off, here and at the realm. */
export async function tellNoMoreHere(): Promise<void> {
  const mark = await markHere();
  localStorage.removeItem(MARK);
  const subscription = await subscriptionHere();
  await subscription?.unsubscribe();
  const own = mark ? (await listDevices()).find((one) => one.mark === mark) : undefined;
  if (own) await removeDevice(own.id);
}
