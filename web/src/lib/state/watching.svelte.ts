/** Which of the four feeds is on the screen. */
import type { FeedName } from '$lib/api/types';
import { t, type Key } from '$lib/i18n/index.svelte';
import { edition } from '$lib/services/edition';
import { FEEDS, OPEN_FEEDS } from '$lib/services/feed';
import { mayAct } from './dialogs.svelte';
import { restartFeed } from './feeds.svelte';
import { go, router } from './router.svelte';
import { session } from './session.svelte';

/** The feed of the front page: the edition's own, or one that works without an account for whoever has none. */
function firstFeed(): FeedName {
  const here = session.me !== null || (!session.ready && document.cookie.includes('reelm_here=1'));
  return here || OPEN_FEEDS.includes(edition.default_feed) ? edition.default_feed : 'for-you';
}

export function shownFeed(): FeedName {
  const asked = router.query.get('feed');
  return FEEDS.find((one) => one === asked) ?? firstFeed();
}

export function feedTitle(feed: FeedName): string {
  return t(`feed.${feed}` as Key);
}

/** Goes to a feed; the one already shown begins again. */
export function goFeed(feed: FeedName): void {
  if (!OPEN_FEEDS.includes(feed) && !mayAct('ask.feed')) return;
  if (router.path === '/' && shownFeed() === feed) restartFeed(feed);
  go(feed === firstFeed() ? '/' : `/?feed=${feed}`);
}
