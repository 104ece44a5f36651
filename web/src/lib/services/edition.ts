/**
 * The edition that the realm put into the page: name, mark, languages, and with what things begin. One build serves
 * every edition; a page that carries none (while developing, in a test) is the one that this build comes with.
 */
import type { FeedName } from '$lib/api/types';

export interface Edition {
  name: string;
  /** The path of an SVG of 64 by 64; empty for the mark that comes with the client. */
  mark: string;
  languages: string[];
  default_feed: FeedName;
  default_visibility: 'everyone' | 'followers' | 'friends' | 'only_me';
}

const OWN: Edition = {
  name: 'Reelm',
  mark: '',
  languages: ['en', 'fr', 'zh'],
  default_feed: 'for-you',
  default_visibility: 'everyone',
};

export function readEdition(content: string | null | undefined): Edition {
  if (!content) return OWN;
  try {
    return { ...OWN, ...(JSON.parse(content) as Partial<Edition>) };
  } catch {
    return OWN;
  }
}

export const edition: Edition = readEdition(
  typeof document === 'undefined' ? null : document.querySelector<HTMLMetaElement>('meta[name="edition"]')?.content,
);
