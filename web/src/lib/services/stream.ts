/** The realm's live stream: notices, the unread count and the progress of one's own clips. */
import type { ClipProgress, Notice } from '$lib/api/types';

interface Listeners {
  notice: Set<(notice: Notice) => void>;
  unread: Set<(count: number) => void>;
  clip: Set<(progress: ClipProgress) => void>;
}

const listeners: Listeners = { notice: new Set(), unread: new Set(), clip: new Set() };
let source: EventSource | null = null;
let retry: ReturnType<typeof setTimeout> | null = null;
let wanted = false;
let waitMs = 2000;

const LONGEST_WAIT_MS = 60_000;

function listen<T>(from: EventSource, name: string, tell: (value: T) => void): void {
  from.addEventListener(name, (event) => {
    tell(JSON.parse((event as MessageEvent<string>).data) as T);
  });
}

/** Opens the stream; a browser reconnects by itself, and we do where it gives up. */
export function openStream(): void {
  wanted = true;
  if (source) return;
  const opened = new EventSource('/api/v1/stream');
  source = opened;
  opened.onopen = () => {
    waitMs = 2000;
  };
  opened.onerror = () => {
    if (opened.readyState !== EventSource.CLOSED) return;
    source = null;
    if (!wanted) return;
    retry = setTimeout(openStream, waitMs);
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
  };
  listen<Notice>(opened, 'notice', (one) => listeners.notice.forEach((tell) => tell(one)));
  listen<{ count: number }>(opened, 'unread', (one) =>
    listeners.unread.forEach((tell) => tell(one.count)),
  );
  listen<ClipProgress>(opened, 'clip', (one) => listeners.clip.forEach((tell) => tell(one)));
}

export function closeStream(): void {
  wanted = false;
  if (retry) clearTimeout(retry);
  retry = null;
  source?.close();
  source = null;
}

function subscribe<T>(set: Set<(value: T) => void>, tell: (value: T) => void): () => void {
  set.add(tell);
  return () => set.delete(tell);
}

/** Each returns the function that ends the subscription. */
export const onNotice = (tell: (notice: Notice) => void) => subscribe(listeners.notice, tell);
export const onUnread = (tell: (count: number) => void) => subscribe(listeners.unread, tell);
export const onClipProgress = (tell: (progress: ClipProgress) => void) =>
  subscribe(listeners.clip, tell);
