/** Which of the four feeds is on the screen. */
import type { FeedName } from '$lib/api/types';
import { t, type Key } from '$lib/i18n/index.svelte';
import { FEEDS, OPEN_FEEDS } from '$lib/services/feed';
import { mayAct } from './dialogs.svelte';
import { restartFeed } from './feeds.svelte';
import { go, router } from './router.svelte';

export function shownFeed(): FeedName {
  const asked = router.query.get('feed');
  return FEEDS.find((one) => one === asked) ?? 'for-you';
}

export function feedTitle(feed: FeedName): string {
  return t(`feed.${feed}` as Key);
}

/** Goes to a feed; the one already shown begins again. */
export function goFeed(feed: FeedName): void {
  if (!OPEN_FEEDS.includes(feed) && !mayAct('ask.feed')) return;
  if (router.path === '/' && shownFeed() === feed) restartFeed(feed);
  go(feed === 'for-you' ? '/' : `/?feed=${feed}`);
}
