/** Checks a file that a person kept: the proof of one entry, or a receipt, which also opens what the entry is about. */
import type { EntryBody } from '$lib/api/types';
import { decodeCanonical, type Json } from '$lib/verify/canonical';
import { openCheckpoint } from '$lib/verify/checkpoint';
import { canCheck } from '$lib/verify/crypto';
import { Fault } from '$lib/verify/fault';
import { leafHash, verifyInclusion } from '$lib/verify/merkle';
import { parseLogKey, type NoteKey } from '$lib/verify/note';
import { openUnderPolicy, parsePolicy } from '$lib/verify/policy';
import { parseProof, type TlogProof } from '$lib/verify/proof';
import { readReceipt, verifyOpenings, type Receipt } from '$lib/verify/receipt';

import { readEntry, Run, type CheckedEntry, type Outcome, type Say } from './ledger-check';
import type { LedgerFiles } from './ledger-files';

/** Whose signatures are believed: a key, and who else must have signed. */
export interface Believed {
  vkey: string;
  policy: string;
}

export interface FileVerdict {
  outcome: Outcome;
  entry: CheckedEntry | null;
  /** What a receipt shows, opened: the documents that the entry commits to. */
  documents: string[];
  receipt: boolean;
}

async function witnessStep(run: Run, proof: TlogProof, key: NoteKey, policy: string): Promise<void> {
  run.begin('witnesses');
  try {
    const { witnesses } = await openUnderPolicy(proof.note, await parsePolicy(policy), key);
    if (witnesses.size === 0) {
      run.end('note', 'none');
      return;
    }
    const newest = new Date(Math.max(...witnesses.values()) * 1000).toISOString();
    run.end('fine', 'good', { names: [...witnesses.keys()], times: { when: newest } });
  } catch (cause) {
    if (!(cause instanceof Fault) || cause.what !== 'quorum') throw cause;
    // The file may be older than the policy.
    run.end('note', 'fewer', { detail: cause.message });
  }
}

/** The entry is in the receipt; that of a plain proof is fetched from the ledger. */
async function entryOf(
  proof: TlogProof,
  receipt: Receipt | null,
  checkpoint: { size: number; root: Uint8Array<ArrayBuffer> },
  files: LedgerFiles,
): Promise<CheckedEntry> {
  if (!receipt) return readEntry(proof.index, checkpoint, files);
  return { index: proof.index, bytes: receipt.entry, entry: decodeCanonical(receipt.entry) as EntryBody };
}

/** Checks a file's text. Like the check of the ledger, it never raises. */
export async function checkFile(text: string, believed: Believed, files: LedgerFiles, say: Say): Promise<FileVerdict> {
  const run = new Run(say);
  const verdict: FileVerdict = { outcome: 'out', entry: null, documents: [], receipt: false };
  try {
    run.begin('browser');
    if (!(await canCheck())) {
      run.end('out', 'lacking');
      return verdict;
    }
    run.end('fine', 'good');

    run.begin('file');
    const proof = parseProof(text);
    const receipt = readReceipt(proof);
    verdict.receipt = receipt !== null;
    run.end('fine', receipt ? 'receipt' : 'proof', { params: { index: proof.index } });

    if (receipt) {
      run.begin('key');
      if (receipt.vkey !== believed.vkey) {
        run.end('bad', 'foreign', { detail: receipt.vkey });
        return { ...verdict, outcome: 'bad' };
      }
      run.end('fine', 'file');
    }

    run.begin('signature');
    const key = await parseLogKey(believed.vkey);
    const checkpoint = await openCheckpoint(proof.note, key);
    run.end('fine', 'good', { params: { origin: checkpoint.origin, size: checkpoint.size } });

    await witnessStep(run, proof, key, believed.policy);

    run.begin('entry');
    verdict.entry = await entryOf(proof, receipt, checkpoint, files);
    const leaf = await leafHash(verdict.entry.bytes);
    await verifyInclusion(leaf, proof.index, checkpoint.size, proof.hashes, checkpoint.root);
    run.end('fine', 'good', { params: { index: proof.index } });

    if (receipt) {
      run.begin('opening');
      await verifyOpenings(receipt.openings, verdict.entry.entry as unknown as Json);
      verdict.documents = receipt.openings.map((one) => one.document);
      run.end('fine', 'good');
    }
    verdict.outcome = run.outcome;
  } catch (cause) {
    run.fail(cause);
    verdict.outcome = run.outcome;
  }
  return verdict;
}

/** A document in the receipt as lines for people, when it is an object of plain values. */
export function linesOf(document: string): [string, string][] {
  try {
    const found: unknown = JSON.parse(document);
    if (typeof found !== 'object' || found === null || Array.isArray(found)) return [];
    return Object.entries(found).map(([name, value]) => [
      name,
      typeof value === 'object' ? JSON.stringify(value) : String(value),
    ]);
  } catch {
    return [];
  }
}

const HANDED_OVER = 'reelm.receipt';

/** A receipt that another page of this tab has left to be checked; it is there once. */
export function takeReceipt(): string | null {
  const text = sessionStorage.getItem(HANDED_OVER);
  sessionStorage.removeItem(HANDED_OVER);
  return text;
}
