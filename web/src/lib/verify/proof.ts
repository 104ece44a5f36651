/** C2SP tlog-proof: one entry's inclusion in a file, to be kept and checked offline. */
import { decimal, fromBase64, fromUtf8, utf8 } from './bytes';
import { Fault } from './fault';
import { HASH_BYTES, leafHash, verifyInclusion, type Hash } from './merkle';
import type { NoteKey } from './note';
import { openUnderPolicy, type Policy, type Witnessed } from './policy';

const FIRST_LINE = 'c2sp.org/tlog-proof@v1';
const MAX_CHARS = 2_000_000;
const MAX_HASHES = 63;

export interface TlogProof {
  readonly index: number;
  readonly hashes: readonly Hash[];
  /** The checkpoint as it was signed. */
  readonly note: Uint8Array<ArrayBuffer>;
  /** Not covered by the proof: what it says must be checked against the entry. */
  readonly extra: Uint8Array<ArrayBuffer> | null;
}

export const looksLikeProof = (text: string): boolean => text.startsWith(FIRST_LINE);

export function parseProof(given: string | Uint8Array): TlogProof {
  const whole = typeof given === 'string' ? given : fromUtf8(given);
  if (whole.length > MAX_CHARS) throw new Fault('format', 'the proof is too long');
  const blank = whole.indexOf('\n\n');
  const lines = whole.slice(0, Math.max(0, blank)).split('\n');
  if (blank < 0 || lines.shift() !== FIRST_LINE) throw new Fault('format', 'this is not a proof of inclusion');
  const extra = lines[0]?.startsWith('extra ') ? fromBase64((lines.shift() ?? '').slice(6)) : null;
  const place = lines.shift();
  if (!place?.startsWith('index ')) throw new Fault('format', 'the proof does not say of which entry');
  if (lines.length > MAX_HASHES) throw new Fault('format', 'the proof is too long');
  return {
    index: decimal(place.slice(6)),
    hashes: lines.map((line) => fromBase64(line, HASH_BYTES)),
    note: utf8(whole.slice(blank + 2)),
    extra,
  };
}

/** Verifies that an entry is in the log, under a checkpoint that satisfies the policy. */
export async function verifyProof(
  proof: TlogProof,
  entry: Uint8Array,
  policy: Policy,
  log?: NoteKey,
): Promise<Witnessed> {
  const witnessed = await openUnderPolicy(proof.note, policy, log);
  const { size, root } = witnessed.checkpoint;
  await verifyInclusion(await leafHash(entry), proof.index, size, proof.hashes, root);
  return witnessed;
}
