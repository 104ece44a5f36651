/**
 * What a page promises: that its receipt, bound to the clips that were served, will be in the ledger by a given time.
 * The leaf is recomputed here from the clips on the screen.
 */
import { concat, fromBase64, fromHex, toHex, utf8 } from '../bytes';
import { decodeCanonical } from '../canonical';
import { checkEd25519, hmacSha256, sha256 } from '../crypto';
import { Fault } from '../fault';
import { leafHash, verifyInclusion, type Hash } from '../merkle';
import { openNote, type NoteKey } from '../note';
import type { Bytes } from './layout';

const LEAF = utf8('reelm/receipt/v1\0');
const BATCH = utf8('reelm/batch/v1\0');
const CERTIFICATE = 'reelm/promise-key/v1';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** The most a realm may take to put a page into its ledger. */
export const INCLUSION_SECONDS = 20;
export const BATCH_SECONDS = 10;
const SMALLEST_BATCH = 256;
/** The receipt key of pages for somebody who is signed out. */
export const NOBODYS_KEY: Bytes = new Uint8Array(32);

/** As the page's answer holds it. */
export interface PagePromise {
  readonly id: string;
  readonly digest: string;
  readonly leaf: string;
  readonly at: number;
  readonly include_by: number;
  readonly process: string;
  readonly signature: string;
}

export function clipBytes(id: string): Bytes {
  if (!UUID.test(id)) throw new Fault('format', 'this is not the id of a clip');
  return fromHex(id.replaceAll('-', ''), 16);
}

export function clipId(bytes: Bytes): string {
  return toHex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** The leaf of a page: of its clips in the order shown, and the digest of its receipt. */
export async function leafOf(receiptKey: Bytes, clips: readonly Bytes[], digest: Bytes): Promise<Bytes> {
  return hmacSha256(receiptKey, concat(LEAF, await sha256(concat(...clips)), digest));
}

/** How a page names the key that its promise is signed with. */
export const processOf = async (key: Bytes): Promise<string> => toHex(await sha256(key)).slice(0, 16);

export interface PromiseKey {
  readonly key: Bytes;
  readonly since: number;
  readonly until: number;
}

/** Reads a promise key's certificate: a note signed by the realm's key for it, whose name is the log's origin. */
export async function openCertificate(note: string, by: NoteKey): Promise<PromiseKey> {
  const { text } = await openNote(utf8(note), [by]);
  const [first, origin, key = '', since = '', until = '', ...end] = text.split('\n');
  const plain = (value: string): number => (/^(?:0|[1-9]\d{0,11})$/.test(value) ? Number(value) : Number.NaN);
  const found = { key: fromHex(key, 32), since: plain(since), until: plain(until) };
  const whole = first === CERTIFICATE && origin === by.name && end.length === 1 && end[0] === '';
  if (!whole || Number.isNaN(found.since + found.until)) {
    throw new Fault('promise', 'the certificate is of something else');
  }
  return found;
}

/** Refuses unless it is signed with this key. */
export async function checkSignature(promise: PagePromise, key: Bytes): Promise<void> {
  const { leaf, at, include_by: by } = promise;
  fromHex(leaf, 32);
  if (!Number.isSafeInteger(at) || !Number.isSafeInteger(by)) throw new Fault('promise', 'the promise names no time');
  const message = utf8(`reelm/promise/v1\n${leaf}\n${at}\n${by}\n`);
  try {
    await checkEd25519(key, fromBase64(promise.signature, 64), message);
  } catch (cause) {
    if (!(cause instanceof Fault) || cause.what !== 'signature') throw cause;
    throw new Fault('promise', 'the promise is not signed by this key');
  }
}

export interface Inclusion {
  readonly batch: number;
  readonly position: number;
  readonly size: number;
  readonly hashes: readonly string[];
  readonly entry_index: number;
}

/** The root of the batch, as the ledger's entry states it. */
export function batchOf(entry: Uint8Array, { batch }: Inclusion): Hash {
  const found = decodeCanonical(entry) as { kind?: unknown; batch?: unknown; root?: unknown } | null;
  if (found?.kind !== 'feed.receipts' || found.batch !== batch || typeof found.root !== 'string') {
    throw new Fault('batch', 'the entry shown is not that of the batch');
  }
  return fromHex(found.root, 32);
}

/** Refuses unless the leaf is under the root that the ledger's entry states. */
export async function checkInclusion(inclusion: Inclusion, leaf: Bytes, entry: Uint8Array): Promise<void> {
  const { position, size, hashes } = inclusion;
  const root = batchOf(entry, inclusion);
  if (size < SMALLEST_BATCH || !Number.isInteger(Math.log2(size))) {
    throw new Fault('batch', 'a batch is a power of two of leaves, at least 256');
  }
  await verifyInclusion(await leafHash(leaf), position, size, hashes.map((one) => fromHex(one, 32)), root);
}

/** The hash that the next batch names as its previous one. */
export function batchHash(batch: number, previous: Hash, root: Hash): Promise<Hash> {
  const number = new Uint8Array(8);
  new DataView(number.buffer).setBigUint64(0, BigInt(batch), true);
  return sha256(concat(BATCH, number, previous, root));
}

