/** The four feeds, each remembered with the place the person had reached. */
import { asProblem } from '$lib/api/problem';
import type { Clip, FeedName, Page } from '$lib/api/types';
import { flushEvents } from '$lib/services/events';
import { getFeedPage } from '$lib/services/feed';
import { noteServed } from '$lib/services/served';
import { forgetLives, refresh } from './clips.svelte';
import { PagedList } from './pages.svelte';
import { withoutProfiling } from './profiling.svelte';
import { onPersonChange } from './session.svelte';

const FIRST_PAGE = 6;

export interface Reelful {
  list: PagedList<Clip>;
  /** Index of the clip that was watched last. */
  at: number;
}

const feeds = new Map<FeedName, Reelful>();
let version = $state(0);

/** Changes when a feed was begun again, so that a screen asks for the new one. */
export const feedsVersion = (): number => version;

/** Only clips that can be played belong in a reel. */
function playable(clips: Clip[]): Clip[] {
  return clips.filter((clip) => clip.media !== null);
}

/** A reel over any paged source of clips. */
export function reelOf(fetch: (cursor: string | null) => Promise<Page<Clip>>): Reelful {
  const list = new PagedList<Clip>(
    async (cursor) => {
      const page = await fetch(cursor);
      refresh(page.items);
      noteServed(page);
      return { items: playable(page.items), next_cursor: page.next_cursor ?? null };
    },
    (clip) => clip.id,
  );
  return { list, at: 0 };
}

/** For You: made for the person, or, if they chose so on any device, the public list. */
export function forYou(): (cursor: string | null) => Promise<Page<Clip>> {
  let fromList = withoutProfiling();
  return async (cursor) => {
    if (!fromList) {
      // The last swipe is in the next page.
      if (cursor) await flushEvents();
      try {
        return await getFeedPage('for-you', cursor, cursor ? 10 : FIRST_PAGE);
      } catch (cause) {
        if (asProblem(cause).code !== 'feed.without_profiling') throw cause;
        fromList = true;
        cursor = null;
      }
    }
    return (await import('./public-list.svelte')).listPage(cursor);
  };
}

export function feedOf(name: FeedName): Reelful {
  let found = feeds.get(name);
  if (!found) {
    found = reelOf(
      name === 'for-you' ? forYou() : (cursor) => getFeedPage(name, cursor, cursor ? 10 : FIRST_PAGE),
    );
    feeds.set(name, found);
    const { list } = found;
    queueMicrotask(() => void list.more());
  }
  return found;
}

export function restartFeed(name: FeedName): void {
  feeds.delete(name);
  version += 1;
}

// After a sign-in or sign-out every feed is another one.
onPersonChange(() => {
  feeds.clear();
  forgetLives();
  version += 1;
});

/** What was watched since this page was opened, the latest first; known from the page alone. */
export function watchedHere(): Clip[] {
  const reels = [...(opened ? [opened] : []), ...feeds.values()];
  const found = reels.flatMap((reel) => reel.list.items.slice(0, reel.at + 1).reverse());
  return [...new Map(found.map((clip) => [clip.id, clip])).values()];
}

/** The clips somebody opened one of, so that swiping goes on among them. */
let opened: Reelful | null = null;

export function openAmong(list: PagedList<Clip>, index: number): void {
  opened = { list, at: index };
}

export function openedWith(clipId: string): Reelful | null {
  return opened?.list.items.some((one) => one.id === clipId) ? opened : null;
}
