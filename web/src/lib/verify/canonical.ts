/** Canonical JSON (RFC 8785) of objects, arrays, strings, whole numbers, true, false and null: one spelling of a value. */
import { equal, fromUtf8, utf8 } from './bytes';
import { Fault } from './fault';

const MAX_DEPTH = 64;

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

function writeText(text: string): string {
  if (/\p{Surrogate}/u.test(text)) throw new Fault('format', 'half a character');
  return JSON.stringify(text);
}

function write(value: Json, depth: number): string {
  if (typeof value === 'string') return writeText(value);
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new Fault('format', 'a number that is not whole, or too large');
    return String(value);
  }
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (depth >= MAX_DEPTH) throw new Fault('format', 'the value is too deep');
  if (Array.isArray(value)) return `[${value.map((one) => write(one, depth + 1)).join(',')}]`;
  // JavaScript sorts texts by UTF-16 code units, which is what the RFC asks for.
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${writeText(name)}:${write(value[name] as Json, depth + 1)}`).join(',')}}`;
}

export function encodeCanonical(value: Json): Uint8Array<ArrayBuffer> {
  return utf8(write(value, 0));
}

/** Reads canonical bytes; any other spelling, a name given twice, or a fraction is refused. */
export function decodeCanonical(data: Uint8Array): Json {
  let value: Json;
  try {
    value = JSON.parse(fromUtf8(data)) as Json;
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw new Fault('format', 'this is not JSON');
  }
  // What was given twice, or differs in any way, is not written so again.
  if (!equal(encodeCanonical(value), data)) throw new Fault('format', 'this JSON is not in its canonical form');
  return value;
}
