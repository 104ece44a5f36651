/**
 * The file in which a person keeps one page of For You: lines of a name and a value. Reading is strict about form and
 * verifies nothing; the proofs within are for `evidence`.
 */
import { decimal, fromBase64, fromUtf8, toBase64 } from '../bytes';
import { decodeCanonical, encodeCanonical, type Json } from '../canonical';
import { Fault } from '../fault';
import type { ShownAdjustment } from './evidence';
import type { Bytes } from './layout';
import { clipId, type Inclusion, type PagePromise } from './promise';

const FIRST_LINE = 'reelm-feed-receipt@v1';
const MAX_CHARS = 2_000_000;
const NEEDED = ['realm', 'made', 'receipt', 'shown', 'key', 'vkey', 'policy'] as const;
const OPTIONAL = ['promise', 'certificate', 'promise-vkey', 'inclusion', 'entry', 'adjustments'] as const;
type Name = (typeof NEEDED)[number] | (typeof OPTIONAL)[number];
export type FileLines = Map<Name, string>;

/** An entry of the ledger with the tlog-proof that it is there. */
export interface LoggedEntry {
  readonly entry: Bytes;
  readonly proof: string;
}

export interface FileAdjustments {
  readonly entry: LoggedEntry | null;
  readonly shown: readonly ShownAdjustment[];
}

export type FilePromise = Pick<PagePromise, 'leaf' | 'at' | 'include_by' | 'signature'>;

export interface FeedFile {
  readonly realm: string;
  /** When the realm made it, in Unix seconds. */
  readonly made: number;
  readonly receipt: Bytes;
  readonly shown: readonly string[];
  readonly key: Bytes;
  readonly vkey: string;
  readonly policy: string;
  readonly promise: FilePromise | null;
  readonly certificate: string | null;
  readonly promiseVkey: string | null;
  readonly inclusion: Inclusion | null;
  readonly entry: LoggedEntry | null;
  readonly adjustments: FileAdjustments | null;
}

const fail = (why: string): never => {
  throw new Fault('format', why);
};

export const looksLikeFeedFile = (text: string): boolean => text.startsWith(`${FIRST_LINE}\n`);

export function readLines(text: string): FileLines {
  if (text.length > MAX_CHARS || !looksLikeFeedFile(text) || !text.endsWith('\n')) {
    fail('this is not the file of a page’s receipt');
  }
  const found: FileLines = new Map();
  for (const line of text.slice(0, -1).split('\n').slice(1)) {
    const space = line.indexOf(' ');
    const [name, value] = [line.slice(0, Math.max(0, space)) as Name, line.slice(space + 1)];
    if (![...NEEDED, ...OPTIONAL].includes(name) || value === '' || found.has(name)) fail('a line has no place here');
    found.set(name, value);
  }
  for (const name of NEEDED) if (!found.has(name)) fail(`the line ${name} is missing`);
  return found;
}

/** The file's text again, its lines in their order. */
export function writeLines(lines: FileLines): string {
  const given = [...NEEDED, ...OPTIONAL].filter((name) => lines.has(name));
  return `${FIRST_LINE}\n${given.map((name) => `${name} ${lines.get(name) ?? ''}\n`).join('')}`;
}

export const jsonLine = (value: Json): string => toBase64(encodeCanonical(value));

type JsonObject = { [name: string]: Json };

function objectOf(value: Json | undefined, names: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail('the file is malformed');
  return Object.keys(value).sort().join(' ') === names ? value : fail('the file is malformed');
}

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : fail('the file is malformed'));
const countOf = (value: Json | undefined): number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : fail('the file is malformed');
const listOf = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : fail('the file is malformed'));

function hexOf(value: Json | undefined): Bytes {
  const text = textOf(value);
  if (!/^(?:[0-9a-f]{2})*$/.test(text)) return fail('the file is malformed');
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export function loggedOf(value: Json): LoggedEntry {
  const found = objectOf(value, 'entry proof');
  return { entry: fromBase64(textOf(found.entry)), proof: textOf(found.proof) };
}

export function inclusionOf(value: Json): Inclusion {
  const found = objectOf(value, 'batch entry_index hashes position size');
  return {
    batch: countOf(found.batch),
    position: countOf(found.position),
    size: countOf(found.size),
    hashes: listOf(found.hashes).map(textOf),
    entry_index: countOf(found.entry_index),
  };
}

function promiseOf(value: Json): FilePromise {
  const found = objectOf(value, 'at include_by leaf signature');
  return {
    leaf: textOf(found.leaf),
    at: countOf(found.at),
    include_by: countOf(found.include_by),
    signature: textOf(found.signature),
  };
}

export function adjustmentsOf(value: Json): FileAdjustments {
  const found = objectOf(value, 'entry shown');
  const shown = listOf(found.shown).map((one): ShownAdjustment => {
    const { index, clip, value: worth, proof } = objectOf(one, 'clip index proof value');
    return {
      index: countOf(index),
      clip: hexOf(clip),
      value: worth === null ? null : hexOf(worth),
      proof,
    };
  });
  return { entry: found.entry === null ? null : loggedOf(found.entry as Json), shown };
}

/** The clips of a page, 16 bytes each, by their ids. */
function clipsOf(bytes: Bytes): string[] {
  if (bytes.length % 16 !== 0) fail('a clip’s id has 16 bytes');
  return Array.from({ length: bytes.length / 16 }, (_, at) => clipId(bytes.slice(at * 16, at * 16 + 16)));
}

export function readFeedFile(text: string): FeedFile {
  const lines = readLines(text);
  const line = (name: Name): string => lines.get(name) as string;
  const optional = <T>(name: Name, read: (value: Json) => T): T | null =>
    lines.has(name) ? read(decodeCanonical(fromBase64(line(name)))) : null;
  return {
    realm: line('realm'),
    made: decimal(line('made')),
    receipt: fromBase64(line('receipt')),
    shown: clipsOf(fromBase64(line('shown'))),
    key: fromBase64(line('key'), 32),
    vkey: line('vkey'),
    policy: fromUtf8(fromBase64(line('policy'))),
    promise: optional('promise', promiseOf),
    certificate: lines.has('certificate') ? fromUtf8(fromBase64(line('certificate'))) : null,
    promiseVkey: lines.get('promise-vkey') ?? null,
    inclusion: optional('inclusion', inclusionOf),
    entry: optional('entry', loggedOf),
    adjustments: optional('adjustments', adjustmentsOf),
  };
}
