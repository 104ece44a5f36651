/**
 * C2SP signed notes: a text, a blank line, signature lines by named keys. A signature by an unknown key is ignored;
 * one by a known key that fails rejects the whole note; at least one known key must have signed.
 */
import { concat, equal, fromBase64, fromUtf8, isName, toBase64, toHex, utf8 } from './bytes';
import { checkEd25519, sha256 } from './crypto';
import { Fault } from './fault';

export const KEY_LOG = 0x01;
export const KEY_WITNESS = 0x04;
export const KEY_WITNESS_ML_DSA = 0x06;

const PUBLIC_BYTES: Record<number, number> = { [KEY_LOG]: 32, [KEY_WITNESS]: 32, [KEY_WITNESS_ML_DSA]: 1312 };
const SIGNATURE_BYTES = 64;
const TIME_BYTES = 8;
const MAX_NOTE_BYTES = 1_000_000;
const MAX_SIGNATURES = 100;
const VKEY = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/;
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/;

/** A public key by which notes are checked. */
export interface NoteKey {
  readonly name: string;
  /** 8 hexadecimal digits that, with the name, say which key made a signature. */
  readonly id: string;
  readonly kind: number;
  readonly publicKey: Uint8Array<ArrayBuffer>;
  readonly vkey: string;
}

export interface SignatureLine {
  readonly name: string;
  readonly id: string;
  readonly signature: Uint8Array<ArrayBuffer>;
}

export interface Note {
  /** What is signed, with its final newline. */
  readonly text: string;
  readonly lines: readonly SignatureLine[];
}

export interface OpenedNote {
  readonly text: string;
  readonly signed: readonly { key: NoteKey; line: SignatureLine }[];
}

/** Reads a key as it is written, `name+id+base64(kind ‖ key)`, whose id must fit. */
export async function parseKey(vkey: string): Promise<NoteKey> {
  const [, name, id, encoded] = VKEY.exec(vkey) ?? [];
  if (name === undefined || id === undefined || encoded === undefined || !isName(name)) {
    throw new Fault('format', 'this is not a verifier key');
  }
  const raw = fromBase64(encoded);
  const kind = raw[0] ?? 0;
  const publicKey = raw.slice(1);
  const found = toHex((await sha256(concat(utf8(`${name}\n`), raw))).slice(0, 4));
  if (found !== id) throw new Fault('format', 'the verifier key’s id belongs to another key');
  const wanted = PUBLIC_BYTES[kind];
  if (wanted === undefined || publicKey.length !== wanted) {
    throw new Fault('format', `a key of a kind that is not known here (${kind})`);
  }
  return { name, id, kind, publicKey, vkey };
}

export async function parseLogKey(vkey: string): Promise<NoteKey> {
  const key = await parseKey(vkey);
  if (key.kind !== KEY_LOG) throw new Fault('format', 'this is not the key of a log');
  return key;
}

export async function parseWitnessKey(vkey: string): Promise<NoteKey> {
  const key = await parseKey(vkey);
  if (key.kind === KEY_LOG) throw new Fault('format', 'this is not the key of a witness');
  return key;
}

export const sameKey = (a: NoteKey, b: NoteKey): boolean =>
  a.name === b.name && a.kind === b.kind && equal(a.publicKey, b.publicKey);

function parseLine(line: string): SignatureLine {
  const match = /^— ([^ ]+) ([^ ]+)$/.exec(line);
  const [, name, encoded] = match ?? [];
  if (name === undefined || encoded === undefined || !isName(name)) {
    throw new Fault('format', 'a signature line is malformed');
  }
  const payload = fromBase64(encoded);
  if (payload.length <= 4) throw new Fault('format', 'a signature is too short');
  return { name, id: toHex(payload.slice(0, 4)), signature: payload.slice(4) };
}

/** Takes a note apart. Its text must not be believed before `openNote` has checked it. */
export function parseNote(data: Uint8Array): Note {
  if (data.length > MAX_NOTE_BYTES) throw new Fault('format', 'the note is too long');
  const whole = fromUtf8(data);
  const split = whole.lastIndexOf('\n\n');
  if (split < 0) throw new Fault('format', 'a note has a blank line before its signatures');
  const text = whole.slice(0, split + 1);
  const rest = whole.slice(split + 2);
  if (CONTROL.test(text)) throw new Fault('format', 'a note holds no control characters');
  if (!rest.endsWith('\n')) throw new Fault('format', 'a signature line ends in a newline');
  const lines = rest.slice(0, -1).split('\n');
  if (lines.length > MAX_SIGNATURES) throw new Fault('format', 'there are too many signatures');
  return { text, lines: lines.map(parseLine) };
}

/** Seconds since 1970 in a cosignature; to be believed only once it is verified. */
export function cosignedAt(signature: Uint8Array): number {
  if (signature.length <= TIME_BYTES) throw new Fault('format', 'a cosignature begins with its time');
  const view = new DataView(signature.buffer, signature.byteOffset, TIME_BYTES);
  const time = view.getBigUint64(0);
  if (time > BigInt(Number.MAX_SAFE_INTEGER)) throw new Fault('format', 'there is no such time');
  return Number(time);
}

async function checkSignature(key: NoteKey, text: string, signature: Uint8Array<ArrayBuffer>): Promise<void> {
  if (key.kind === KEY_LOG) {
    if (signature.length !== SIGNATURE_BYTES) throw new Fault('signature', 'the signature has another length');
    return checkEd25519(key.publicKey, signature, utf8(text));
  }
  if (key.kind === KEY_WITNESS) {
    const time = cosignedAt(signature);
    if (signature.length !== TIME_BYTES + SIGNATURE_BYTES) {
      throw new Fault('signature', 'the cosignature has another length');
    }
    const message = utf8(`cosignature/v1\ntime ${time}\n${text}`);
    return checkEd25519(key.publicKey, signature.slice(TIME_BYTES), message);
  }
  throw new Fault('browser', 'browsers can’t check ML-DSA-44 yet');
}

/** Verifies a note with the keys one knows. Keys that no browser can check yet are treated as unknown. */
export async function openNote(data: Uint8Array, keys: readonly NoteKey[]): Promise<OpenedNote> {
  const note = parseNote(data);
  const known = new Map<string, NoteKey>();
  for (const key of keys) {
    if (key.kind === KEY_WITNESS_ML_DSA) continue;
    const other = known.get(`${key.name} ${key.id}`);
    if (other && !sameKey(other, key)) throw new Fault('format', 'two known keys share a name and an id');
    known.set(`${key.name} ${key.id}`, key);
  }
  const signed: { key: NoteKey; line: SignatureLine }[] = [];
  for (const line of note.lines) {
    const key = known.get(`${line.name} ${line.id}`);
    if (!key) continue;
    await checkSignature(key, note.text, line.signature);
    signed.push({ key, line });
  }
  if (signed.length === 0) throw new Fault('signature', 'no known key has signed this note');
  return { text: note.text, signed };
}

/** The key as a person compares it: eight digits and the name. */
export const keyWords = (key: NoteKey): string => `${key.name} ${key.id}`;

export const publicKeyText = (key: NoteKey): string => toBase64(key.publicKey);
