/**
 * Merkle maps: what is in a declared list, and what is not. Leaves are sorted by key; that a key is absent is shown by
 * the two leaves between which it would stand.
 */
import { concat, equal, fromHex, utf8 } from '../bytes';
import { sha256 } from '../crypto';
import { Fault } from '../fault';
import { climb, emptyRoot, leafHash, type Hash } from '../merkle';
import type { Bytes } from './layout';
import { compareBytes } from './select';

const KEY = utf8('reelm/map/key/v1\0');
const MAP = utf8('reelm/map/v1\0');
const ADJUSTMENT_BYTES = 46;

export interface Shown {
  readonly index: number;
  readonly key: Bytes;
  readonly value: Bytes;
  readonly hashes: readonly Hash[];
}

export interface MapProof {
  readonly size: number;
  readonly leaves: readonly Shown[];
}

const fail = (why: string): never => {
  throw new Fault('map', why);
};

export const mapKey = (clip: Bytes): Promise<Bytes> => sha256(concat(KEY, clip));

export function mapRoot(size: number, tree: Hash): Promise<Hash> {
  const count = new Uint8Array(8);
  new DataView(count.buffer).setBigUint64(0, BigInt(size), true);
  return sha256(concat(MAP, count, tree));
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** Reads a proof as the API and files give it. */
export function readMapProof(value: unknown): MapProof {
  const found = value as { size?: unknown; leaves?: unknown } | null;
  if (typeof found !== 'object' || found === null || Object.keys(found).sort().join(' ') !== 'leaves size') {
    return fail('the proof has other parts than it may have');
  }
  const { size, leaves } = found;
  if (!isCount(size) || !Array.isArray(leaves) || leaves.length > 2) return fail('the proof is malformed');
  return { size, leaves: leaves.map(shownOf) };
}

function shownOf(value: unknown): Shown {
  const found = (value ?? {}) as Record<string, unknown>;
  const { index, key, value: digest, hashes } = found;
  const whole =
    Object.keys(found).sort().join(' ') === 'hashes index key value' &&
    isCount(index) && typeof key === 'string' && typeof digest === 'string' &&
    Array.isArray(hashes) && hashes.length <= 63 && hashes.every((one) => typeof one === 'string');
  if (!whole) return fail('the proof is malformed');
  return {
    index: index as number,
    key: fromHex(key as string, 32),
    value: fromHex(digest as string, 32),
    hashes: (hashes as string[]).map((one) => fromHex(one, 32)),
  };
}

async function checkLeaf(size: number, shown: Shown, root: Hash): Promise<void> {
  const leaf = await leafHash(concat(shown.key, shown.value));
  let tree: Hash;
  try {
    tree = await climb(leaf, shown.index, size, shown.hashes);
  } catch (cause) {
    if (cause instanceof Fault) return fail(cause.message);
    throw cause;
  }
  if (!equal(await mapRoot(size, tree), root)) fail('the proof leads to another map');
}

/** The digest of what stands under `key` in the map with this root; null if it is shown to be absent. */
export async function verifyMap(proof: MapProof, key: Bytes, root: Hash): Promise<Bytes | null> {
  for (const shown of proof.leaves) await checkLeaf(proof.size, shown, root);
  const [left, right] = proof.leaves;
  if (!left) {
    const empty = proof.size === 0 && equal(await mapRoot(0, await emptyRoot()), root);
    return empty ? null : fail('nothing is shown of a map that is not empty');
  }
  if (!right) {
    const side = compareBytes(key, left.key);
    if (side === 0) return left.value;
    const outside = (left.index === 0 && side < 0) || (left.index === proof.size - 1 && side > 0);
    return outside ? null : fail('one neighbour does not show that a key is absent');
  }
  const between = compareBytes(left.key, key) < 0 && compareBytes(key, right.key) < 0;
  return right.index === left.index + 1 && between ? null : fail('these are not the neighbours of an absent key');
}

export interface Adjustment {
  readonly kind: number;
  readonly points: number;
  readonly reason: number;
  /** Unix seconds; 0 for no end. */
  readonly since: number;
  readonly until: number;
}

export function readAdjustment(bytes: Bytes): Adjustment {
  if (bytes.length !== ADJUSTMENT_BYTES) return fail('an adjustment has 46 bytes');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    kind: view.getUint8(0),
    points: view.getInt32(1, true),
    reason: view.getUint8(5),
    since: view.getUint32(6, true),
    until: view.getUint32(10, true),
  };
}

export const isOn = ({ since, until }: Adjustment, time: number): boolean =>
  since <= time && (until === 0 || time < until);
