import { describe, expect, it } from 'vitest';

import type { Clip } from '$lib/api/types';
import { added, NOTHING_OUT, sift, total, unseen, type Filters } from '$lib/services/sift';

const clip = (id: string, more: Partial<Clip> = {}): Clip =>
  ({
    id,
    caption: '',
    tags: [],
    sound: null,
    author: { handle: `author_of_${id}`, display_name: '', avatar_url: null },
    ...more,
  }) as unknown as Clip;

const ids = (count: number): string[] => Array.from({ length: count }, (_, at) => `clip-${at}`);
const NO_FILTERS: Filters = { muted: new Set(), words: [], isSeen: () => false };

/** Whether one can be had from the other by leaving out alone. */
function isSubsequence(some: readonly string[], all: readonly string[]): boolean {
  let at = 0;
  for (const one of all) if (one === some[at]) at += 1;
  return at === some.length;
}

/** Small, repeatable chance. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('a public list, sifted', () => {
  it.each(Array.from({ length: 60 }, (_, seed) => seed))('is a subsequence of the list, and every clip is accounted for (%i)', (seed) => {
    const chance = dice(seed);
    const list = ids(Math.floor(chance() * 500));
    const seenHere = new Set(list.filter(() => chance() < 0.3));
    const filters: Filters = {
      muted: new Set(['tag cats', 'sound s1', 'creator ada']),
      words: ['rain'],
      isSeen: (id) => seenHere.has(id),
    };
    const world = new Map(
      list.map((id) => [
        id,
        clip(id, {
          caption: chance() < 0.2 ? 'So much rain' : 'Sun',
          tags: chance() < 0.2 ? ['cats'] : ['dogs'],
          sound: chance() < 0.2 ? ({ id: 's1' } as unknown as Clip['sound']) : null,
        }),
      ]),
    );
    const hidden = new Set(list.filter(() => chance() < 0.1));
    const shown: string[] = [];
    let out = NOTHING_OUT;
    for (let place = 0; place < list.length; ) {
      const next = unseen(list, place, 10, filters.isSeen);
      expect(next.place).toBeGreaterThan(place);
      place = next.place;
      // The realm may answer in any order: the list's is what counts.
      const answer = next.ids.filter((id) => !hidden.has(id)).map((id) => world.get(id) ?? clip(id)).reverse();
      const sifted = sift(next.ids, answer, filters);
      shown.push(...sifted.clips.map((one) => one.id));
      out = added(out, { ...sifted.out, seen: next.seen });
    }
    expect(isSubsequence(shown, list)).toBe(true);
    expect(shown.length + total(out)).toBe(list.length);
    expect(shown.some((id) => seenHere.has(id) || hidden.has(id))).toBe(false);
    for (const id of shown) {
      const one = world.get(id) ?? clip(id);
      expect([one.tags.includes('cats'), one.sound, one.caption]).toEqual([false, null, 'Sun']);
    }
  });

  it('is the list itself when nothing is left out', () => {
    const list = ids(25);
    const next = unseen(list, 0, 25, () => false);
    expect(sift(next.ids, list.map((id) => clip(id)), NO_FILTERS)).toEqual({
      clips: list.map((id) => clip(id)),
      out: NOTHING_OUT,
    });
  });

  it('takes nothing in that is not in the list, whatever the realm answers', () => {
    const { clips, out } = sift(['a', 'b'], [clip('boosted'), clip('b'), clip('a')], NO_FILTERS);
    expect(clips.map((one) => one.id)).toEqual(['a', 'b']);
    expect(out).toEqual(NOTHING_OUT);
  });
});
