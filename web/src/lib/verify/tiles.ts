/** C2SP tiles: a log's tree in files of 256 hashes, and its entries in bundles of 256. */
import { Fault } from './fault';
import { HASH_BYTES, rootOf, type Hash, type Node, type ReadNode } from './merkle';

export const WIDTH = 256;
const MAX_LEVEL = 7;

/** `level` is null for a bundle of entries. */
export interface Tile {
  readonly level: number | null;
  readonly index: number;
  readonly width: number;
}

/** Where a tile is published, below the log's address. */
export function tilePath({ level, index, width }: Tile): string {
  const digits = String(index);
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0');
  const groups = padded.match(/\d{3}/g) ?? [];
  const spread = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/');
  return `tile/${level ?? 'entries'}/${spread}${width === WIDTH ? '' : `.p/${width}`}`;
}

const PATH = /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/;

/** Reads a tile's path in its one spelling. */
export function parseTilePath(path: string): Tile {
  const [, level = '', spread = '', width] = PATH.exec(path) ?? [];
  const index = Number(spread.replaceAll(/[x/]/g, ''));
  const tile = {
    level: level === 'entries' ? null : Number(level),
    index,
    width: width === undefined ? WIDTH : Number(width),
  };
  const known = tile.level === null || tile.level <= MAX_LEVEL;
  if (!known || tile.width < 1 || !Number.isSafeInteger(index) || tilePath(tile) !== path) {
    throw new Fault('format', 'this is not a tile’s path');
  }
  return tile;
}

/** How wide a tile is in a tree of `size` leaves; 0 if it does not exist. */
export function widthAt(size: number, level: number, index: number): number {
  return Math.max(0, Math.min(WIDTH, Math.floor(size / WIDTH ** level) - index * WIDTH));
}

/** The first `width` hashes of a tile that is exactly so wide, or of the full one that replaced it. */
export function decodeTile(data: Uint8Array, width: number): Hash[] {
  if (data.length !== width * HASH_BYTES && data.length !== WIDTH * HASH_BYTES) {
    throw new Fault('format', 'the tile has another width');
  }
  return Array.from({ length: width }, (_, at) => new Uint8Array(data.slice(at * HASH_BYTES, (at + 1) * HASH_BYTES)));
}

/** The entries of a bundle; at least `count` of them, of which the first `count` are returned, if given. */
export function decodeBundle(data: Uint8Array, count?: number): Uint8Array<ArrayBuffer>[] {
  const entries: Uint8Array<ArrayBuffer>[] = [];
  let at = 0;
  while (at < data.length) {
    const [high, low] = [data[at], data[at + 1]];
    if (high === undefined || low === undefined) throw new Fault('format', 'the bundle is cut short');
    const end = at + 2 + high * 256 + low;
    if (end > data.length) throw new Fault('format', 'the bundle is cut short');
    entries.push(new Uint8Array(data.slice(at + 2, end)));
    at = end;
  }
  if (entries.length < 1 || entries.length > WIDTH) throw new Fault('format', 'a bundle holds 1 to 256 entries');
  if (count !== undefined && entries.length !== count && entries.length !== WIDTH) {
    throw new Fault('format', 'the bundle holds another number of entries');
  }
  return count === undefined ? entries : entries.slice(0, count);
}

export type FetchTile = (tile: Tile) => Promise<Uint8Array>;

/**
 * Reads nodes of the tree of `size` leaves from tiles. Nothing read here is verified by itself: proofs made of it are,
 * against a signed root, and a changed tile makes them fail.
 */
export function nodesFromTiles(size: number, fetchTile: FetchTile): ReadNode {
  const kept = new Map<string, Promise<Hash[]>>();

  function tile(level: number, index: number): Promise<Hash[]> {
    const width = level > MAX_LEVEL ? 0 : widthAt(size, level, index);
    if (width === 0) throw new Fault('proof', 'the tree has no such tile');
    const key = `${level}/${index}`;
    const found = kept.get(key) ?? fetchTile({ level, index, width }).then((data) => decodeTile(data, width));
    kept.set(key, found);
    return found;
  }

  return async ({ level, index }: Node): Promise<Hash> => {
    const within = level % 8;
    const first = index * 2 ** within;
    const hashes = await tile((level - within) / 8, Math.floor(first / WIDTH));
    const at = first % WIDTH;
    return rootOf(hashes.slice(at, at + 2 ** within));
  };
}
