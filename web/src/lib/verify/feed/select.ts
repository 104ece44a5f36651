/**
 * Which candidates are scored in full, and which of them come in which order: a pure function of the receipt and the
 * policy. Chance is SHA-256 over the receipt's seed, so nobody chooses it twice.
 */
import { concat, utf8 } from '../bytes';
import { sha256 } from '../crypto';
import { NO_GROUP, type Bytes, type FeedReceipt, type Rest, type Scored } from './layout';
import type { FeedPolicy } from './policy';

export const FRESH = 1 << 7;

const SEED = utf8('reelm/seed/v1');
const SERVED = utf8('reelm/served/v1\0');
const EXPLORE = utf8('explore');
const NOTHING = new Uint8Array();

/** What chance is drawn from; nothing in it can be picked once the candidates are known. */
export function seedOf({ visit, position, served }: Pick<FeedReceipt, 'visit' | 'position' | 'served'>): Promise<Bytes> {
  return sha256(concat(SEED, visit, Uint8Array.of(position & 255, position >> 8), served));
}

/** What the next page of a visit says was served before it; the first says 32 zero bytes. */
export function servedAfter(served: Bytes, clips: readonly Bytes[]): Promise<Bytes> {
  return sha256(concat(SERVED, served, ...clips));
}

export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let at = 0; at < a.length && at < b.length; at++) {
    if (a[at] !== b[at]) return (a[at] as number) - (b[at] as number);
  }
  return a.length - b.length;
}

function rowBytes(row: number): Bytes {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, row, true);
  return bytes;
}

/** In the order that chance gives them: by SHA-256(seed ‖ purpose ‖ row). */
async function byChance<T extends { row: number }>(seed: Bytes, purpose: Uint8Array, clips: readonly T[]): Promise<T[]> {
  const drawn = await Promise.all(
    clips.map(async (clip) => ({ clip, ticket: await sha256(concat(seed, purpose, rowBytes(clip.row))) })),
  );
  return drawn.sort((a, b) => compareBytes(a.ticket, b.ticket)).map((one) => one.clip);
}

/** The rows that are to be scored: the best by pre-score, then a few new ones drawn by lot. */
export async function scoredRows(
  candidates: readonly (Scored | Rest)[],
  policy: FeedPolicy,
  seed: Bytes,
): Promise<Set<number>> {
  const queue = [...candidates].sort((a, b) => b.pre - a.pre || b.row - a.row);
  const fresh = queue.slice(policy.best).filter((one) => one.sources & FRESH);
  const drawn = (await byChance(seed, NOTHING, fresh)).slice(0, policy.fresh);
  return new Set([...queue.slice(0, policy.best), ...drawn].map((one) => one.row));
}

export const exploresAt = (policy: FeedPolicy, place: number): boolean =>
  place % policy.exploreEvery === policy.exploreAt;

const lastOf = (taken: readonly Scored[], count: number): readonly Scored[] => (count ? taken.slice(-count) : []);

/** Whether a clip keeps its distance: 1 of its creator, 2 of its sound too, 3 of its first tag too. */
export function isSpaced(clip: Scored, taken: readonly Scored[], policy: FeedPolicy, rules: number): boolean {
  const near = lastOf(taken, policy.apart);
  if (rules >= 1 && near.some((one) => one.author === clip.author)) return false;
  if (rules >= 2 && clip.sound !== NO_GROUP && near.some((one) => one.sound === clip.sound)) return false;
  if (rules < 3 || clip.tag === NO_GROUP || policy.apartTags === 0) return true;
  const last = lastOf(taken, policy.apartTags);
  return last.length < policy.apartTags || last.some((one) => one.tag !== clip.tag);
}

function firstSpaced(pool: readonly Scored[], taken: readonly Scored[], policy: FeedPolicy): [Scored, number] {
  for (const rules of [3, 2, 1]) {
    const found = pool.find((one) => isSpaced(one, taken, policy, rules));
    if (found) return [found, rules];
  }
  return [pool[0] as Scored, 0];
}

export interface Place {
  /** Which of the scored. */
  readonly index: number;
  readonly exploring: boolean;
  /** How many of the three rules of distance could be kept. */
  readonly rules: number;
}

/** The page that scores, seed and position make. */
export async function selectPage(
  scored: readonly Scored[],
  finals: readonly number[],
  policy: FeedPolicy,
  seed: Bytes,
  position: number,
  count: number,
): Promise<Place[]> {
  const indexOf = new Map(scored.map((one, index) => [one, index]));
  const scoreOf = (one: Scored): number => finals[indexOf.get(one) as number] as number;
  const queue = [...scored].sort((a, b) => scoreOf(b) - scoreOf(a) || b.row - a.row);
  const fresh = await byChance(seed, EXPLORE, queue.filter((one) => one.sources & FRESH));
  const taken: Scored[] = [];
  const places: Place[] = [];
  for (let at = 0; at < Math.min(count, scored.length); at++) {
    const exploring = exploresAt(policy, position + at);
    const pool = (exploring ? [...fresh, ...queue] : queue).filter((one) => !taken.includes(one));
    const [next, rules] = firstSpaced(pool, taken, policy);
    taken.push(next);
    places.push({ index: indexOf.get(next) as number, exploring, rules });
  }
  return places;
}

/** Whether groups are numbered from 0 on in order of first appearance. */
export function groupsAreInOrder(scored: readonly Scored[], of: (one: Scored) => number): boolean {
  let following = 0;
  for (const group of scored.map(of)) {
    if (group === NO_GROUP) continue;
    if (group > following) return false;
    if (group === following) following += 1;
  }
  return true;
}
