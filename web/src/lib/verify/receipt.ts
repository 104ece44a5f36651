/**
 * A person's receipt: a tlog-proof whose extra data is canonical JSON with the exact bytes of one entry and what opens
 * the marks in it. A mark is HMAC-SHA256(opening, kind ‖ 0x00 ‖ document), hexadecimal.
 */
import { concat, fromBase64, fromHex, toHex, utf8 } from './bytes';
import { decodeCanonical, type Json } from './canonical';
import { hmacSha256 } from './crypto';
import { Fault } from './fault';
import type { TlogProof } from './proof';

const FORMAT = 'reelm-receipt/v1';
const NAMES = 'entry format openings policy realm vkey';
const MARKS = ['person', 'people', 'document'];

export interface Opening {
  readonly kind: string;
  readonly document: string;
  readonly opening: string;
}

export interface Receipt {
  readonly proof: TlogProof;
  /** Address, key and policy as the realm stated them; not covered by the proof. */
  readonly realm: string;
  readonly vkey: string;
  readonly policy: string;
  readonly entry: Uint8Array<ArrayBuffer>;
  readonly openings: readonly Opening[];
}

type JsonObject = { [name: string]: Json };

function objectOf(value: Json | undefined): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Fault('format', 'the receipt is malformed');
  }
  return value;
}

function textOf(value: Json | undefined): string {
  if (typeof value !== 'string') throw new Fault('format', 'the receipt is malformed');
  return value;
}

function openingOf(value: Json): Opening {
  const { kind, document, opening, ...rest } = objectOf(value);
  if (Object.keys(rest).length > 0) throw new Fault('format', 'an opening is malformed');
  const found = { kind: textOf(kind), document: textOf(document), opening: textOf(opening) };
  fromHex(found.opening, 32);
  return found;
}

/** Takes the receipt in a proof apart; null for a plain proof. Nothing of it is verified yet. */
export function readReceipt(proof: TlogProof): Receipt | null {
  if (!proof.extra) return null;
  const extra = objectOf(decodeCanonical(proof.extra));
  if (Object.keys(extra).sort().join(' ') !== NAMES || extra.format !== FORMAT) {
    throw new Fault('format', 'this is not a receipt of a kind that is known here');
  }
  if (!Array.isArray(extra.openings)) throw new Fault('format', 'the receipt is malformed');
  return {
    proof,
    realm: textOf(extra.realm),
    vkey: textOf(extra.vkey),
    policy: textOf(extra.policy),
    entry: fromBase64(textOf(extra.entry)),
    openings: extra.openings.map(openingOf),
  };
}

/** The mark that kind and document have under an opening. */
export async function markOf({ kind, document, opening }: Opening): Promise<string> {
  const message = concat(utf8(kind), Uint8Array.of(0), utf8(document));
  return toHex(await hmacSha256(fromHex(opening, 32), message));
}

/** Refuses unless every opening fits a mark of the entry that is about somebody or something. */
export async function verifyOpenings(openings: readonly Opening[], entry: Json): Promise<void> {
  const fields = objectOf(entry);
  const marks = MARKS.flatMap((name) => fields[name] ?? []).filter((one) => typeof one === 'string');
  for (const opening of openings) {
    if (opening.kind !== fields.kind || !marks.includes(await markOf(opening))) {
      throw new Fault('receipt', 'an opening does not fit this entry: the entry is about somebody or something else');
    }
  }
}
