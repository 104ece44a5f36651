/** What the outputs of the oblivious function open: see spec/contacts/README.md. */
import { concat, equal, fromBase64, toBase64, utf8 } from '$lib/verify/bytes';

type Bytes = Uint8Array<ArrayBuffer>;

const TAG = 8;
const NONCE = 12;
const HANDLE = 40;
const MADE = TAG + NONCE + HANDLE + 16;
const SAID = 16;
export const ENTRY = MADE + SAID;

const SAID_BY = utf8('reelm-contacts-said-by-v1');

/** What makes a person findable: bytes for whoever has the number, and what the realm binds to the handle. */
export interface Made {
  entry: string;
  bind: string;
}

export function toText(data: Uint8Array): string {
  return toBase64(data).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** base64url without padding, in its one spelling. Raises Fault. */
export function toBytes(text: string, length?: number): Bytes {
  const padded = text + '='.repeat((4 - (text.length % 4)) % 4);
  return fromBase64(padded.replaceAll('-', '+').replaceAll('_', '/'), length);
}

async function derive(label: string, output: Uint8Array): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', concat(utf8(label), output)));
}

async function sealKey(output: Uint8Array): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', await derive('key', output), 'AES-GCM', false, ['encrypt', 'decrypt']);
}

async function saidBy(output: Uint8Array, handle: string): Promise<Bytes> {
  const key = await crypto.subtle.importKey(
    'raw',
    await derive('bind', output),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  );
  const mac = await crypto.subtle.sign('HMAC', key, concat(SAID_BY, utf8(handle)));
  return new Uint8Array(mac).slice(0, SAID);
}

/** The entry of `handle` under this output. `nonce` is given by tests only. */
export async function makeEntry(
  output: Uint8Array,
  handle: string,
  nonce: Bytes = crypto.getRandomValues(new Uint8Array(NONCE)),
): Promise<Made> {
  const tag = (await derive('tag', output)).slice(0, TAG);
  const plain = new Uint8Array(HANDLE);
  plain.set(utf8(handle));
  const sealed = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv: nonce, additionalData: tag },
    await sealKey(output),
    plain,
  );
  return {
    entry: toText(concat(tag, nonce, new Uint8Array(sealed))),
    bind: toText(await derive('bind', output)),
  };
}

function compare(entries: Uint8Array, at: number, tag: Uint8Array): number {
  for (let i = 0; i < TAG; i++) {
    const difference = (entries[at + i] ?? 0) - (tag[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Where the first entry stands that is not below `tag`; the set is sorted. */
function firstAt(entries: Uint8Array, tag: Uint8Array): number {
  let low = 0;
  let high = Math.floor(entries.length / ENTRY);
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare(entries, middle * ENTRY, tag) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The handles that say that this number or address is theirs; what does not open, or was bound to another, is none. */
export async function findIn(entries: Bytes, output: Uint8Array): Promise<string[]> {
  const tag = (await derive('tag', output)).slice(0, TAG);
  const found: string[] = [];
  for (let one = firstAt(entries, tag); (one + 1) * ENTRY <= entries.length; one++) {
    const at = one * ENTRY;
    if (compare(entries, at, tag) !== 0) break;
    const handle = await open(entries.subarray(at, at + ENTRY), output, tag);
    if (handle) found.push(handle);
  }
  return found;
}

async function open(entry: Bytes, output: Uint8Array, tag: Bytes): Promise<string | null> {
  try {
    const plain = await crypto.subtle.decrypt(
      { name: 'AES-GCM', iv: entry.slice(TAG, TAG + NONCE), additionalData: tag },
      await sealKey(output),
      entry.slice(TAG + NONCE, MADE),
    );
    const handle = new TextDecoder('utf-8', { fatal: true }).decode(plain).replace(/\0+$/, '');
    return handle && equal(entry.subarray(MADE), await saidBy(output, handle)) ? handle : null;
  } catch {
    return null;
  }
}
