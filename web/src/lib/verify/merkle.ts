/**
 * Merkle trees of RFC 6962 over SHA-256. Proofs are checked as RFC 9162 §2.1.3.2 and §2.1.4.2 say, and made from the
 * hashes of complete subtrees, `(level, index)`: the one over leaves `index·2^level` up to `(index+1)·2^level`.
 * Sizes are plain numbers, so nothing here shifts bits: that would end at 2^31.
 */
import { concat, equal } from './bytes';
import { sha256 } from './crypto';
import { Fault } from './fault';

export type Hash = Uint8Array<ArrayBuffer>;
export const HASH_BYTES = 32;

export interface Node {
  level: number;
  index: number;
}

const LEAF = Uint8Array.of(0);
const INNER = Uint8Array.of(1);

export const leafHash = (data: Uint8Array): Promise<Hash> => sha256(concat(LEAF, data));
export const nodeHash = (left: Hash, right: Hash): Promise<Hash> => sha256(concat(INNER, left, right));
export const emptyRoot = (): Promise<Hash> => sha256(new Uint8Array());

/** The root over the roots of equal complete subtrees; an odd last one moves up as it is. */
export async function rootOf(hashes: readonly Hash[]): Promise<Hash> {
  if (hashes.length === 0) return emptyRoot();
  let level = [...hashes];
  while (level.length > 1) {
    const above: Promise<Hash>[] = [];
    for (let at = 0; at < level.length; at += 2) {
      const [left, right] = [level[at], level[at + 1]] as [Hash, Hash | undefined];
      above.push(right ? nodeHash(left, right) : Promise.resolve(left));
    }
    level = await Promise.all(above);
  }
  return level[0] as Hash;
}

function checkHashes(hashes: readonly Uint8Array[]): void {
  if (hashes.some((one) => one.length !== HASH_BYTES)) throw new Fault('proof', 'a hash has 32 bytes');
}

const half = (value: number): number => Math.floor(value / 2);
const odd = (value: number): boolean => value % 2 === 1;

/** The root to which a proof leads from leaf hash `leaf`, at `index` of a tree of `size` leaves. */
export async function climb(leaf: Hash, index: number, size: number, proof: readonly Hash[]): Promise<Hash> {
  if (!(index >= 0 && index < size)) throw new Fault('proof', 'there is no such leaf in a tree of this size');
  checkHashes([leaf, ...proof]);
  let place = index;
  let last = size - 1;
  let found = leaf;
  for (const sibling of proof) {
    if (last === 0) throw new Fault('proof', 'the proof is too long');
    if (odd(place) || place === last) {
      found = await nodeHash(sibling, found);
      while (place !== 0 && !odd(place)) [place, last] = [half(place), half(last)];
    } else {
      found = await nodeHash(found, sibling);
    }
    [place, last] = [half(place), half(last)];
  }
  if (last !== 0) throw new Fault('proof', 'the proof is too short');
  return found;
}

/** Refuses unless `proof` shows leaf hash `leaf` at `index` of the tree of `size` leaves with `root`. */
export async function verifyInclusion(
  leaf: Hash,
  index: number,
  size: number,
  proof: readonly Hash[],
  root: Hash,
): Promise<void> {
  checkHashes([root]);
  if (!equal(await climb(leaf, index, size, proof), root)) throw new Fault('proof', 'the proof leads to another root');
}

/** Refuses unless the tree `old` with `oldRoot` is shown to be a beginning of the tree `now` with `nowRoot`. */
export async function verifyConsistency(
  old: number,
  oldRoot: Hash,
  now: number,
  nowRoot: Hash,
  proof: readonly Hash[],
): Promise<void> {
  if (!(old >= 0 && old <= now)) throw new Fault('proof', 'a tree does not shrink');
  checkHashes([oldRoot, nowRoot, ...proof]);
  if (old === 0 || old === now) {
    if (proof.length > 0) throw new Fault('proof', 'nothing is to be proved, and yet there is a proof');
    if (!equal(oldRoot, old === 0 ? await emptyRoot() : nowRoot)) {
      throw new Fault('proof', 'one size, two roots');
    }
    return;
  }
  const path = [...proof];
  if (isPowerOfTwo(old)) path.unshift(oldRoot);
  let place = old - 1;
  let last = now - 1;
  while (odd(place)) [place, last] = [half(place), half(last)];
  const first = path.shift();
  if (!first) throw new Fault('proof', 'the proof is too short');
  let was = first;
  let is = first;
  for (const sibling of path) {
    if (last === 0) throw new Fault('proof', 'the proof is too long');
    if (odd(place) || place === last) {
      was = await nodeHash(sibling, was);
      is = await nodeHash(sibling, is);
      while (place !== 0 && !odd(place)) [place, last] = [half(place), half(last)];
    } else {
      is = await nodeHash(is, sibling);
    }
    [place, last] = [half(place), half(last)];
  }
  if (last !== 0) throw new Fault('proof', 'the proof is too short');
  if (!equal(was, oldRoot)) throw new Fault('proof', 'the proof leads to another old root');
  if (!equal(is, nowRoot)) throw new Fault('proof', 'the proof leads to another new root');
}

function isPowerOfTwo(value: number): boolean {
  let rest = value;
  while (rest > 1 && !odd(rest)) rest /= 2;
  return rest === 1;
}

/** The largest power of two below `count`, which is at least 2. */
function splitOf(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}

/** A run of leaves `[start, end)` that is one subtree of the tree. */
type Range = [number, number];

/** The subtrees whose hashes prove the leaf at `index`, from its sibling up. */
function besideLeaf(index: number, [start, end]: Range): Range[] {
  if (end - start < 2) return [];
  const middle = start + splitOf(end - start);
  return index < middle
    ? [...besideLeaf(index, [start, middle]), [middle, end]]
    : [...besideLeaf(index, [middle, end]), [start, middle]];
}

/** PROOF and SUBPROOF of RFC 6962 §2.1.2. */
function besideOld(old: number, [start, end]: Range, whole: boolean): Range[] {
  if (old === end) return whole ? [] : [[start, end]];
  const middle = start + splitOf(end - start);
  return old <= middle
    ? [...besideOld(old, [start, middle], whole), [middle, end]]
    : [...besideOld(old, [middle, end], false), [start, middle]];
}

/** Complete subtrees that make up a range, largest first. */
function completeIn([start, end]: Range): Node[] {
  const nodes: Node[] = [];
  let at = start;
  while (at < end) {
    let level = 0;
    while (2 ** (level + 1) <= end - at) level += 1;
    nodes.push({ level, index: at / 2 ** level });
    at += 2 ** level;
  }
  return nodes;
}

export type ReadNode = (node: Node) => Promise<Hash>;

async function hashOf(range: Range, read: ReadNode): Promise<Hash> {
  const parts = await Promise.all(completeIn(range).map(read));
  let root = parts.pop() as Hash;
  for (const part of parts.reverse()) root = await nodeHash(part, root);
  return root;
}

/** The proof that a leaf is in the tree of `size` leaves, from nodes that nobody needs to be trusted for. */
export function inclusionProof(index: number, size: number, read: ReadNode): Promise<Hash[]> {
  if (!(index >= 0 && index < size)) throw new Fault('proof', 'there is no such leaf in a tree of this size');
  return Promise.all(besideLeaf(index, [0, size]).map((range) => hashOf(range, read)));
}

/** The proof that the tree of `old` leaves is a beginning of that of `now` leaves; empty where it is trivial. */
export function consistencyProof(old: number, now: number, read: ReadNode): Promise<Hash[]> {
  if (!(old >= 0 && old <= now)) throw new Fault('proof', 'a tree does not shrink');
  if (old === 0 || old === now) return Promise.resolve([]);
  return Promise.all(besideOld(old, [0, now], true).map((range) => hashOf(range, read)));
}

/** The root over a whole tree, made of complete subtrees. */
export function treeRoot(size: number, read: ReadNode): Promise<Hash> {
  return size === 0 ? emptyRoot() : hashOf([0, size], read);
}
