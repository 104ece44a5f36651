/** The ledger's own files (`/ledger/…`), fetched as anybody may, with a copy of each kept as evidence. */
import { toBase64 } from '$lib/verify/bytes';
import { Fault } from '$lib/verify/fault';
import { tilePath, WIDTH, type FetchTile, type Tile } from '$lib/verify/tiles';

const BASE = '/ledger/';

/** A text stands as it is where it is one; other bytes as base64. */
export interface KeptFile {
  path: string;
  base64: string;
}

export class LedgerFiles {
  /** All that was fetched, in order. */
  readonly kept: KeptFile[] = [];

  async get(path: string, fresh = false): Promise<Uint8Array<ArrayBuffer>> {
    let answer: Response;
    try {
      answer = await fetch(BASE + path, { cache: fresh ? 'no-store' : 'default' });
    } catch {
      throw new Fault('missing', `${BASE}${path}: no connection`);
    }
    if (!answer.ok) throw new Fault('missing', `${BASE}${path}: status ${answer.status}`);
    const data = new Uint8Array(await answer.arrayBuffer());
    this.kept.push({ path: BASE + path, base64: toBase64(data) });
    return data;
  }

  checkpoint(): Promise<Uint8Array<ArrayBuffer>> {
    return this.get('checkpoint', true);
  }

  /** A tile or a bundle; where a partial one is gone, the full one that replaced it. */
  tile: FetchTile = async (tile: Tile) => {
    try {
      return await this.get(tilePath(tile));
    } catch (cause) {
      if (tile.width === WIDTH || !(cause instanceof Fault) || !cause.message.endsWith('404')) throw cause;
      return this.get(tilePath({ ...tile, width: WIDTH }));
    }
  };
}
