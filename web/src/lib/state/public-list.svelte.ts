/** For You without profiling: the public list, and what this device leaves out of it. Loaded only for who chose so. */
import type { Clip, ListName, Page } from '$lib/api/types';
import { isSeen } from '$lib/services/seen-here';
import { added, NOTHING_OUT, sift, unseen, type LeftOut } from '$lib/services/sift';
import { cardsOf, currentList, getList } from '$lib/services/public-lists';
import { getMyFeed, NEVER, type Thing } from '$lib/services/taste';
import { noteProfiling } from './profiling.svelte';
import { restartFeed } from './feeds.svelte';

const PAGE = 10;
/** A list is made every ten minutes; they are counted from the beginning of 1970. */
const EPOCH_MS = 600_000;

let name = $state.raw<ListName | null>(null);
let ids = $state.raw<readonly string[]>([]);
let place = $state(0);
let out = $state.raw<LeftOut>(NOTHING_OUT);
let again = $state(false);
let muted = new Set<string>();
let words: string[] = [];

const keyOf = (thing: Thing): string => `${thing.kind} ${thing.value}`;

export const publicList = {
  get name(): ListName | null {
    return name;
  },
  /** The clips of the list, in its order. */
  get ids(): readonly string[] {
    return ids;
  },
  /** How far into the list the person has come. */
  get place(): number {
    return place;
  },
  get out(): LeftOut {
    return out;
  },
  /** When the list was made. */
  get madeAt(): Date | null {
    return name && name.epoch > 0 ? new Date(name.epoch * EPOCH_MS) : null;
  },
};

export function noteWish(thing: Thing, wish: number): void {
  if (wish === NEVER) muted.add(keyOf(thing));
  else muted.delete(keyOf(thing));
}

export function noteWords(next: string[]): void {
  words = next;
}

/** Fetches the list that is the person's now, and what they leave out. */
async function begin(): Promise<void> {
  const [feed, current] = await Promise.all([getMyFeed(), currentList()]);
  noteProfiling(feed.profiling);
  // Somewhere else the person chose a feed made for them again.
  if (feed.profiling) restartFeed('for-you');
  muted = new Set(feed.wishes.filter((one) => one.wish === NEVER).map(keyOf));
  words = feed.words;
  // Where nothing is public yet, there is no list.
  ids = current.epoch > 0 ? (await getList(current)).ids : [];
  name = current;
  place = 0;
  out = NOTHING_OUT;
}

/** The next clips of the list that this device does not leave out; the cursor is the place in the list. */
export async function listPage(cursor: string | null): Promise<Page<Clip>> {
  if (cursor === null || !name) await begin();
  else place = Number(cursor);
  const filters = { muted, words, isSeen: again ? () => false : isSeen };
  let items: Clip[] = [];
  while (items.length === 0 && place < ids.length) {
    const next = unseen(ids, place, PAGE, filters.isSeen);
    const sifted = next.ids.length > 0 ? sift(next.ids, await cardsOf(next.ids), filters) : { clips: [], out: NOTHING_OUT };
    items = sifted.clips;
    place = next.place;
    out = added(out, { ...sifted.out, seen: sifted.out.seen + next.seen });
  }
  return { items, next_cursor: place < ids.length ? String(place) : null };
}

/** Begins the list again, with what was seen. */
export function showSeenAgain(): void {
  again = true;
  restartFeed('for-you');
}
