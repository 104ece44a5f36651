/** The published vectors: what every verifier must accept, and every mutation it must refuse. */
import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { equal, fromBase64, toBase64, utf8 } from '$lib/verify/bytes';
import { decodeCanonical } from '$lib/verify/canonical';
import { parseCheckpoint } from '$lib/verify/checkpoint';
import { Fault } from '$lib/verify/fault';
import {
  inclusionProof,
  leafHash,
  rootOf,
  treeRoot,
  verifyConsistency,
  verifyInclusion,
  type Hash,
} from '$lib/verify/merkle';
import { openNote, parseKey, sameKey } from '$lib/verify/note';
import { isMet, parsePolicy } from '$lib/verify/policy';
import { parseProof } from '$lib/verify/proof';
import { decodeBundle, nodesFromTiles, parseTilePath, tilePath } from '$lib/verify/tiles';

interface Case {
  accepted: boolean;
  name: string;
}

const FOLDER = new URL('../../../spec/ledger/vectors/', import.meta.url).pathname;
const read = <T>(name: string): (Case & T)[] =>
  JSON.parse(readFileSync(`${FOLDER}${name}.json`, 'utf8')) as (Case & T)[];

async function judge(accepted: boolean, act: () => unknown): Promise<void> {
  let refused: unknown = null;
  try {
    await act();
  } catch (cause) {
    refused = cause;
  }
  // Only a fault is a refusal; anything else is a mistake of ours.
  if (refused !== null) expect(refused).toBeInstanceOf(Fault);
  expect(refused === null).toBe(accepted);
}

/** Every one of these keys has signed, and no signature fails. */
async function openedByAll(note: Uint8Array, vkeys: readonly string[]) {
  const keys = await Promise.all(vkeys.map(parseKey));
  const opened = await openNote(note, keys);
  for (const key of keys) {
    if (!opened.signed.some((one) => sameKey(one.key, key))) throw new Fault('signature', `${key.name} is missing`);
  }
  return opened;
}

interface CheckpointCase {
  note: string;
  keys: string[];
  origin: string;
  size: number;
  root: string;
}

async function checkCheckpoint(given: Pick<CheckpointCase, 'note' | 'keys' | 'origin'>) {
  const opened = await openedByAll(fromBase64(given.note), given.keys);
  const checkpoint = await parseCheckpoint(opened.text);
  if (checkpoint.origin !== given.origin) throw new Fault('log', 'another log');
  return checkpoint;
}

describe('published vectors', () => {
  it.each(read<{ note: string; keys: string[] }>('note'))('note: $name', (given) =>
    judge(given.accepted, () => openedByAll(fromBase64(given.note), given.keys)),
  );

  it.each(read<CheckpointCase>('checkpoint'))('checkpoint: $name', (given) =>
    judge(given.accepted, async () => {
      const { size, root } = await checkCheckpoint(given);
      if (size !== given.size || toBase64(root) !== given.root) throw new Fault('proof', 'another tree');
    }),
  );

  it.each(read<{ index: number; size: number; leaf: string; root: string; proof: string[] }>('inclusion'))(
    'inclusion: $name',
    (given) =>
      judge(given.accepted, () =>
        verifyInclusion(
          fromBase64(given.leaf),
          given.index,
          given.size,
          given.proof.map((one) => fromBase64(one)),
          fromBase64(given.root),
        ),
      ),
  );

  it.each(read<{ old: number; size: number; old_root: string; root: string; proof: string[] }>('consistency'))(
    'consistency: $name',
    (given) =>
      judge(given.accepted, () =>
        verifyConsistency(
          given.old,
          fromBase64(given.old_root),
          given.size,
          fromBase64(given.root),
          given.proof.map((one) => fromBase64(one)),
        ),
      ),
  );

  it.each(read<{ files: Record<string, string>; size: number; root: string; index: number; leaf: string }>('tiles'))(
    'tiles: $name',
    (given) =>
      judge(given.accepted, async () => {
        const nodes = nodesFromTiles(given.size, (tile) => {
          const found = given.files[tilePath(tile)];
          return found === undefined
            ? Promise.reject(new Fault('missing', tilePath(tile)))
            : Promise.resolve(fromBase64(found));
        });
        const root = fromBase64(given.root) as Hash;
        if (!equal(await treeRoot(given.size, nodes), root)) throw new Fault('proof', 'another root');
        const proof = await inclusionProof(given.index, given.size, nodes);
        await verifyInclusion(fromBase64(given.leaf), given.index, given.size, proof, root);
      }),
  );

  it.each(read<{ text: string; size: number; index: number; entry: string }>('bundle'))('bundle: $name', (given) =>
    judge(given.accepted, () => {
      const entries = decodeBundle(fromBase64(given.text), given.size);
      const entry = entries[given.index];
      if (!entry || toBase64(entry) !== given.entry) throw new Fault('format', 'another entry');
    }),
  );

  it.each(read<{ text: string; entry: string; keys: string[]; origin: string }>('proof'))('proof: $name', (given) =>
    judge(given.accepted, async () => {
      const proof = parseProof(fromBase64(given.text));
      const { size, root } = await checkCheckpoint({ ...given, note: toBase64(proof.note) });
      await verifyInclusion(await leafHash(fromBase64(given.entry)), proof.index, size, proof.hashes, root);
    }),
  );

  it.each(read<{ policy: string; quorums: Record<string, boolean> }>('policies'))('policy: $name', async (given) => {
    await judge(given.accepted, () => parsePolicy(given.policy));
    if (!given.accepted) return;
    const policy = await parsePolicy(given.policy);
    for (const [names, met] of Object.entries(given.quorums)) {
      expect([names, isMet(policy, names.split(' ').filter(Boolean))]).toEqual([names, met]);
    }
  });

  it.each(read<{ path: string; level: number | null; index: number; width: number }>('paths'))(
    'path: $path',
    ({ path, accepted, ...tile }) =>
      judge(accepted, () => {
        const found = parseTilePath(path);
        expect([found.level, found.index, found.width]).toEqual([tile.level, tile.index, tile.width]);
      }),
  );

  it.each(read<{ bytes: string }>('canonical'))('canonical: $bytes', (given) =>
    judge(given.accepted, () => decodeCanonical(fromBase64(given.bytes))),
  );

  // A browser hashes one node at a time; the larger trees are for those who hash faster.
  const trees = read<{ size: number; root: string }>('trees').filter((one) => one.size <= 1024);

  it.each(trees)('tree of $size', async ({ size, root }) => {
    const leaves = await Promise.all(Array.from({ length: size }, (_, at) => leafHash(utf8(String(at)))));
    expect(toBase64(await rootOf(leaves))).toBe(root);
  });
});

interface Foreign {
  name: string;
  check: string;
  note: string;
  keys: string[];
  origin: string;
  size?: number;
  old?: number;
  index?: number;
  leaf: string;
  root: string;
  old_root: string;
  proof?: string[];
}

/** Made with the Go project's own packages. */
describe('vectors of another implementation', () => {
  const all = JSON.parse(
    readFileSync(new URL('../../../tests/oracle/vectors/go.json', import.meta.url).pathname, 'utf8'),
  ) as Foreign[];

  it.each(all.filter((one) => ['note', 'checkpoint', 'inclusion', 'consistency'].includes(one.check)))(
    '$check: $name',
    async ({ size = 0, old = 0, index = 0, proof = [], ...given }) => {
      const hashes = proof.map((one) => fromBase64(one));
      if (given.check === 'note') await openedByAll(fromBase64(given.note), given.keys);
      else if (given.check === 'checkpoint') expect((await checkCheckpoint(given)).size).toBe(size);
      else if (given.check === 'inclusion') {
        await verifyInclusion(fromBase64(given.leaf), index, size, hashes, fromBase64(given.root));
      } else await verifyConsistency(old, fromBase64(given.old_root), size, fromBase64(given.root), hashes);
    },
  );
});
