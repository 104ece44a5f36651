/** What a person tells their feed, and what it thinks of them. */
import { ask, client } from '$lib/api/client';
import type { FeedSettings, MyFeed, WishKind } from '$lib/api/types';
import type { Key } from '$lib/i18n/index.svelte';

export const NEVER = -2;
/** From nothing at all to much more; 0, as the feed thinks, is none of them. */
export const LEVELS = [NEVER, -1, 1, 2] as const;
const NAMES: Record<number, Key> = {
  [NEVER]: 'taste.wish_never',
  [-1]: 'taste.wish_less',
  1: 'taste.wish_more',
  2: 'taste.wish_most',
};
export const wishName = (wish: number): Key => NAMES[wish] ?? 'taste.wish_more';

export const MOST_WORDS = 100;
export const WORD_CHARS = 60;

export interface Thing {
  kind: WishKind;
  /** A tag, a handle, or a sound's id. */
  value: string;
}

export function getMyFeed(): Promise<MyFeed> {
  return ask(client.GET('/api/v1/me/feed'));
}

export function changeMyFeed(change: { profiling?: boolean; learning?: boolean }): Promise<FeedSettings> {
  return ask(client.PATCH('/api/v1/me/feed', { body: change }));
}

/** Wants more (1, 2), less (-1) or nothing (-2) of a thing; 0 takes the wish back. */
export async function setWish({ kind, value }: Thing, wish: number): Promise<void> {
  await ask(client.PUT('/api/v1/me/feed/wishes', { body: { kind, value, wish } }));
}

export async function forgetThing({ kind, value }: Thing): Promise<void> {
  await ask(client.POST('/api/v1/me/feed/forget', { body: { kind, value } }));
}

/** Puts these words in the place of those there were; returns them as they are kept. */
export async function setWords(words: string[]): Promise<string[]> {
  return (await ask(client.PUT('/api/v1/me/feed/words', { body: { words } }))).words;
}

export async function resetTaste(): Promise<void> {
  await ask(client.POST('/api/v1/me/feed/reset'));
}
