/**
 * Signing a charter with a keyholder's key file, here and nowhere else: the file is read into this page's memory,
 * makes one signature, and is forgotten. Nothing is signed whose digest isn't that of what was shown.
 */
import type { CharterDocument, Proposal } from '$lib/api/realms';
import { concat, equal, fromBase64, toBase64, toHex, utf8 } from '$lib/verify/bytes';
import { encodeCanonical, type Json } from '$lib/verify/canonical';
import { checkEd25519, sha256 } from '$lib/verify/crypto';
import { KEY_LOG, parseKey } from '$lib/verify/note';

import { readCharter } from './charter-words';

const SEED_BYTES = 32;
/** What stands before the seed of an Ed25519 key in PKCS #8 (RFC 8410, section 7). */
const PKCS8 = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
const TITLE = 'reelm/charter/v1\n';
const LONGEST_FILE = 4096;

export type SigningFault = 'not_a_signature' | 'not_a_key' | 'nobodys' | 'signed_already' | 'not_as_shown' | 'browser';

/** Why a key file was not used; each has a sentence of its own. */
export class SigningError extends Error {
  constructor(readonly fault: SigningFault) {
    super(fault);
  }
}

export interface KeyFile {
  key: CryptoKey;
  publicKey: Uint8Array<ArrayBuffer>;
}

/** Reads a key file: 32 bytes of Ed25519 seed in base64, on a line. */
export async function readKeyFile(file: Blob): Promise<KeyFile> {
  if (file.size > LONGEST_FILE) throw new SigningError('not_a_key');
  let seed: Uint8Array<ArrayBuffer>;
  try {
    seed = fromBase64((await file.text()).trim());
  } catch {
    throw new SigningError('not_a_key');
  }
  if (seed.length !== SEED_BYTES) throw new SigningError('not_a_key');
  const wrapped = concat(new Uint8Array(PKCS8), seed);
  seed.fill(0);
  try {
    const key = await crypto.subtle.importKey('pkcs8', wrapped, { name: 'Ed25519' }, true, ['sign']);
    const { x = '' } = await crypto.subtle.exportKey('jwk', key);
    const publicKey = fromBase64(x.replaceAll('-', '+').replaceAll('_', '/').padEnd(44, '='));
    return { key, publicKey };
  } catch {
    throw new SigningError('browser');
  } finally {
    wrapped.fill(0);
  }
}

export interface Signer {
  name: string;
  vkey: string;
}

/** The keyholder, of the charter in force or of the proposed one, whose key this is. */
export async function signerOf(key: KeyFile, documents: readonly CharterDocument[]): Promise<Signer> {
  for (const document of documents) {
    for (const { name, vkey } of readCharter(document).members) {
      const known = await parseKey(vkey).catch(() => null);
      if (known?.kind === KEY_LOG && equal(known.publicKey, key.publicKey)) return { name, vkey };
    }
  }
  throw new SigningError('nobodys');
}

export interface Signature {
  keyholder: string;
  signature: string;
}

/** Reads a signature that was made on another machine, over this very proposal. */
export async function readSignature(file: Blob, digest: string): Promise<Signature> {
  if (file.size > LONGEST_FILE) throw new SigningError('not_a_signature');
  let read: Partial<Record<string, unknown>>;
  try {
    read = (JSON.parse(await file.text()) ?? {}) as Partial<Record<string, unknown>>;
  } catch {
    throw new SigningError('not_a_signature');
  }
  const { charter, keyholder, signature } = read;
  if (typeof keyholder !== 'string' || typeof signature !== 'string' || charter !== digest) {
    throw new SigningError('not_a_signature');
  }
  return { keyholder, signature };
}

/** The digest of a charter as both sides spell it. */
export async function charterDigest(document: CharterDocument): Promise<string> {
  return toHex(await sha256(encodeCanonical(document as Json)));
}

/** The signature over the proposed charter, base64. Refuses if the document isn't the one its digest names. */
export async function signCharter(
  key: KeyFile,
  proposal: Pick<Proposal, 'document' | 'digest' | 'to_sign'>,
): Promise<string> {
  if ((await charterDigest(proposal.document)) !== proposal.digest) throw new SigningError('not_as_shown');
  const message = concat(utf8(TITLE), encodeCanonical(proposal.document as Json));
  if (toBase64(message) !== proposal.to_sign) throw new SigningError('not_as_shown');
  const signature = new Uint8Array(await crypto.subtle.sign({ name: 'Ed25519' }, key.key, message));
  await checkEd25519(key.publicKey, signature, message);
  return toBase64(signature);
}
