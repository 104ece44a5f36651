/** What is inside a message, and the commitment by which its recipient can prove it. */
import { fromUtf8, utf8 } from '$lib/verify/bytes';
import { encodeCanonical, type Json } from '$lib/verify/canonical';
import { Fault } from '$lib/verify/fault';

import { fromBase64Url, randomBytes, toBase64Url } from './keys';

export const MOST_BYTES = 16 * 1024;
const BLOCK = 256;
const EMOJI_CHARS = 32;
const TITLE_CHARS = 100;

export interface Payload {
  v: 1;
  id: string;
  type: 'text' | 'clip' | 'reaction' | 'unsend' | 'title' | 'note';
  text?: string;
  clip?: string;
  /** The number of the message it is about. */
  to?: number;
  emoji?: string;
  title?: string;
  /** The franking key, 32 bytes. */
  fk: string;
}

type Said = Omit<Payload, 'v' | 'fk'>;

const TYPES: readonly string[] = ['text', 'clip', 'reaction', 'unsend', 'title', 'note'];

/** @throws Fault when it is too long to be sent */
export function makePayload(said: Said): Payload {
  const payload: Payload = { v: 1, ...said, fk: toBase64Url(randomBytes(32)) };
  if (utf8(JSON.stringify(payload)).length > MOST_BYTES) throw new Fault('format', 'a message has 16 KiB at most');
  return payload;
}

/** The JSON, followed by spaces up to a multiple of 256 bytes: its length tells little. */
export function padded(payload: Payload): Uint8Array {
  const bytes = utf8(JSON.stringify(payload));
  const whole = new Uint8Array(Math.ceil(bytes.length / BLOCK) * BLOCK).fill(0x20);
  whole.set(bytes);
  return whole;
}

const optional = (value: unknown, kind: string, most: number): boolean =>
  value === undefined || (typeof value === kind && (typeof value !== 'string' || value.length <= most));

/** @throws Fault when it is no payload of this version */
export function readPayload(bytes: Uint8Array): Payload {
  if (bytes.length > MOST_BYTES + BLOCK) throw new Fault('format', 'too long for a message');
  let value: Payload;
  try {
    value = JSON.parse(fromUtf8(bytes)) as Payload;
  } catch {
    throw new Fault('format', 'not a message');
  }
  const fine =
    typeof value === 'object' &&
    value !== null &&
    value.v === 1 &&
    typeof value.id === 'string' &&
    value.id.length <= 64 &&
    TYPES.includes(value.type) &&
    typeof value.fk === 'string' &&
    optional(value.text, 'string', MOST_BYTES) &&
    optional(value.clip, 'string', 64) &&
    optional(value.emoji, 'string', EMOJI_CHARS) &&
    optional(value.title, 'string', TITLE_CHARS) &&
    (value.to === undefined || Number.isSafeInteger(value.to));
  if (!fine) throw new Fault('format', 'not a message');
  return value;
}

/** What a recipient discloses of a message: all but its franking key, in the one spelling. */
export function disclosed(payload: Payload): Uint8Array<ArrayBuffer> {
  const shown: Record<string, unknown> = { ...payload };
  delete shown.fk;
  return encodeCanonical(shown as unknown as Json);
}

/** HMAC-SHA256 under the franking key. */
export async function commitmentOf(payload: Payload): Promise<Uint8Array> {
  const how = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', fromBase64Url(payload.fk, 32), how, false, ['sign']);
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, disclosed(payload)));
}
