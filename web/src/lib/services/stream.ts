/**
 * The realm's live stream: notices, the unread count, the progress of one's own clips, and hints about conversations.
 *
 * A hint holds nothing of a conversation: whoever hears one fetches what is new. Hints are lost while the stream is
 * down; `onStreamReturn` tells each time that it (again) hears everything from now on, so what came before that has to
 * be looked for.
 */
import type { ClipProgress, Notice } from '$lib/api/types';

/** A conversation has entries, or changes, up to this number. */
export interface MessageHint {
  conversation_id: string;
  last_seq: number;
}

/** Somebody is writing in a conversation. */
export interface TypingHint {
  conversation_id: string;
  person_id: string;
}

interface Listeners {
  notice: Set<(notice: Notice) => void>;
  unread: Set<(count: number) => void>;
  clip: Set<(progress: ClipProgress) => void>;
  message: Set<(hint: MessageHint) => void>;
  typing: Set<(hint: TypingHint) => void>;
  returned: Set<() => void>;
}

const listeners: Listeners = {
  notice: new Set(),
  unread: new Set(),
  clip: new Set(),
  message: new Set(),
  typing: new Set(),
  returned: new Set(),
};
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
  // The count comes first on each connection, and only once the realm listens for this person.
  let hears = false;
  const returned = () => listeners.returned.forEach((tell) => tell());
  opened.onopen = () => {
    waitMs = 2000;
    hears = false;
  };
  opened.onerror = () => {
    if (opened.readyState !== EventSource.CLOSED) return;
    source = null;
    if (!wanted) return;
    retry = setTimeout(openStream, waitMs);
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
  };
  listen<Notice>(opened, 'notice', (one) => listeners.notice.forEach((tell) => tell(one)));
  listen<{ count: number }>(opened, 'unread', (one) => {
    if (!hears) returned();
    hears = true;
    listeners.unread.forEach((tell) => tell(one.count));
  });
  listen<MessageHint>(opened, 'message', (one) => listeners.message.forEach((tell) => tell(one)));
  listen<TypingHint>(opened, 'typing', (one) => listeners.typing.forEach((tell) => tell(one)));
  listen<object>(opened, 'missed', returned);
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
export const onMessageHint = (tell: (hint: MessageHint) => void) =>
  subscribe(listeners.message, tell);
export const onTypingHint = (tell: (hint: TypingHint) => void) => subscribe(listeners.typing, tell);
export const onStreamReturn = (tell: () => void) => subscribe(listeners.returned, tell);
export const onClipProgress = (tell: (progress: ClipProgress) => void) =>
  subscribe(listeners.clip, tell);
