/**
 * Holds the realm to what it promised of each page: at once, that the promise is for the clips that were shown and is
 * the realm's own; after the promised time, that the page is in the ledger. What fails is kept and said. A page that was
 * closed before is gone on with at the next start, from its promise alone.
 */
import { asProblem } from '$lib/api/problem';
import { t } from '$lib/i18n/index.svelte';
import { preferences } from '$lib/state/preferences.svelte';
import { go } from '$lib/state/router.svelte';
import { session, whoIsHere } from '$lib/state/session.svelte';
import { toast } from '$lib/state/toasts.svelte';
import { concat, fromBase64, toBase64 } from '$lib/verify/bytes';
import { canCheck } from '$lib/verify/crypto';
import { Fault } from '$lib/verify/fault';
import type { Problem } from '$lib/verify/feed/problem';
import { batchProblems, itemProblems, leafProblems, promiseProblems } from '$lib/verify/feed/evidence';
import { jsonLine, readLines, writeLines } from '$lib/verify/feed/file';
import { readReceipt, type Bytes } from '$lib/verify/feed/layout';
import { clipBytes, clipId, NOBODYS_KEY, type PagePromise } from '$lib/verify/feed/promise';

import { provedEntry } from './ledger-entries';
import { keepFailure } from './page-evidence';
import { settlePending, type PendingPromise } from './pending-promises';
import { getReceipt, getReceiptFile, promiseKeyOf, receiptKey } from './receipts';
import type { ServedPage } from './served';

/** A page that was promised something; what it showed is null where it is not known any more. */
interface Promised {
  readonly promise: PagePromise;
  readonly clips: readonly string[] | null;
}

/** How long a leaf may take from the batch to where everybody can fetch its proof. */
const GRACE_MS = 45_000;
const AGAIN_MS = 10_000;
const SPARING_ONE_IN = 20;

declare global {
  interface Navigator {
    /** Not in every browser. */
    readonly connection?: { readonly saveData?: boolean };
  }
}

/** With little data to spend, one page in twenty is followed to the ledger: nobody knows which. */
function isFollowed(): boolean {
  if (!preferences.dataSaver && !navigator.connection?.saveData) return true;
  return Math.random() < 1 / SPARING_ONE_IN;
}

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));

/** Once the page is looked at again: a page put aside checks nothing. */
function seen(): Promise<void> {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) =>
    document.addEventListener('visibilitychange', () => resolve(), { once: true }),
  );
}

/**
 * The receipt key that a page's leaf was made with: the person's own, or nobody's. A page may come before it is known
 * who is here: held against nobody's key, a person's page would look forged.
 */
export async function keyOfPage(): Promise<Bytes> {
  const person = await whoIsHere();
  if (person === undefined) throw new Fault('missing', 'The realm did not say who is signed in.');
  return person ? receiptKey() : NOBODYS_KEY;
}

async function promised(page: ServedPage): Promise<Problem[]> {
  const found = await leafProblems(page.promise, page.clips, await keyOfPage());
  if (found.length > 0) return found;
  const key = await promiseKeyOf(page.promise.process);
  return key ? promiseProblems(page.promise, key.key, null) : [];
}

/** Whether the page is in the ledger; null while it may still be on its way. */
async function included(page: Promised, over: boolean): Promise<Problem[] | null> {
  const { promise, clips } = page;
  const key = await promiseKeyOf(promise.process);
  if (!key) return over ? [{ code: 'feed.promise-key', detail: 'Nobody vouches for the key of the promise.' }] : null;
  const forged = await promiseProblems(promise, key.key, null);
  if (forged.length > 0) return forged;
  const missing: Problem[] = [{ code: 'feed.never-logged', detail: `It was promised by ${promise.include_by}.` }];
  const kept = await getReceipt(promise.id).catch((cause: unknown) => {
    if (asProblem(cause).gone) return null;
    throw cause;
  });
  if (!kept?.proof) return over ? missing : null;
  const { bytes } = await provedEntry(kept.proof.entry_index);
  const late = await batchProblems(promise, kept.proof, bytes);
  if (late.length > 0) return late;
  const receipt = readReceipt(fromBase64(kept.body));
  const shown = clips ?? receipt.chosen.map((one) => clipId(one.clip));
  return itemProblems(receipt, shown, promise, await keyOfPage());
}

/** Null where nothing can be said: no network, no session, a browser or ledger that is out of reach. */
async function judged(act: () => Promise<Problem[] | null>): Promise<Problem[] | null> {
  try {
    return await act();
  } catch (cause) {
    if (!(cause instanceof Fault) || cause.what === 'missing' || cause.what === 'browser') return null;
    return [{ code: 'feed.malformed', detail: cause.message }];
  }
}

/** Looks at the ledger from when the page is due, by this page's own clock, until it is there or should be. */
async function follow(page: Promised, due: number, person: string | undefined): Promise<void> {
  // Not all devices of a realm at one moment.
  await later(due - performance.now() + 1000 + Math.random() * 6000);
  for (;;) {
    await seen();
    if (session.me?.id !== person) return;
    const over = performance.now() > due + GRACE_MS;
    const found = await judged(() => included(page, over));
    if (found) return settle(page, found);
    if (over) return;
    await later(AGAIN_MS);
  }
}

async function settle(page: Promised, problems: readonly Problem[]): Promise<void> {
  if (problems.length > 0) await report(page, problems);
  settlePending(page.promise.id);
}

export async function keepPromise(page: ServedPage): Promise<void> {
  const person = (await whoIsHere())?.id;
  if (!(await canCheck())) return;
  const atOnce = await judged(() => promised(page));
  if (atOnce && atOnce.length > 0) return settle(page, atOnce);
  if (!isFollowed()) return settlePending(page.promise.id);
  const { at, include_by: by } = page.promise;
  await follow(page, page.cameMs + (by - at) * 1000, person);
}

/** What an earlier page left. The device's clock may have been set since: it brings no moment closer than it was. */
export async function keepPending({ came, ...promise }: PendingPromise): Promise<void> {
  const person = session.me?.id;
  if (!(await canCheck())) return;
  if (!isFollowed()) return settlePending(promise.id);
  const within = (promise.include_by - promise.at) * 1000;
  const left = Math.min(Math.max(came + within - Date.now(), 0), within);
  await follow({ promise, clips: null }, performance.now() + left, person);
}

/** The realm's file of the page, with what this device was shown and promised in place of what the realm says. */
export async function fileOf({ promise, clips }: Promised): Promise<string | null> {
  try {
    const lines = readLines(await getReceiptFile(promise.id));
    if (clips) lines.set('shown', toBase64(concat(...clips.map(clipBytes))));
    lines.set('key', toBase64(await keyOfPage()));
    const { leaf, at, include_by, signature } = promise;
    lines.set('promise', jsonLine({ leaf, at, include_by, signature } satisfies Partial<PagePromise>));
    return writeLines(lines);
  } catch {
    return null;
  }
}

/** Keeps what was found, and says it quietly. */
export async function report(page: Promised, problems: readonly Problem[]): Promise<void> {
  const failure = {
    id: page.promise.id,
    at: new Date().toISOString(),
    problems,
    promise: page.promise,
    clips: page.clips ?? [],
    file: await fileOf(page),
  };
  const kept = await keepFailure(failure);
  toast(t(kept ? 'feed.not_as_promised' : 'feed.not_as_promised_unkept'), 'problem', {
    label: t('feed.see'),
    run: () => go('/transparency#pages'),
  });
}
