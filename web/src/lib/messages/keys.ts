/** The recovery key and what is derived from it, devices' certificates, and the short code that two people compare. */
import { ed25519 } from '@noble/curves/ed25519.js';

import { concat, utf8 } from '$lib/verify/bytes';
import { Fault } from '$lib/verify/fault';

type Bytes = Uint8Array<ArrayBuffer>;

/** Crockford's base32: no I, L, O or U, so that nothing is read for something else. */
const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const RECOVERY_BYTES = 20;
const SALT = utf8('reelm-messages-v1');
const DEVICE = utf8('reelm-device-v1\0');
const CODE = utf8('reelm-code-v1');

export function toBase64Url(data: Uint8Array): string {
  let binary = '';
  for (const byte of data) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** base64url without padding, in its one spelling; of `length` bytes if given. */
export function fromBase64Url(text: string, length?: number): Bytes {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) throw new Fault('format', 'not base64url');
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  const data = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) data[at] = binary.charCodeAt(at);
  if (toBase64Url(data) !== text) throw new Fault('format', 'base64url in another spelling');
  if (length !== undefined && data.length !== length) throw new Fault('format', 'of another length');
  return data;
}

/** The sixteen bytes of a UUID. */
export function uuidBytes(id: string): Bytes {
  const hex = id.replaceAll('-', '').toLowerCase();
  if (!/^[0-9a-f]{32}$/.test(hex)) throw new Fault('format', 'not a UUID');
  return Uint8Array.from({ length: 16 }, (_, at) => Number.parseInt(hex.slice(at * 2, at * 2 + 2), 16));
}

export function randomBytes(length: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(length));
}

export const makeRecovery = (): Bytes => randomBytes(RECOVERY_BYTES);

/** Eight groups of four. */
export function showRecovery(recovery: Uint8Array): string {
  let letters = '';
  let held = 0;
  let bits = 0;
  for (const byte of recovery) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      letters += LETTERS[(held >> bits) & 31];
    }
    held &= (1 << bits) - 1;
  }
  return (letters.match(/.{4}/g) ?? []).join(' ');
}

/** Reads what a person typed: small letters, O for 0, I and L for 1, any spaces and dashes. */
export function readRecovery(text: string): Bytes {
  const letters = text.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1');
  if (letters.length !== (RECOVERY_BYTES * 8) / 5) throw new Fault('format', 'a recovery key has 32 letters');
  const data = new Uint8Array(RECOVERY_BYTES);
  let held = 0;
  let bits = 0;
  let at = 0;
  for (const letter of letters) {
    const value = LETTERS.indexOf(letter);
    if (value < 0) throw new Fault('format', 'a letter that no recovery key has');
    held = (held << 5) | value;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      data[at++] = (held >> bits) & 255;
      held &= (1 << bits) - 1;
    }
  }
  return data;
}

async function derive(recovery: Uint8Array, info: string): Promise<Bytes> {
  const key = await crypto.subtle.importKey('raw', recovery.slice(), 'HKDF', false, ['deriveBits']);
  const how = { name: 'HKDF', hash: 'SHA-256', salt: SALT, info: utf8(info) };
  return new Uint8Array(await crypto.subtle.deriveBits(how, key, 256));
}

export interface Identity {
  secret: Bytes;
  key: Bytes;
}

export async function identityOf(recovery: Uint8Array): Promise<Identity> {
  const secret = await derive(recovery, 'identity');
  return { secret, key: ed25519.getPublicKey(secret).slice() };
}

export const historyKeyOf = (recovery: Uint8Array): Promise<Bytes> => derive(recovery, 'history');

function certified(person: string, device: string, signatureKey: Uint8Array): Bytes {
  return concat(DEVICE, uuidBytes(person), uuidBytes(device), signatureKey);
}

export function certify(identity: Identity, person: string, device: string, signatureKey: Uint8Array): Bytes {
  return ed25519.sign(certified(person, device, signatureKey), identity.secret).slice();
}

export function isCertified(
  identityKey: Uint8Array,
  person: string,
  device: string,
  signatureKey: Uint8Array,
  certificate: Uint8Array,
): boolean {
  try {
    return ed25519.verify(certificate, certified(person, device, signatureKey), identityKey, { zip215: false });
  } catch {
    return false;
  }
}

/** Bytes nonce ‖ AES-256-GCM, bound to `about`. */
export async function sealUnder(key: Bytes, plain: Uint8Array, about: Uint8Array): Promise<Bytes> {
  const nonce = randomBytes(12);
  const aes = await crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt']);
  const how = { name: 'AES-GCM', iv: nonce, additionalData: about.slice() };
  return concat(nonce, new Uint8Array(await crypto.subtle.encrypt(how, aes, plain.slice())));
}

/** @throws Fault when it was sealed under another key, about something else, or altered */
export async function openUnder(key: Bytes, sealed: Uint8Array, about: Uint8Array): Promise<Bytes> {
  const aes = await crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['decrypt']);
  const how = { name: 'AES-GCM', iv: sealed.slice(0, 12), additionalData: about.slice() };
  try {
    return new Uint8Array(await crypto.subtle.decrypt(how, aes, sealed.slice(12)));
  } catch {
    throw new Fault('format', 'not sealed under this key');
  }
}

interface Known {
  person: string;
  key: Uint8Array;
}

/** Twelve groups of five digits, the same on both people's screens. */
export async function shortCode(one: Known, other: Known): Promise<string[]> {
  const [first, second] = one.person.toLowerCase() < other.person.toLowerCase() ? [one, other] : [other, one];
  const said = concat(CODE, uuidBytes(first.person), first.key, uuidBytes(second.person), second.key);
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-512', said));
  return Array.from({ length: 12 }, (_, group) => {
    let value = 0;
    for (const byte of hash.subarray(group * 5, group * 5 + 5)) value = value * 256 + byte;
    return String(value % 100_000).padStart(5, '0');
  });
}
