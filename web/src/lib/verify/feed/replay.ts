/**
 * A page computed again from its receipt, the model and the policy. Every difference is a problem under a code of its
 * own, the same as the auditor's; the first of a kind is enough, and what follows from it is not told again.
 */
import { equal, toHex } from '../bytes';
import { sha256 } from '../crypto';
import { Fault } from '../fault';
import { NO_GROUP, writeReceipt, type Bytes, type FeedReceipt, type Rest, type Scored } from './layout';
import { finalScore, preScore, readModel, type Model } from './model';
import { Objection } from './problem';
import { readPolicy, type FeedPolicy } from './policy';
import { scoredRows, seedOf, selectPage } from './select';

export interface Rules {
  readonly model: Model;
  readonly policy: FeedPolicy;
}

/** Reads one of the two documents; what can't be read, or is another than the receipt names, is an objection. */
async function documentOf<T>(what: 'model' | 'policy', bytes: Bytes, digest: Bytes, read: (bytes: Bytes) => T): Promise<T> {
  let found: T;
  try {
    found = read(bytes);
  } catch (cause) {
    if (!(cause instanceof Fault)) throw cause;
    throw new Objection([{ code: `feed.${what}-unreadable`, detail: cause.message }]);
  }
  if (equal(await sha256(bytes), digest)) return found;
  throw new Objection([{ code: `feed.${what}-other`, detail: `The receipt names ${toHex(digest).slice(0, 16)}….` }]);
}

export async function rulesOf(receipt: FeedReceipt, model: Bytes, policy: Bytes): Promise<Rules> {
  return {
    model: await documentOf('model', model, receipt.model, readModel),
    policy: await documentOf('policy', policy, receipt.policy, readPolicy),
  };
}

/** The points that boosts and demotions gave to each of the scored. */
export function pointsOf({ scored, adjusted }: Pick<FeedReceipt, 'scored' | 'adjusted'>): number[] {
  const points = new Array<number>(scored.length).fill(0);
  for (const one of adjusted) points[one.index] = (points[one.index] as number) + one.points;
  return points;
}

/** Final scores, from features and declared adjustments only: pre-scores are computed, not believed. */
export function finalsOf(receipt: Pick<FeedReceipt, 'scored' | 'adjusted'>, model: Model): number[] {
  const points = pointsOf(receipt);
  return receipt.scored.map(({ features }, index) =>
    finalScore(model, features, preScore(model, features), points[index] as number),
  );
}

type Ranked = Scored | Rest;
const byPre = (a: Ranked, b: Ranked): number => b.pre - a.pre || b.row - a.row;

/** Numbers groups again, in order of first appearance. */
function grouped(scored: readonly Scored[]): Scored[] {
  const numbers = { author: new Map<number, number>(), sound: new Map<number, number>(), tag: new Map<number, number>() };
  const number = (kind: keyof typeof numbers, group: number): number => {
    if (group === NO_GROUP) return group;
    const known = numbers[kind];
    if (!known.has(group)) known.set(group, known.size);
    return known.get(group) as number;
  };
  return scored.map((one) => ({
    ...one,
    author: number('author', one.author),
    sound: number('sound', one.sound),
    tag: number('tag', one.tag),
  }));
}

/**
 * The receipt's bytes, with everything that follows from something else computed again: equal bytes mean that this
 * page is the one that model and policy make. Null where no page can be made of what the receipt says.
 */
export async function again(receipt: FeedReceipt, { model, policy }: Rules): Promise<Bytes | null> {
  const seed = await seedOf(receipt);
  const scored = receipt.scored.map((one) => ({ ...one, pre: preScore(model, one.features) }));
  const everyone: Ranked[] = [...scored, ...receipt.rest].sort(byPre);
  const wanted = await scoredRows(everyone, policy, seed);
  const rows = new Map(scored.map((one) => [one.row, one]));
  const same = wanted.size === rows.size && [...wanted].every((row) => rows.has(row));
  if (!same || new Set(everyone.map((one) => one.row)).size !== everyone.length) return null;
  const order = everyone.filter((one) => wanted.has(one.row)).map((one) => one.row);
  const at = new Map(order.map((row, index) => [row, index]));
  const rowAt = (index: number): number => receipt.scored[index]?.row as number;
  const made = {
    ...receipt,
    scored: grouped(order.map((row) => rows.get(row) as Scored)),
    rest: [...receipt.rest].sort(byPre),
    adjusted: receipt.adjusted
      .map((one) => ({ ...one, index: at.get(rowAt(one.index)) as number }))
      .sort((a, b) => a.index - b.index),
    viewer: await sha256(receipt.viewerBytes),
  };
  const clips = new Map(receipt.chosen.map((one) => [rowAt(one.index), one.clip]));
  const count = receipt.chosen.length;
  const places = await selectPage(made.scored, finalsOf(made, model), policy, seed, receipt.position, count);
  const chosen = places.map(({ index }) => ({
    index,
    clip: clips.get(made.scored[index]?.row as number) ?? new Uint8Array(16),
  }));
  return writeReceipt({ ...made, chosen });
}

