/** spec/contacts/vectors.json, which the realm's side is held to as well (tests/unit/custody/test_matching.py). */
import { readFileSync } from 'node:fs';

import { ristretto255_oprf } from '@noble/curves/ed25519.js';
import { describe, expect, it } from 'vitest';

import { batchOf, blindOne, finish } from '$lib/contacts/blinding';
import { emailInput, phoneInput } from '$lib/contacts/numbers';
import { ENTRY, findIn, makeEntry, toBytes, toText } from '$lib/contacts/protocol';
import { fromHex, toHex, utf8 } from '$lib/verify/bytes';

interface Line {
  input: string;
  handle: string;
  blind: string;
  blinded: string;
  evaluated: string;
  output: string;
  bind: string;
  nonce: string;
  made: string;
  said_by: string;
}

interface Vectors {
  seed: string;
  info: string;
  public_key: string;
  proofs: string[];
  entries: Line[];
  set: string;
  normal: {
    phones: { text: string; country: string; input: string | null }[];
    emails: { text: string; input: string | null }[];
  };
}

const file = new URL('../../../spec/contacts/vectors.json', import.meta.url).pathname;
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors;
const bytes = (hex: string) => fromHex(hex, hex.length / 2);
const text = (hex: string) => toText(bytes(hex));
const set = bytes(vectors.set);
const { voprf } = ristretto255_oprf;
const keys = voprf.deriveKeyPair(bytes(vectors.seed), utf8(vectors.info));

const batch = {
  items: vectors.entries.map((one) => ({
    input: utf8(one.input),
    blind: bytes(one.blind),
    blinded: bytes(one.blinded),
  })),
  elements: vectors.entries.map((one) => text(one.blinded)),
};
const answer = { evaluated: vectors.entries.map((one) => text(one.evaluated)), proof: text(vectors.proofs[0] ?? '') };

describe('the oblivious function', () => {
  it('is the one of RFC 9497 (appendix A.1.2)', () => {
    const known = voprf.deriveKeyPair(new Uint8Array(32).fill(0xa3), utf8('test key'));
    expect(toHex(known.publicKey)).toBe('c803e2cc6b05fc15064549b5920659ca4a77b2cca6f04f6b357009335476ad4e');
  });

  it('has the key of the vectors', () => {
    expect(toHex(keys.publicKey)).toBe(vectors.public_key);
  });

  it.each(vectors.proofs)('comes to the outputs of the vectors, by a proof of either side', (proof) => {
    const outputs = finish(batch, { ...answer, proof: text(proof) }, text(vectors.public_key));
    expect(outputs.map(toHex)).toEqual(vectors.entries.map((one) => one.output));
  });

  it('refuses a proof of another key, another element, another order', () => {
    const other = voprf.deriveKeyPair(new Uint8Array(32).fill(1), utf8(vectors.info));
    expect(() => finish(batch, answer, toText(other.publicKey))).toThrow();
    const turned = { ...answer, evaluated: [...answer.evaluated].reverse() };
    expect(() => finish(batch, turned, text(vectors.public_key))).toThrow();
    const twice = { ...answer, evaluated: answer.evaluated.map(() => answer.evaluated[0] as string) };
    expect(() => finish(batch, twice, text(vectors.public_key))).toThrow();
    expect(() => finish(batch, { ...answer, evaluated: [...answer.evaluated, ...answer.evaluated] }, text(vectors.public_key))).toThrow();
  });

  it('hides an input anew each time, and takes an answer for the first few', () => {
    const [one, again] = [blindOne('tel:+33612345678'), blindOne('tel:+33612345678')];
    expect(toHex(one.blinded)).not.toBe(toHex(again.blinded));
    const made = batchOf([one, blindOne('mailto:ada@mail.example'), again]);
    const first = voprf.blindEvaluateBatch(
      keys.secretKey,
      keys.publicKey,
      made.items.slice(0, 2).map((item) => item.blinded),
    );
    const outputs = finish(
      made,
      { evaluated: first.evaluated.map(toText), proof: toText(first.proof) },
      toText(keys.publicKey),
    );
    expect(outputs.map(toHex)).toEqual([vectors.entries[0]?.output, vectors.entries[3]?.output]);
  });
});

describe('entries', () => {
  it.each(vectors.entries)('of $handle are made as the vectors say', async (one) => {
    const made = await makeEntry(bytes(one.output), one.handle, bytes(one.nonce));
    expect(toHex(toBytes(made.entry))).toBe(one.made);
    expect(toHex(toBytes(made.bind))).toBe(one.bind);
  });

  it.each(vectors.entries)('of $handle are found in the set', async (one) => {
    expect(await findIn(set, bytes(one.output))).toEqual([one.handle]);
  });

  it('are not found by another number, in an empty set, or in half an entry', async () => {
    expect(await findIn(set, new Uint8Array(64).fill(7))).toEqual([]);
    expect(await findIn(new Uint8Array(0), bytes(vectors.entries[0]?.output ?? ''))).toEqual([]);
    const first = vectors.entries.find((one) => vectors.set.startsWith(one.made));
    expect(await findIn(set.slice(0, ENTRY - 1), bytes(first?.output ?? ''))).toEqual([]);
  });

  it('are found twice where two people say that it is their number', async () => {
    const [one, other] = [vectors.entries[0] as Line, vectors.entries[1] as Line];
    const second = await makeEntry(bytes(one.output), other.handle, bytes(other.nonce));
    const mac = await crypto.subtle.importKey('raw', bytes(one.bind), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
    const said = await crypto.subtle.sign('HMAC', mac, utf8(`reelm-contacts-said-by-v1${other.handle}`));
    const added = toHex(toBytes(second.entry)) + toHex(new Uint8Array(said).slice(0, 16));
    const parts = [...(vectors.set.match(/.{184}/g) ?? []), added].sort();
    expect((await findIn(bytes(parts.join('')), bytes(one.output))).sort()).toEqual([one.handle, other.handle].sort());
  });

  it('that were changed in any byte are found by nobody', async () => {
    const one = vectors.entries[0] as Line;
    const start = vectors.set.indexOf(one.made) / 2;
    for (let at = 0; at < ENTRY; at++) {
      const changed = set.slice();
      changed[start + at] = (changed[start + at] ?? 0) ^ 1;
      expect([at, await findIn(changed, bytes(one.output))]).toEqual([at, []]);
    }
  });
});

describe('what is looked for', () => {
  it.each(vectors.normal.phones)('$text in $country is $input', ({ text: written, country, input }) => {
    expect(phoneInput(written, country)).toBe(input);
  });

  it.each(vectors.normal.emails)('$text is $input', ({ text: written, input }) => {
    expect(emailInput(written)).toBe(input);
  });
});
