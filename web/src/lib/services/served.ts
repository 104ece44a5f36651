/**
 * Pages of For You as they were served on this visit. What was promised for each is checked when the device is idle, by
 * a script of its own (`keep-promises`): nothing of it is in the way of the first frame.
 */
import type { Clip, Page } from '$lib/api/types';
import { onPersonChange } from '$lib/state/session.svelte';
import type { PagePromise } from '$lib/verify/feed/promise';

import { whenIdle } from './idle';
import { notePending } from './pending-promises';

export interface ServedPage {
  promise: PagePromise;
  /** The ids of its clips, in the order in which they came. */
  clips: readonly string[];
  /** When it came, by the page's own clock, which nobody sets. */
  cameMs: number;
}

const REMEMBERED = 60;
const AFTER_MS = 2500;
let pages: ServedPage[] = [];
let waiting: ServedPage[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;

async function hand(): Promise<void> {
  timer = undefined;
  const taken = waiting.splice(0);
  try {
    const { keepPromise } = await import('./keep-promises');
    for (const page of taken) void keepPromise(page);
  } catch {
    // No network for the script: with the next page again.
    waiting = [...taken, ...waiting].slice(-REMEMBERED);
  }
}

export function noteServed(page: Page<Clip> & { receipt?: PagePromise | null }): void {
  if (!page.receipt || page.items.length === 0) return;
  const served = { promise: page.receipt, clips: page.items.map((one) => one.id), cameMs: performance.now() };
  pages = [...pages, served].slice(-REMEMBERED);
  waiting.push(served);
  notePending(page.receipt);
  timer ??= setTimeout(() => whenIdle(() => void hand()), AFTER_MS);
}

/** The latest page of this visit that had this clip. */
export function servedWith(clipId: string): ServedPage | null {
  return pages.findLast((one) => one.clips.includes(clipId)) ?? null;
}

export function servedAs(receiptId: string): ServedPage | null {
  return pages.find((one) => one.promise.id === receiptId) ?? null;
}

onPersonChange(() => {
  pages = [];
  waiting = [];
});
