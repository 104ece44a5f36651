import type { ByteRange } from './fragments';
import { Throughput } from './throughput';

interface NetworkHint {
  downlink?: number;
  saveData?: boolean;
}

/** What the browser says of the network, where it says anything. */
export function networkHint(): NetworkHint {
  const here = globalThis.navigator as (Navigator & { connection?: NetworkHint }) | undefined;
  return here?.connection ?? {};
}

const hint = networkHint().downlink;
export const throughput = new Throughput(hint ? hint * 1_000_000 : undefined);

export interface RangeOptions {
  priority?: 'high' | 'low';
  signal?: AbortSignal;
}

/** Bytes of a range, measured on the way; raises when the realm does not give exactly them. */
export async function fetchRange(
  url: string,
  range: ByteRange,
  options: RangeOptions = {},
): Promise<ArrayBuffer> {
  const began = performance.now();
  const answer = await fetch(url, {
    headers: { Range: `bytes=${range.start}-${range.end - 1}` },
    priority: options.priority ?? 'high',
    signal: options.signal ?? null,
  });
  if (!answer.ok) throw new MediaGone(answer.status);
  const body = await answer.arrayBuffer();
  throughput.add(body.byteLength, performance.now() - began);
  if (answer.status === 206) return body;
  return body.slice(range.start, range.end);
}

/** The file is not (or no longer) there: its address expired, or the clip was taken down. */
export class MediaGone extends Error {
  constructor(readonly status: number) {
    super(`media answered ${status}`);
    this.name = 'MediaGone';
  }
}
