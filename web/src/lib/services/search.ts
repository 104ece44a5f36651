import { ask, client } from '$lib/api/client';
import type { Clip, Page, PersonCard, Sound, TagCount } from '$lib/api/types';

export type SearchType = 'all' | 'people' | 'clips' | 'sounds' | 'tags';

export interface SearchAnswer {
  people: Page<PersonCard>;
  clips: Page<Clip>;
  sounds: Page<Sound>;
  tags: Page<TagCount>;
}

export interface Suggestion {
  value: string;
  label: string;
}

export interface Trending {
  tags: TagCount[];
  sounds: Sound[];
  clips: Clip[];
}

export function search(
  q: string,
  type: SearchType,
  cursor: string | null,
  signal?: AbortSignal,
): Promise<SearchAnswer> {
  return ask(
    client.GET('/api/v1/search', {
      params: { query: { q, type, cursor: cursor ?? undefined, limit: type === 'all' ? 6 : 20 } },
      signal,
    }),
  );
}

/** Completions of a handle or a tag being typed. */
export async function suggest(
  q: string,
  kind: 'person' | 'tag',
  signal?: AbortSignal,
): Promise<Suggestion[]> {
  const answer = await ask<{ items: Suggestion[] }>(
    client.GET('/api/v1/search/suggestions', { params: { query: { q, kind } }, signal }),
  );
  return answer.items;
}

export function getTrending(): Promise<Trending> {
  return ask(client.GET('/api/v1/trending'));
}
