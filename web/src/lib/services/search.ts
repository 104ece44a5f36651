import { ask, client } from '$lib/api/client';
import type { SearchAnswer, Suggestion, Trending } from '$lib/api/types';

export type { Suggestion };
export type SearchType = 'all' | 'people' | 'clips' | 'sounds' | 'tags';

export function search(
  q: string,
  type: SearchType,
  cursor: string | null,
  signal?: AbortSignal,
): Promise<SearchAnswer> {
  return ask(
    client.GET('/api/v1/search', {
      params: { query: { q, type, cursor, limit: type === 'all' ? 6 : 20 } },
      signal: signal ?? null,
    }),
  );
}

/** Completions of a handle or a tag being typed. */
export async function suggest(
  q: string,
  kind: 'person' | 'tag',
  signal?: AbortSignal,
): Promise<Suggestion[]> {
  const answer = await ask(
    client.GET('/api/v1/search/suggestions', { params: { query: { q, kind } }, signal: signal ?? null }),
  );
  return answer.items;
}

export function getTrending(): Promise<Trending> {
  return ask(client.GET('/api/v1/trending'));
}
