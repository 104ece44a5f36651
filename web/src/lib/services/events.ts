/** Watch events, kept here for a few seconds and sent in batches; signed-out people send none. */
import { client } from '$lib/api/client';
import type { WatchEvent, WatchEventKind } from '$lib/api/types';
import { withoutProfiling } from '$lib/state/profiling.svelte';
import { session } from '$lib/state/session.svelte';

const BATCH = 100;
const ENOUGH = 20;
const WAIT_MS = 8000;
const KEPT = 'reelm.unsent';

let waiting: WatchEvent[] = [];
let sending: WatchEvent[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;

export interface WatchFacts {
  watchedMs?: number;
  positionMs?: number;
  source?: string;
}

export function record(clipId: string, kind: WatchEventKind, facts: WatchFacts = {}): void {
  if (withoutProfiling()) {
    // Nothing leaves the device: it only remembers that the clip was seen.
    void import('./seen-here').then(({ noteSeen }) => noteSeen(clipId));
    return;
  }
  if (!session.me) return;
  waiting.push({
    id: crypto.randomUUID(),
    clip_id: clipId,
    kind,
    at: new Date().toISOString(),
    watched_ms: Math.round(facts.watchedMs ?? 0),
    position_ms: Math.round(facts.positionMs ?? 0),
    source: facts.source ?? '',
  });
  if (waiting.length >= ENOUGH) void send();
  else timer ??= setTimeout(() => void send(), WAIT_MS);
}

/** Sends what waits. Ids make a repeated batch harmless, so a failed one simply waits again. */
async function send(): Promise<void> {
  clearTimeout(timer);
  timer = undefined;
  const events = waiting.splice(0, BATCH);
  if (events.length === 0 || !session.me) return;
  sending = events;
  try {
    const { response } = await client.POST('/api/v1/events', { body: { events }, keepalive: true });
    if (response.status >= 500 || response.status === 429) waiting = events.concat(waiting);
  } catch {
    waiting = events.concat(waiting).slice(0, BATCH * 3);
  } finally {
    sending = [];
  }
}

/** What leaves with a page may get lost: a copy stays in this tab, for the next page to send again. */
function leave(): void {
  const events = sending.concat(waiting).slice(0, BATCH);
  void send();
  if (events.length === 0 || !session.me) return;
  try {
    sessionStorage.setItem(KEPT, JSON.stringify({ who: session.me.id, events }));
  } catch {
    // No room, or none allowed: then they were sent once.
  }
}

/** Sends what an earlier page of this tab may not have got out; to be called once it is known who is here. */
export function sendKept(): void {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? 'null') as { who: string; events: WatchEvent[] } | null;
    sessionStorage.removeItem(KEPT);
    if (kept === null || kept.who !== session.me?.id) return;
    waiting = kept.events.concat(waiting);
  } catch {
    return;
  }
  void send();
}

export function startEvents(): void {
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') void send();
  });
  window.addEventListener('pagehide', leave);
}

/** Sends at once, before the person who watched signs out. */
export const flushEvents = send;
