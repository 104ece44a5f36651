import { createPrivateKey, createPublicKey, sign as signNow } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import type { CharterDocument } from '$lib/api/realms';
import { charterDigest, readKeyFile, readSignature, signCharter, signerOf, SigningError } from '$lib/services/charter-sign';
import { readCharter, readDocument } from '$lib/services/charter-words';
import { concat, fromBase64, toBase64, toHex, utf8 } from '$lib/verify/bytes';
import { encodeCanonical, type Json } from '$lib/verify/canonical';
import { checkEd25519, sha256 } from '$lib/verify/crypto';

// The seed of the first test of RFC 8032, section 7.1, and its public key.
const SEED = 'nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=';
const PUBLIC = '11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=';

const file = (text: string) => new Blob([text]);

async function vkeyOf(name: string): Promise<string> {
  const raw = concat(new Uint8Array([1]), fromBase64(PUBLIC));
  const id = toHex((await sha256(concat(utf8(`${name}\n`), raw))).slice(0, 4));
  return `${name}+${id}+${toBase64(raw)}`;
}

async function charter(...members: string[]): Promise<CharterDocument> {
  return {
    name: 'Realm',
    version: 2,
    operator: { name: 'Somebody' },
    keyholders: {
      threshold: 1,
      members: await Promise.all(members.map(async (name) => ({ name, role: 'operator', vkey: await vkeyOf(name) }))),
    },
  };
}

async function proposed(document: CharterDocument) {
  const message = concat(utf8('reelm/charter/v1\n'), encodeCanonical(document as Json));
  return { document, digest: await charterDigest(document), to_sign: toBase64(message) };
}

const faultOf = (act: Promise<unknown>): Promise<unknown> =>
  act.then(
    () => 'none',
    (cause: unknown) => (cause instanceof SigningError ? cause.fault : cause),
  );

describe('signing a charter here', () => {
  it('makes the signature that the key makes everywhere', async () => {
    const key = await readKeyFile(file(`${SEED}\n`));
    expect(toBase64(key.publicKey)).toBe(PUBLIC);
    const proposal = await proposed(await charter('operator'));
    const signature = await signCharter(key, proposal);
    await checkEd25519(fromBase64(PUBLIC), fromBase64(signature), fromBase64(proposal.to_sign));
    const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.from(SEED, 'base64')]);
    const other = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
    expect(createPublicKey(other).asymmetricKeyType).toBe('ed25519');
    expect(signature).toBe(signNow(null, Buffer.from(proposal.to_sign, 'base64'), other).toString('base64'));
  });

  it.each([['', ''], ['not base64!', ''], [toBase64(new Uint8Array(31)), ''], ['A'.repeat(5000), '']])(
    'takes no file that is not a key',
    async (text) => {
      expect(await faultOf(readKeyFile(file(text)))).toBe('not_a_key');
    },
  );

  it('knows whose key it is, in the charter in force or the proposed one', async () => {
    const key = await readKeyFile(file(SEED));
    expect((await signerOf(key, [await charter(), await charter('trustee')])).name).toBe('trustee');
    expect(await faultOf(signerOf(key, [await charter()]))).toBe('nobodys');
    const broken = { keyholders: { members: [{ name: 'x', vkey: 'x+00000000+AQ==' }, null, 'y'] } };
    expect(await faultOf(signerOf(key, [broken]))).toBe('nobodys');
  });

  it('signs nothing but what was shown', async () => {
    const key = await readKeyFile(file(SEED));
    const honest = await proposed(await charter('operator'));
    const another = await proposed(await charter('operator', 'trustee'));
    expect(await faultOf(signCharter(key, { ...honest, document: another.document }))).toBe('not_as_shown');
    expect(await faultOf(signCharter(key, { ...honest, to_sign: another.to_sign }))).toBe('not_as_shown');
  });
});

describe('a signature from another machine', () => {
  it('is taken if it is over this proposal', async () => {
    const made = { charter: 'ab', keyholder: 'k', signature: 's' };
    expect(await readSignature(file(JSON.stringify(made)), 'ab')).toEqual({ keyholder: 'k', signature: 's' });
    for (const text of [JSON.stringify({ ...made, charter: 'cd' }), '{}', 'null', '7', 'no', ' '.repeat(5000)]) {
      expect(await faultOf(readSignature(file(text), 'ab'))).toBe('not_a_signature');
    }
  });
});

describe('reading a charter', () => {
  it('takes what is there, and nothing for granted', () => {
    const words = readCharter({
      operator: { name: 'A', legal_entity: 'A Ltd', country: 'FR' },
      jurisdictions: ['FR', { country: 'DE', stored_in: ['DE', 7] }],
      keyholders: { threshold: '2', members: [{ name: 'A', veto: ['borders'] }] },
      retention: { telemetry: 30, private: 'long' },
      closure: { notice_days: 90 },
      storage: 'nowhere',
    });
    expect(words.operator).toEqual({ name: 'A Ltd', country: 'FR' });
    expect(words.countries).toEqual([
      { country: 'FR', storedIn: [] },
      { country: 'DE', storedIn: ['DE', ''] },
    ]);
    expect([words.threshold, words.members[0]?.veto]).toEqual([1, ['borders']]);
    expect(words.retention).toEqual([{ dataClass: 'telemetry', days: 30 }]);
    expect([words.noticeDays, words.exportDays, words.sites]).toEqual([90, null, []]);
    expect(readCharter({}).members).toEqual([]);
  });

  it('a file is a charter only if it could be one', () => {
    expect(readDocument('{"operator": {"name": "A"}}')).toEqual({ operator: { name: 'A' } });
    expect(['', '[]', '7', '{"a": 1}', '[{"operator": 1}]'].map(readDocument)).toEqual([null, null, null, null, null]);
  });
});
