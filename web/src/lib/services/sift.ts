/**
 * What a person sees of a public list: a subsequence of it. Clips are left out, for stated reasons; nothing is ever put
 * in, and the order is the list's. Pure.
 */
import type { Clip } from '$lib/api/types';

import { saysOneOf } from './words';

export type Reason = 'seen' | 'word' | 'muted' | 'hidden';
export type LeftOut = Record<Reason, number>;

export interface Filters {
  /** Never wanted: `creator ada`, `tag cats`, `sound 0192…`. */
  muted: ReadonlySet<string>;
  words: readonly string[];
  isSeen: (clipId: string) => boolean;
}

export const NOTHING_OUT: LeftOut = { seen: 0, word: 0, muted: 0, hidden: 0 };

/** The next ids of the list that the person has not seen, from a place on; and the place after them. */
export function unseen(
  ids: readonly string[],
  place: number,
  most: number,
  isSeen: Filters['isSeen'],
): { ids: string[]; place: number; seen: number } {
  const found: string[] = [];
  let at = place;
  let seen = 0;
  for (; at < ids.length && found.length < most; at++) {
    const id = ids[at] ?? '';
    if (isSeen(id)) seen += 1;
    else found.push(id);
  }
  return { ids: found, place: at, seen };
}

function isMuted(clip: Clip, muted: ReadonlySet<string>): boolean {
  return (
    muted.has(`creator ${clip.author.handle}`) ||
    (clip.sound !== null && muted.has(`sound ${clip.sound.id}`)) ||
    clip.tags.some((tag) => muted.has(`tag ${tag}`))
  );
}

/**
 * Of the clips that the realm gave for `ids`, those the person wants, in the order of `ids`. What was not given is
 * hidden: removed, or not for this person. What was given and not asked for is ignored.
 */
export function sift(ids: readonly string[], clips: readonly Clip[], filters: Filters): { clips: Clip[]; out: LeftOut } {
  const given = new Map(clips.map((clip) => [clip.id, clip]));
  const out = { ...NOTHING_OUT };
  const kept: Clip[] = [];
  for (const id of ids) {
    const clip = given.get(id);
    if (!clip) out.hidden += 1;
    else if (isMuted(clip, filters.muted)) out.muted += 1;
    else if (saysOneOf(filters.words, clip)) out.word += 1;
    else kept.push(clip);
  }
  return { clips: kept, out };
}

export function added(one: LeftOut, other: LeftOut): LeftOut {
  return {
    seen: one.seen + other.seen,
    word: one.word + other.word,
    muted: one.muted + other.muted,
    hidden: one.hidden + other.hidden,
  };
}

export const total = (out: LeftOut): number => out.seen + out.word + out.muted + out.hidden;
