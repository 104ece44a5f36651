/** Strict readings of what the formats are made of: decimals, base64, names, UTF-8. */
import { Fault } from './fault';

const DECIMAL = /^(?:0|[1-9][0-9]{0,18})$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const NOT_IN_NAMES =
  // eslint-disable-next-line no-control-regex
  /[+\u0000-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]|\p{Surrogate}/u;

const encoder = new TextEncoder();

/** An ASCII decimal without sign, space or leading zero, no larger than a browser counts exactly. */
export function decimal(text: string): number {
  if (!DECIMAL.test(text)) throw new Fault('format', 'not a plain decimal number');
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new Fault('format', 'the number is too large');
  return value;
}

export function toBase64(data: Uint8Array): string {
  let binary = '';
  for (const byte of data) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** Standard base64 in its one canonical spelling, of `length` bytes if given. */
export function fromBase64(text: string, length?: number): Uint8Array<ArrayBuffer> {
  if (!BASE64.test(text)) throw new Fault('format', 'not base64');
  const binary = atob(text);
  const data = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) data[at] = binary.charCodeAt(at);
  if (toBase64(data) !== text) throw new Fault('format', 'base64 in another spelling than the canonical one');
  if (length !== undefined && data.length !== length) {
    throw new Fault('format', `${data.length} bytes where ${length} belong`);
  }
  return data;
}

export function toHex(data: Uint8Array): string {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Small hexadecimal of `length` bytes. */
export function fromHex(text: string, length: number): Uint8Array<ArrayBuffer> {
  if (text.length !== length * 2 || !/^[0-9a-f]*$/.test(text)) throw new Fault('format', 'not hexadecimal');
  const data = new Uint8Array(length);
  for (let at = 0; at < length; at++) data[at] = Number.parseInt(text.slice(at * 2, at * 2 + 2), 16);
  return data;
}

/** The bytes of a text; half a character (a lone surrogate) is refused. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  if (/\p{Surrogate}/u.test(text)) throw new Fault('format', 'half a character');
  return encoder.encode(text);
}

export function fromUtf8(data: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    throw new Fault('format', 'not UTF-8');
  }
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

/** Whether a key may be called so: not empty, no Unicode space, no plus, no control character. */
export function isName(name: string): boolean {
  return name !== '' && !NOT_IN_NAMES.test(name);
}
