/** Is a receipt that of the page that was shown, was it promised, and is it in the ledger? Codes as the auditor's. */
import { equal, fromHex, toHex } from '../bytes';
import { sha256 } from '../crypto';
import { Fault } from '../fault';
import type { Adjusted, Bytes, FeedReceipt } from './layout';
import { isOn, mapKey, readAdjustment, readMapProof, verifyMap } from './map';
import type { Problem } from './problem';
import {
  BATCH_SECONDS,
  batchOf,
  checkInclusion,
  checkSignature,
  clipBytes,
  clipId,
  INCLUSION_SECONDS,
  leafOf,
  type Inclusion,
  type PagePromise,
  type PromiseKey,
} from './promise';

const problem = (code: string, detail: string): Problem => ({ code: `feed.${code}`, detail });

/** Runs a check; a fault is a problem under `code`, and what is no fault goes on. */
async function held(code: string, act: () => Promise<void>): Promise<Problem[]> {
  try {
    await act();
    return [];
  } catch (cause) {
    if (!(cause instanceof Fault) || cause.what === 'browser' || cause.what === 'missing') throw cause;
    return [problem(code, cause.message)];
  }
}

/** The clips as they were shown against a leaf: what can be told without the receipt. */
export async function leafProblems(
  promise: Pick<PagePromise, 'leaf' | 'digest'>,
  clips: readonly string[],
  key: Bytes,
): Promise<Problem[]> {
  return held('leaf-differs', async () => {
    const leaf = await leafOf(key, clips.map(clipBytes), fromHex(promise.digest, 32));
    if (toHex(leaf) !== promise.leaf) throw new Fault('served', 'The promise is for other clips than were shown.');
  });
}

/** The receipt against what was shown, and against what the page named. */
export async function itemProblems(
  receipt: FeedReceipt,
  clips: readonly string[],
  promise: Pick<PagePromise, 'leaf' | 'digest'> | null,
  key: Bytes,
): Promise<Problem[]> {
  const chosen = receipt.chosen.map((one) => clipId(one.clip));
  if (clips.join() !== chosen.join()) {
    const strangers = clips.filter((one) => !chosen.includes(one)).length;
    const detail = strangers
      ? `${strangers} of the clips shown are not in the receipt.`
      : 'The clips shown are not all of the receipt’s, or stand in another order.';
    return [problem('page-differs', detail)];
  }
  if (!promise) return [];
  if (toHex(await sha256(receipt.bytes)) !== promise.digest) {
    return [problem('receipt-differs', 'The page named a receipt with another digest.')];
  }
  return leafProblems(promise, clips, key);
}

/** The promise against its key; `time` is the receipt's, where it is there. */
export async function promiseProblems(promise: PagePromise, key: PromiseKey, time: number | null): Promise<Problem[]> {
  const { at, include_by: by } = promise;
  const forged = await held('promise-forged', () => checkSignature(promise, key.key));
  if (forged.length > 0) return forged;
  const found: Problem[] = [];
  if (at < key.since || at > key.until) {
    found.push(problem('promise-key', 'The key was not in force when the promise was made.'));
  }
  if (time !== null && time !== at) {
    found.push(problem('time-differs', `The promise is of ${at}, the receipt of ${time}.`));
  }
  if (by < at || by > at + INCLUSION_SECONDS) found.push(problem('promise-long', `It leaves ${by - at} seconds.`));
  return found;
}

/** Whether the leaf is in the batch whose entry is known to be in the ledger, and in time. */
export async function batchProblems(promise: PagePromise, inclusion: Inclusion, entry: Uint8Array): Promise<Problem[]> {
  const stated = await held('batch-unproved', async () => void batchOf(entry, inclusion));
  if (stated.length > 0) return stated;
  const forged = await held('inclusion-forged', () => checkInclusion(inclusion, fromHex(promise.leaf, 32), entry));
  if (forged.length > 0) return forged;
  const late = inclusion.batch * BATCH_SECONDS - promise.include_by;
  return late > 0 ? [problem('promise-broken', `It went into the ledger ${late} seconds late.`)] : [];
}

/** What the map of adjustments says of one scored clip: null where nothing stands there. */
export interface ShownAdjustment {
  readonly index: number;
  readonly clip: Bytes;
  readonly value: Bytes | null;
  readonly proof: unknown;
}

const ZERO = new Uint8Array(32);
export const hasMap = (receipt: FeedReceipt): boolean => !equal(receipt.adjustments, ZERO);

/** What is adjusted although no map is named: the only thing that can be told without one. */
export function unmapped(receipt: FeedReceipt): Problem[] {
  if (hasMap(receipt) || receipt.adjusted.length === 0) return [];
  return [problem('adjustment-undeclared', 'Scores were adjusted, and no map is named.')];
}

/** The receipt's adjustments against the map, whose root is known to be in the ledger. */
export async function adjustmentProblems(receipt: FeedReceipt, shown: readonly ShownAdjustment[]): Promise<Problem[]> {
  const applied = new Map(receipt.adjusted.map((one) => [one.index, one]));
  const clips = new Map(receipt.chosen.map((one) => [one.index, one.clip]));
  const found: Problem[] = [];
  for (const one of shown) found.push(...(await ofOne(one, receipt, applied.get(one.index), clips.get(one.index))));
  const due = [...new Set([...applied.keys(), ...clips.keys()])].sort((a, b) => a - b);
  const missing = due.find((index) => !shown.some((one) => one.index === index));
  if (missing !== undefined) found.push(problem('adjustment-unproved', `Nothing is shown for candidate ${missing}.`));
  return found;
}

async function ofOne(
  { index, clip, value, proof }: ShownAdjustment,
  receipt: FeedReceipt,
  applied: Adjusted | undefined,
  expected: Bytes | undefined,
): Promise<Problem[]> {
  const say = (code: string, detail: string): Problem[] => [problem(code, `Candidate ${index}${detail}`)];
  if (expected && !equal(expected, clip)) return say('adjustment-unproved', ' is another clip.');
  let stands: Bytes | null;
  try {
    stands = await verifyMap(readMapProof(proof), await mapKey(clip), receipt.adjustments);
  } catch (cause) {
    if (!(cause instanceof Fault)) throw cause;
    return say(value ? 'adjustment-forged' : 'absence-forged', `: ${cause.message}.`);
  }
  if (stands ? !value || !equal(await sha256(value), stands) : value !== null) {
    return say('adjustment-forged', stands ? ': the map says something else.' : ': the map says nothing of it.');
  }
  const stated = value ? readAdjustment(value) : null;
  const due = stated && isOn(stated, receipt.time) ? stated : null;
  const same =
    applied?.kind === due?.kind && applied?.points === due?.points && applied?.reason === due?.reason;
  if (same) return [];
  if (!applied) return say('adjustment-left-out', ' has one that was not applied.');
  const declared = due ? `${due.points} points` : 'nothing';
  return say('adjustment-undeclared', ` was given ${applied.points} points; declared is ${declared}.`);
}
