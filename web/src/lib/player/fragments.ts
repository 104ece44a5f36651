/** The arithmetic of a fragmented file: which bytes hold which moment. Pure. */
import type { Rendition } from '$lib/api/types';

export interface ByteRange {
  /** First byte. */
  start: number;
  /** One past the last byte. */
  end: number;
}

export class FragmentIndex {
  readonly count: number;
  readonly #starts: number[];

  constructor(private readonly rendition: Pick<Rendition, 'init_bytes' | 'fragment_ms' | 'fragments'>) {
    this.count = rendition.fragments.length;
    this.#starts = [rendition.init_bytes];
    let at = rendition.init_bytes;
    for (const size of rendition.fragments) this.#starts.push((at += size));
  }

  get fragmentMs(): number {
    return this.rendition.fragment_ms;
  }

  /** Bytes of the fragments [from, to), clamped to what exists. */
  range(from: number, to: number): ByteRange {
    return { start: this.#startOf(from), end: this.#startOf(to) };
  }

  /** Bytes from the beginning of the file, init segment included, to the end of `fragments` of them. */
  head(fragments: number): ByteRange {
    return { start: 0, end: this.#startOf(fragments) };
  }

  init(): ByteRange {
    return { start: 0, end: this.rendition.init_bytes };
  }

  /** The fragment that holds this moment; the last one for anything beyond the end. */
  at(ms: number): number {
    const index = Math.floor(ms / this.rendition.fragment_ms);
    return Math.min(Math.max(index, 0), Math.max(this.count - 1, 0));
  }

  /** How many fragments cover at least this long. */
  covering(ms: number): number {
    return Math.min(Math.max(Math.ceil(ms / this.rendition.fragment_ms), 1), this.count);
  }

  #startOf(fragment: number): number {
    const clamped = Math.min(Math.max(fragment, 0), this.count);
    return this.#starts[clamped] ?? this.rendition.init_bytes;
  }
}

/** How many fragments the next request takes: short while the buffer is thin, long once it is safe. */
export function runLength(aheadSeconds: number, fragmentMs: number): number {
  const wantedMs = aheadSeconds < 1.5 ? 1000 : aheadSeconds < 4 ? 2000 : 4000;
  return Math.max(1, Math.round(wantedMs / fragmentMs));
}
