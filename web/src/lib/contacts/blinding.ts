/** The browser's half of the verifiable oblivious function (RFC 9497, VOPRF, ristretto255-SHA512). */
import { ristretto255_oprf } from '@noble/curves/ed25519.js';

import { utf8 } from '$lib/verify/bytes';

import { toBytes, toText } from './protocol';

const { voprf } = ristretto255_oprf;

interface Blinded {
  input: Uint8Array;
  blind: Uint8Array;
  blinded: Uint8Array;
}

/** What hides the inputs: stays here; `elements` is what may leave. */
export interface Batch {
  items: Blinded[];
  elements: string[];
}

/** What the realm answers. It may be for the first few elements only. */
export interface Answer {
  evaluated: string[];
  proof: string;
}

export function blindOne(input: string): Blinded {
  const bytes = utf8(input);
  return { input: bytes, ...voprf.blind(bytes) };
}

export function batchOf(items: Blinded[]): Batch {
  return { items, elements: items.map((one) => toText(one.blinded)) };
}

/** The outputs, in order. Raises when the proof is not one of this public key for these very elements. */
export function finish(batch: Batch, answer: Answer, publicKey: string): Uint8Array[] {
  if (answer.evaluated.length > batch.items.length) throw new Error('more was answered than asked');
  const items = answer.evaluated.map((evaluated, at) => ({
    ...(batch.items[at] as Blinded),
    evaluated: toBytes(evaluated, 32),
  }));
  return voprf.finalizeBatch(items, toBytes(publicKey, 32), toBytes(answer.proof, 64));
}
