/**
 * Checks one page of For You from its receipt, step by step: what was seen, promised and logged; then everything that
 * the published model and rules make of it. It never raises: what went wrong is the outcome of a step.
 */
import { asProblem } from '$lib/api/problem';
import { equal, fromHex, toHex } from '$lib/verify/bytes';
import { canCheck, sha256 } from '$lib/verify/crypto';
import { Fault } from '$lib/verify/fault';
import { sameBytes, STEPS } from '$lib/verify/feed/check';
import { adjustmentProblems, batchProblems, hasMap, itemProblems, promiseProblems, unmapped } from '$lib/verify/feed/evidence';
import { readFeedFile, type FeedFile, type FileAdjustments, type FilePromise } from '$lib/verify/feed/file';
import { readReceipt, type Bytes, type FeedReceipt } from '$lib/verify/feed/layout';
import { Objection, type Problem } from '$lib/verify/feed/problem';
import {
  clipBytes,
  INCLUSION_SECONDS,
  leafOf,
  openCertificate,
  type Inclusion,
  type PagePromise,
  type PromiseKey,
} from '$lib/verify/feed/promise';
import { rulesOf, type Rules } from '$lib/verify/feed/replay';
import { parseKey } from '$lib/verify/note';

import { Run, type Outcome, type Say } from './ledger-check';
import type { ProvedEntry } from './ledger-entries';

/** All that is known of one page, wherever it comes from. */
export interface PageEvidence {
  receipt: Bytes;
  /** The clips that were shown; null where this device no longer knows and nobody else can say. */
  shown: readonly string[] | null;
  from: 'seen' | 'realm' | 'file';
  key: Bytes;
  /** Where none was kept, what it must have been: the leaf follows from the page. */
  promise: PagePromise;
  promised: boolean;
  promiseKey: () => Promise<PromiseKey | null>;
  /** Where the page is in the ledger, and the entry as it is proved to be there. */
  inclusion: Inclusion | null;
  entry: () => Promise<{ index: number; bytes: Uint8Array } | null>;
  /** What the map of boosts and demotions says of the page's clips, with the entry that holds its root. */
  adjustments: FileAdjustments | null;
}

/** What a check asks of the world around the page. */
export interface Around {
  document: (digest: string) => Promise<Bytes>;
  /** The entry that put a model in force, proved; null if none names it. */
  inForce: (model: string) => Promise<{ index: number } | null>;
  /** Refuses unless the entry is in the ledger that this device trusts. */
  prove: (entry: Bytes, proof: string) => Promise<ProvedEntry>;
  now: () => Date;
}

export interface PageVerdict {
  outcome: Outcome;
  problems: readonly Problem[];
  receipt: FeedReceipt | null;
}

/** A proof may come a little after the leaf was due. */
const GRACE_SECONDS = 60;

const isoOf = (seconds: number): string => new Date(seconds * 1000).toISOString();

/** What had to be promised of a page whose promise was not kept. */
async function dueOf(file: FeedFile, digest: string): Promise<FilePromise> {
  const leaf = toHex(await leafOf(file.key, file.shown.map(clipBytes), fromHex(digest, 32)));
  const at = readReceipt(file.receipt).time;
  return { leaf, at, include_by: at + INCLUSION_SECONDS, signature: '' };
}

/** A page in a file. The ledger's key is the one that this device trusts, whatever the file says. */
export async function pageInFile(text: string, prove: Around['prove'], trusted: string): Promise<PageEvidence> {
  const file = readFeedFile(text);
  const { promise, certificate, promiseVkey } = file;
  const digest = toHex(await sha256(file.receipt));
  return {
    receipt: file.receipt,
    shown: file.shown,
    from: 'file',
    key: file.key,
    promise: { id: '', process: '', digest, ...(promise ?? (await dueOf(file, digest))) },
    promised: promise !== null,
    promiseKey: async () =>
      certificate && promiseVkey ? openCertificate(certificate, await parseKey(promiseVkey)) : null,
    inclusion: file.inclusion,
    entry: async () => {
      if (!file.entry) return null;
      if (trusted !== file.vkey) throw new Fault('log', 'the file is of another realm, or names a key of its own');
      return prove(file.entry.entry, file.entry.proof);
    },
    adjustments: file.adjustments,
  };
}

function none(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new Objection(problems);
}

export async function checkPage(
  load: () => PageEvidence | Promise<PageEvidence>,
  around: Around,
  say: Say,
): Promise<PageVerdict> {
  const run = new Run(say);
  const verdict: PageVerdict = { outcome: 'out', problems: [], receipt: null };
  try {
    run.begin('browser');
    if (!(await canCheck())) {
      run.end('out', 'lacking');
      return verdict;
    }
    run.end('fine', 'good');
    run.begin('page');
    const page = await load();
    const receipt = readReceipt(page.receipt);
    verdict.receipt = receipt;
    await seenStep(run, page, receipt);
    await promiseStep(run, page, receipt);
    await loggedStep(run, page, around);
    const rules = await rulesStep(run, receipt, around);
    await recomputed(run, receipt, rules);
    await boostsStep(run, page, receipt, around);
    run.begin('bytes');
    none(await sameBytes(receipt, rules));
    run.end('fine', 'good', { params: { count: receipt.bytes.length } });
    verdict.outcome = run.outcome;
  } catch (cause) {
    if (cause instanceof Objection) verdict.problems = cause.problems;
    else if (cause instanceof Fault) verdict.problems = [{ code: 'feed.malformed', detail: cause.message }];
    run.fail(cause instanceof Fault ? cause : new Fault('missing', asProblem(cause).message));
    verdict.outcome = run.outcome;
  }
  return verdict;
}

async function seenStep(run: Run, page: PageEvidence, receipt: FeedReceipt): Promise<void> {
  if (page.shown) none(await itemProblems(receipt, page.shown, page.promise, page.key));
  const outcome = page.from === 'realm' ? 'note' : 'fine';
  run.end(outcome, page.from, { params: { count: receipt.chosen.length } });
}

/** A fault that concerns the thing itself is an objection under `code`; one of the network or browser stays as it is. */
async function orObject<T>(code: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    if (!(cause instanceof Fault) || cause.what === 'missing' || cause.what === 'browser') throw cause;
    throw new Objection([{ code, detail: cause.message }]);
  }
}

async function promiseStep(run: Run, page: PageEvidence, receipt: FeedReceipt): Promise<void> {
  run.begin('promise');
  if (!page.promised) {
    run.end('note', 'none');
    return;
  }
  const key = await orObject('feed.promise-key', page.promiseKey);
  if (!key) return none([{ code: 'feed.promise-key', detail: 'Nobody vouches for the key of the promise.' }]);
  none(await promiseProblems(page.promise, key, receipt.time));
  run.end('fine', 'good', { times: { when: isoOf(page.promise.at) } });
}

async function loggedStep(run: Run, { promise, inclusion, entry }: PageEvidence, { now }: Around): Promise<void> {
  run.begin('logged');
  const found = inclusion ? await orObject('feed.batch-unproved', entry) : null;
  if (!inclusion) {
    const over = now().getTime() / 1000 > promise.include_by + GRACE_SECONDS;
    if (over) none([{ code: 'feed.never-logged', detail: `It was promised by ${promise.include_by}.` }]);
    run.end('note', 'waiting', { times: { when: isoOf(promise.include_by) } });
    return;
  }
  if (found?.index !== inclusion.entry_index) {
    return none([{ code: 'feed.batch-unproved', detail: found ? 'The proof is of another entry.' : 'No entry is shown.' }]);
  }
  none(await batchProblems(promise, inclusion, found.bytes));
  run.end('fine', 'good', { params: { index: found.index } });
}

/** Model and policy by the digests in the receipt, and the entry of the ledger that put the model in force. */
async function rulesStep(run: Run, receipt: FeedReceipt, around: Around): Promise<Rules> {
  run.begin('rules');
  const [model, policy] = [toHex(receipt.model), toHex(receipt.policy)];
  const rules = await rulesOf(receipt, await around.document(model), await around.document(policy));
  const named = await around.inForce(model);
  if (named) run.end('fine', 'known', { params: { name: rules.model.name, index: named.index } });
  else run.end('note', 'published', { params: { name: rules.model.name } });
  return rules;
}

async function recomputed(run: Run, receipt: FeedReceipt, rules: Rules): Promise<void> {
  const { inputs, scores, scored, page } = STEPS;
  run.begin('scores');
  none(await inputs(receipt));
  none(scores(receipt, rules));
  none(await scored(receipt, rules));
  run.end('fine', 'good', { params: { count: receipt.scored.length } });
  run.begin('order');
  none(await page(receipt, rules));
  run.end('fine', 'good', { params: { count: receipt.scored.length + receipt.rest.length } });
}

async function boostsStep(
  run: Run,
  { adjustments }: PageEvidence,
  receipt: FeedReceipt,
  around: Around,
): Promise<void> {
  run.begin('boosts');
  none(unmapped(receipt));
  if (!hasMap(receipt)) {
    run.end('fine', 'none');
    return;
  }
  if (!adjustments?.entry) {
    return none([{ code: 'feed.adjustments-unlogged', detail: 'No entry of the ledger holds the map’s root.' }]);
  }
  const { entry, proof } = adjustments.entry;
  const named = await orObject('feed.adjustments-unlogged', () => around.prove(entry, proof));
  const { kind, root } = named.entry;
  if (kind !== 'ranking.adjusted' || typeof root !== 'string' || !equal(fromHex(root, 32), receipt.adjustments)) {
    none([{ code: 'feed.adjustments-unlogged', detail: 'No entry of the ledger holds the map’s root.' }]);
  }
  none(await adjustmentProblems(receipt, adjustments.shown));
  const count = receipt.adjusted.length;
  run.end('fine', count ? 'some' : 'absent', { params: { count } });
}

