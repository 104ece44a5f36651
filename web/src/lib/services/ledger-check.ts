/**
 * Checks the ledger as any outsider can, one step after the other, and says of each what it showed. Only bytes that
 * were fetched, a key, a policy and what this device remembers decide; what the API says of itself decides nothing.
 */
import type { EntryBody } from '$lib/api/types';
import { fromBase64, fromUtf8, toBase64 } from '$lib/verify/bytes';
import { decodeCanonical } from '$lib/verify/canonical';
import { openCheckpoint, type OpenedCheckpoint } from '$lib/verify/checkpoint';
import { canCheck } from '$lib/verify/crypto';
import { Fault } from '$lib/verify/fault';
import {
  consistencyProof,
  inclusionProof,
  leafHash,
  verifyConsistency,
  verifyInclusion,
} from '$lib/verify/merkle';
import { parseLogKey } from '$lib/verify/note';
import { openUnderPolicy, parsePolicy, type Policy } from '$lib/verify/policy';
import { decodeBundle, nodesFromTiles, WIDTH, widthAt } from '$lib/verify/tiles';

import type { LedgerFiles } from './ledger-files';
import type { Memory } from './ledger-memory';

export type StepName =
  | 'browser'
  | 'key'
  | 'fetch'
  | 'signature'
  | 'witnesses'
  | 'history'
  | 'entry'
  | 'file'
  | 'opening'
  | 'page'
  | 'promise'
  | 'logged'
  | 'rules'
  | 'scores'
  | 'order'
  | 'boosts'
  | 'bytes';

/** `fine` fits, `note` fits but should be known, `bad` does not fit, `out` could not be checked. */
export type Outcome = 'fine' | 'note' | 'bad' | 'out';

/** Something to say: which of a step's sentences, and what to fill in. */
export interface Step {
  name: StepName;
  outcome: Outcome | 'running';
  /** Which sentence: the text `check.{name}_{said}`. */
  said: string;
  params: Record<string, string | number>;
  /** Moments among the places, to be written the person's way. */
  times?: Record<string, string>;
  names?: string[];
  /** What exactly went wrong, for those who look closer. */
  detail?: string;
}

export interface CheckedEntry {
  index: number;
  bytes: Uint8Array<ArrayBuffer>;
  entry: EntryBody | null;
}

export interface Wish {
  memory: Memory | null;
  /** As the realm shows them now: believed only on the very first look. */
  shown: { vkey: string; public_policy: string };
  /** The entry to look at; the newest if null. */
  index: number | null;
  now: () => Date;
}

export interface Verdict {
  outcome: Outcome;
  checkpoint: OpenedCheckpoint | null;
  entry: CheckedEntry | null;
  /** What to remember from now on; null when nothing may be. */
  memory: Memory | null;
}

export type Say = (step: Step) => void;

/** Witnesses of an idle realm sign anew every ten minutes; beyond this they are late. */
const LATE_SECONDS = 15 * 60;

const running = (name: StepName): Step => ({ name, outcome: 'running', said: 'running', params: {} });

function worse(a: Outcome, b: Outcome): Outcome {
  const order: Outcome[] = ['fine', 'note', 'out', 'bad'];
  return order.indexOf(a) >= order.indexOf(b) ? a : b;
}

/** Runs one check after the other; the first that fails ends it. */
export class Run {
  outcome: Outcome = 'fine';
  #step: Step | null = null;
  readonly #say: Say;

  constructor(say: Say) {
    this.#say = say;
  }

  begin(name: StepName): void {
    this.#step = running(name);
    this.#say(this.#step);
  }

  end(outcome: Outcome, said: string, more: Partial<Step> = {}): void {
    if (!this.#step) throw new Error('no step has begun');
    this.outcome = worse(this.outcome, outcome);
    this.#say({ ...this.#step, outcome, said, ...more });
    this.#step = null;
  }

  /** A step ended by what it met. */
  fail(cause: unknown): void {
    const fault = cause instanceof Fault ? cause : new Fault('missing', String(cause));
    const out = fault.what === 'missing' || fault.what === 'browser';
    this.end(out ? 'out' : 'bad', out ? fault.what : 'bad', { detail: fault.message });
  }
}

/** An entry as it is in the log: from its bundle, with its inclusion proved against the checkpoint. */
export async function readEntry(
  index: number,
  checkpoint: { size: number; root: Uint8Array<ArrayBuffer> },
  files: LedgerFiles,
): Promise<CheckedEntry> {
  const { size, root } = checkpoint;
  if (!(index >= 0 && index < size)) throw new Fault('proof', `there is no entry ${index} in a ledger of ${size}`);
  const bundle = Math.floor(index / WIDTH);
  const width = widthAt(size, 0, bundle);
  const bytes = decodeBundle(await files.tile({ level: null, index: bundle, width }), width)[index % WIDTH];
  if (!bytes) throw new Fault('format', 'the bundle is too short');
  const proof = await inclusionProof(index, size, nodesFromTiles(size, files.tile));
  await verifyInclusion(await leafHash(bytes), index, size, proof, root);
  return { index, bytes, entry: decodeCanonical(bytes) as EntryBody };
}

/** Whether this device's key and policy are the ones to believe, and since when. */
function keyStep(run: Run, wish: Wish): { vkey: string; policy: string } | null {
  const { memory, shown } = wish;
  run.begin('key');
  if (!memory) {
    run.end('note', 'first');
    return { vkey: shown.vkey, policy: shown.public_policy };
  }
  const times = { since: memory.since };
  if (memory.vkey !== shown.vkey) {
    run.end('bad', 'other', { times });
    return null;
  }
  if (memory.policy !== shown.public_policy && !memory.given) {
    run.end('note', 'policy', { times });
    return { vkey: memory.vkey, policy: shown.public_policy };
  }
  run.end('fine', memory.given ? 'given' : 'known', { times });
  return { vkey: memory.vkey, policy: memory.policy };
}

async function witnessStep(
  run: Run,
  data: Uint8Array,
  policy: Policy,
  vkey: string,
  now: Date,
): Promise<void> {
  run.begin('witnesses');
  try {
    const { witnesses } = await openUnderPolicy(data, policy, await parseLogKey(vkey));
    if (policy.quorum === null && witnesses.size === 0) {
      run.end('note', 'none');
      return;
    }
    const newest = Math.max(...witnesses.values());
    const late = now.getTime() / 1000 - newest > LATE_SECONDS;
    run.end(late ? 'note' : 'fine', late ? 'late' : 'good', {
      names: [...witnesses.keys()],
      times: { when: new Date(newest * 1000).toISOString() },
    });
  } catch (cause) {
    if (!(cause instanceof Fault) || cause.what !== 'quorum') throw cause;
    // The log's signature holds, and so does what this device remembers; but the promise is not kept now.
    run.end('bad', 'missing', { detail: cause.message });
  }
}

async function historyStep(
  run: Run,
  memory: Memory | null,
  checkpoint: OpenedCheckpoint,
  files: LedgerFiles,
): Promise<void> {
  run.begin('history');
  const seen = memory?.seen;
  if (!seen) {
    run.end('note', 'first', { params: { now: checkpoint.size } });
    return;
  }
  const more = { params: { then: seen.size, now: checkpoint.size }, times: { when: seen.at } };
  if (checkpoint.size < seen.size) {
    run.end('bad', 'shrunk', more);
    return;
  }
  try {
    const read = nodesFromTiles(checkpoint.size, files.tile);
    const proof = await consistencyProof(seen.size, checkpoint.size, read);
    await verifyConsistency(seen.size, fromBase64(seen.root, 32), checkpoint.size, checkpoint.root, proof);
  } catch (cause) {
    if (!(cause instanceof Fault) || cause.what === 'missing') throw cause;
    run.end('bad', 'rewritten', { ...more, detail: cause.message });
    return;
  }
  run.end('fine', seen.size === checkpoint.size ? 'same' : 'grown', more);
}

/** The whole check. It never raises: what went wrong is the outcome of a step. */
export async function checkLedger(wish: Wish, files: LedgerFiles, say: Say): Promise<Verdict> {
  const run = new Run(say);
  const verdict: Verdict = { outcome: 'out', checkpoint: null, entry: null, memory: null };
  try {
    run.begin('browser');
    if (!(await canCheck())) {
      run.end('out', 'lacking');
      return verdict;
    }
    run.end('fine', 'good');
    const believed = keyStep(run, wish);
    if (!believed) return { ...verdict, outcome: 'bad' };

    run.begin('fetch');
    const data = await files.checkpoint();
    run.end('fine', 'good');

    run.begin('signature');
    const key = await parseLogKey(believed.vkey);
    const checkpoint = await openCheckpoint(data, key);
    verdict.checkpoint = checkpoint;
    run.end('fine', 'good', { params: { origin: checkpoint.origin, size: checkpoint.size } });

    await witnessStep(run, data, await parsePolicy(believed.policy), believed.vkey, wish.now());
    await historyStep(run, wish.memory, checkpoint, files);
    if (checkpoint.size > 0) {
      run.begin('entry');
      const index = wish.index ?? checkpoint.size - 1;
      verdict.entry = await readEntry(index, checkpoint, files);
      run.end('fine', 'good', { params: { index } });
    }
    verdict.outcome = run.outcome;
    if (run.outcome === 'fine' || run.outcome === 'note') {
      const at = wish.now().toISOString();
      verdict.memory = {
        origin: checkpoint.origin,
        ...believed,
        given: wish.memory?.given ?? false,
        since: wish.memory?.since ?? at,
        seen: { at, size: checkpoint.size, root: toBase64(checkpoint.root), note: fromUtf8(data) },
      };
    }
  } catch (cause) {
    run.fail(cause);
    verdict.outcome = run.outcome;
  }
  return verdict;
}
