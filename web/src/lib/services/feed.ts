import { ask, client } from '$lib/api/client';
import type { Clip, FeedName, Page } from '$lib/api/types';

export const FEEDS: readonly FeedName[] = ['for-you', 'following', 'friends', 'local'];
/** The feeds that work without an account. */
export const OPEN_FEEDS: readonly FeedName[] = ['for-you', 'local'];

export function getFeedPage(name: FeedName, cursor: string | null, limit = 10): Promise<Page<Clip>> {
  return ask(
    client.GET('/api/v1/feeds/{name}', {
      params: { path: { name }, query: { limit, cursor } },
    }),
  );
}
