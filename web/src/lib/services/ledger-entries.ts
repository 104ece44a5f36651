/** Single entries of the ledger, each proved to be in it under the key that this device trusts. */
import type { EntryBody } from '$lib/api/types';
import { fromBase64 } from '$lib/verify/bytes';
import { decodeCanonical } from '$lib/verify/canonical';
import { openCheckpoint } from '$lib/verify/checkpoint';
import { Fault } from '$lib/verify/fault';
import { leafHash, verifyInclusion } from '$lib/verify/merkle';
import { parseLogKey, type NoteKey } from '$lib/verify/note';
import { parseProof } from '$lib/verify/proof';

import { getEntry, getLedger, listEntries, proofPath } from './ledger';
import { LedgerFiles } from './ledger-files';
import { recallLedger } from './ledger-memory';

export interface ProvedEntry {
  index: number;
  bytes: Uint8Array<ArrayBuffer>;
  entry: EntryBody;
  /** The tlog-proof, as it came. */
  proof: string;
}

let shown: Promise<string> | null = null;

/** The log's key: the one this device remembers, else the one the realm showed first on this visit. */
export function believedKey(): Promise<string> {
  const memory = recallLedger();
  if (memory) return Promise.resolve(memory.vkey);
  shown ??= getLedger().then((ledger) => ledger.vkey);
  shown.catch(() => (shown = null));
  return shown;
}

/** Refuses unless this very entry is in the log, under a state that its key has signed. */
export async function proveEntry(bytes: Uint8Array<ArrayBuffer>, text: string, vkey: string): Promise<ProvedEntry> {
  const proof = parseProof(text);
  const { size, root } = await openCheckpoint(proof.note, await parseLogKey(vkey));
  await verifyInclusion(await leafHash(bytes), proof.index, size, proof.hashes, root);
  return { index: proof.index, bytes, entry: decodeCanonical(bytes) as EntryBody, proof: text };
}

const PUBLISHED_WITHIN_MS = 12_000;
const LOOK_EVERY_MS = 1000;

/** Waits until the ledger has published the entry, which is a moment after it was written. */
async function published(index: number, key: NoteKey): Promise<void> {
  const until = performance.now() + PUBLISHED_WITHIN_MS;
  while ((await openCheckpoint(await new LedgerFiles().checkpoint(), key)).size <= index) {
    if (performance.now() > until) throw new Fault('missing', `entry ${index} is not published yet`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

export async function provedEntry(index: number): Promise<ProvedEntry> {
  const vkey = await believedKey();
  await published(index, await parseLogKey(vkey));
  const [{ body }, text] = await Promise.all([getEntry(index), fetchProof(index)]);
  const found = await proveEntry(fromBase64(body), text, vkey);
  if (found.index !== index) throw new Fault('proof', 'the proof is of another entry');
  return found;
}

async function fetchProof(index: number): Promise<string> {
  let answer: Response;
  try {
    answer = await fetch(proofPath(index));
  } catch {
    throw new Fault('missing', `the proof of entry ${index}: no connection`);
  }
  if (!answer.ok) throw new Fault('missing', `the proof of entry ${index}: status ${answer.status}`);
  return answer.text();
}

const LOOKED_AT = 200;

/** The newest entry of a kind that `fits`, proved; null if none of the last few hundred does. */
export async function findEntry(kind: string, fits: (entry: EntryBody) => boolean): Promise<ProvedEntry | null> {
  let cursor: string | null = null;
  for (let seen = 0; seen < LOOKED_AT; ) {
    const page = await listEntries([kind], cursor, 50);
    const found = page.items.find((one) => fits(one.entry));
    if (found) {
      const proved = await provedEntry(found.index);
      if (proved.entry.kind === kind && fits(proved.entry)) return proved;
      throw new Fault('proof', 'the ledger holds another entry there');
    }
    cursor = page.next_cursor ?? null;
    seen += page.items.length;
    if (!cursor || page.items.length === 0) break;
  }
  return null;
}

