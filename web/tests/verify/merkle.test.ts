import { describe, expect, it } from 'vitest';

import { concat, utf8 } from '$lib/verify/bytes';
import { sha256 } from '$lib/verify/crypto';
import {
  consistencyProof,
  inclusionProof,
  leafHash,
  nodeHash,
  treeRoot,
  verifyConsistency,
  verifyInclusion,
  type Hash,
} from '$lib/verify/merkle';
import { decodeBundle, decodeTile, nodesFromTiles, tilePath, widthAt, type Tile } from '$lib/verify/tiles';

const MOST = 13;

/** The definition of RFC 6962 §2.1, as plainly as it can be written: what everything else is compared with. */
async function plainRoot(leaves: readonly Hash[]): Promise<Hash> {
  if (leaves.length === 0) return sha256(new Uint8Array());
  if (leaves.length === 1) return leaves[0] as Hash;
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return nodeHash(await plainRoot(leaves.slice(0, split)), await plainRoot(leaves.slice(split)));
}

const leaves = await Promise.all(Array.from({ length: 700 }, (_, at) => leafHash(utf8(`entry ${at}`))));

/** Tiles of these leaves, as a log publishes them. */
async function tileOf({ level, index, width }: Tile): Promise<Uint8Array> {
  const span = 256 ** (level ?? 0);
  const hashes = Array.from({ length: width }, (_, at) => {
    const start = (index * 256 + at) * span;
    return plainRoot(leaves.slice(start, start + span));
  });
  return concat(...(await Promise.all(hashes)));
}

const reader = (size: number) => nodesFromTiles(size, tileOf);
const changed = (hash: Hash): Hash => Uint8Array.from(hash, (byte, at) => (at === 5 ? byte ^ 1 : byte));

describe('inclusion', () => {
  it('is proved for every leaf of every small tree', async () => {
    for (let size = 1; size <= MOST; size++) {
      const root = await plainRoot(leaves.slice(0, size));
      expect(await treeRoot(size, reader(size))).toEqual(root);
      for (let index = 0; index < size; index++) {
        const proof = await inclusionProof(index, size, reader(size));
        await verifyInclusion(leaves[index] as Hash, index, size, proof, root);
      }
    }
  });

  it('is refused when anything is another', async () => {
    const size = 700;
    const root = await plainRoot(leaves);
    const proof = await inclusionProof(300, size, reader(size));
    const leaf = leaves[300] as Hash;
    await verifyInclusion(leaf, 300, size, proof, root);
    for (const [at, hash] of proof.entries()) {
      const other = proof.with(at, changed(hash));
      await expect(verifyInclusion(leaf, 300, size, other, root)).rejects.toThrow(/another root/);
    }
    await expect(verifyInclusion(leaf, 301, size, proof, root)).rejects.toThrow();
    await expect(verifyInclusion(leaf, 300, 299, proof, root)).rejects.toThrow(/no such leaf/);
    await expect(verifyInclusion(leaf, 300, size, proof.slice(1), root)).rejects.toThrow();
    await expect(verifyInclusion(leaf, 300, size, [...proof, root], root)).rejects.toThrow(/too long/);
    await expect(verifyInclusion(changed(leaf), 300, size, proof, root)).rejects.toThrow();
  });
});

describe('consistency', () => {
  it('is proved between every two small trees', async () => {
    const roots = await Promise.all(
      Array.from({ length: MOST + 1 }, (_, size) => plainRoot(leaves.slice(0, size))),
    );
    for (let now = 0; now <= MOST; now++) {
      for (let old = 0; old <= now; old++) {
        const proof = await consistencyProof(old, now, reader(now));
        await verifyConsistency(old, roots[old] as Hash, now, roots[now] as Hash, proof);
        if (old === now) continue;
        const other = changed(roots[old] as Hash);
        await expect(verifyConsistency(old, other, now, roots[now] as Hash, proof)).rejects.toThrow();
        const others = [changed(roots[now] as Hash), proof] as const;
        if (old > 0) {
          await expect(verifyConsistency(old, roots[old] as Hash, now, ...others)).rejects.toThrow();
        }
      }
    }
  });

  it('is refused for another beginning, a shorter proof, a longer one', async () => {
    const [old, now] = [300, 700];
    const [was, is] = [await plainRoot(leaves.slice(0, old)), await plainRoot(leaves)];
    const proof = await consistencyProof(old, now, reader(now));
    await verifyConsistency(old, was, now, is, proof);
    for (const [at, hash] of proof.entries()) {
      await expect(verifyConsistency(old, was, now, is, proof.with(at, changed(hash)))).rejects.toThrow();
    }
    await expect(verifyConsistency(old, was, now, is, proof.slice(0, -1))).rejects.toThrow();
    await expect(verifyConsistency(old, was, now, is, [...proof, is])).rejects.toThrow();
    await expect(verifyConsistency(now, is, old, was, proof)).rejects.toThrow(/shrink/);
    await expect(verifyConsistency(now, was, now, is, [])).rejects.toThrow(/two roots/);
  });
});

describe('tiles', () => {
  it('are found where C2SP says', () => {
    expect(tilePath({ level: 0, index: 0, width: 256 })).toBe('tile/0/000');
    expect(tilePath({ level: 1, index: 1_234_067, width: 256 })).toBe('tile/1/x001/x234/067');
    expect(tilePath({ level: null, index: 3, width: 7 })).toBe('tile/entries/003.p/7');
    expect([widthAt(700, 0, 2), widthAt(700, 1, 0), widthAt(700, 0, 3)]).toEqual([188, 2, 0]);
  });

  it('may be the full one that replaced a part', () => {
    const full = new Uint8Array(8192).fill(3);
    expect(decodeTile(full, 5)).toHaveLength(5);
    expect(() => decodeTile(full.slice(0, 64), 5)).toThrow(/another width/);
  });

  it('hold entries with their lengths', () => {
    expect(decodeBundle(Uint8Array.of(0, 2, 104, 105, 0, 0), 2)).toEqual([Uint8Array.of(104, 105), new Uint8Array()]);
    for (const broken of [[], [0], [0, 3, 1], [0, 1, 1, 9]]) {
      expect(() => decodeBundle(Uint8Array.from(broken))).toThrow();
    }
    expect(() => decodeBundle(Uint8Array.of(0, 1, 1), 2)).toThrow(/another number/);
  });
});
