// @vitest-environment node
import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import {
  fromBase64Url,
  historyKeyOf,
  identityOf,
  isCertified,
  openUnder,
  readRecovery,
  shortCode,
  showRecovery,
  toBase64Url,
  uuidBytes,
} from '$lib/messages/keys';
import { commitmentOf, disclosed, readPayload } from '$lib/messages/payload';
import { fromUtf8, utf8 } from '$lib/verify/bytes';

interface Person {
  person: string;
  device: string;
  recovery: string;
  shown: string;
  identity_key: string;
  history_key: string;
  signature_key: string;
  certificate: string;
}
interface Vectors {
  people: [Person, Person];
  code: string[];
  messages: { payload: string; canonical: string; commitment: string }[];
  histories: { conversation: string; seq: number; plain: string; body: string }[];
  label: { device: string; plain: string; sealed: string };
}

const FILE = new URL('../../../spec/messages/vectors.json', import.meta.url);
const vectors = JSON.parse(readFileSync(FILE, 'utf8')) as Vectors;

describe('what spec/messages says, as the client does it', () => {
  it.each(vectors.people)('keys come from the recovery key of $person', async (one) => {
    const recovery = fromBase64Url(one.recovery, 20);
    expect(showRecovery(recovery)).toBe(one.shown);
    expect(readRecovery(one.shown.toLowerCase().replaceAll('0', 'o').replaceAll('1', 'l'))).toEqual(recovery);
    expect(toBase64Url((await identityOf(recovery)).key)).toBe(one.identity_key);
    expect(toBase64Url(await historyKeyOf(recovery))).toBe(one.history_key);
    const identity = fromBase64Url(one.identity_key);
    const signer = fromBase64Url(one.signature_key);
    const certificate = fromBase64Url(one.certificate);
    expect(isCertified(identity, one.person, one.device, signer, certificate)).toBe(true);
    expect(isCertified(identity, one.device, one.person, signer, certificate)).toBe(false);
  });

  it('both people see the same short code', async () => {
    const known = (one: Person) => ({ person: one.person, key: fromBase64Url(one.identity_key) });
    const [first, second] = vectors.people;
    expect(await shortCode(known(first), known(second))).toEqual(vectors.code);
    expect(await shortCode(known(second), known(first))).toEqual(vectors.code);
  });

  it.each(vectors.messages)('commits to $canonical', async ({ payload, canonical, commitment }) => {
    const read = readPayload(utf8(payload));
    expect(fromUtf8(disclosed(read))).toBe(canonical);
    expect(toBase64Url(await commitmentOf(read))).toBe(commitment);
  });

  it('opens histories and labels, each in its own place only', async () => {
    const key = fromBase64Url(vectors.people[0].history_key, 32);
    for (const { conversation, seq, plain, body } of vectors.histories) {
      const number = new Uint8Array(8);
      new DataView(number.buffer).setBigUint64(0, BigInt(seq));
      const about = new Uint8Array([...uuidBytes(conversation), ...number]);
      expect(fromUtf8(await openUnder(key, fromBase64Url(body), about))).toBe(plain);
      await expect(openUnder(key, fromBase64Url(body), uuidBytes(conversation))).rejects.toThrow();
    }
    const { device, plain, sealed } = vectors.label;
    expect(fromUtf8(await openUnder(key, fromBase64Url(sealed), uuidBytes(device)))).toBe(plain);
  });
});
