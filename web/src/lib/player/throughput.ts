/** What the network gives, and which rendition that carries. */
import type { Rendition } from '$lib/api/types';

const HALF_LIFE_BYTES = 600_000;
const SMALLEST_SAMPLE_BYTES = 12_000;
const FIRST_GUESS = 4_000_000;
/** A rendition may use this part of the measured rate. */
const SAFE_SHARE = 0.7;

/** A running mean of bits per second, weighted by bytes so that big transfers count most. */
export class Throughput {
  #bitsPerSecond: number;

  constructor(firstGuess: number = FIRST_GUESS) {
    this.#bitsPerSecond = firstGuess;
  }

  get bitsPerSecond(): number {
    return this.#bitsPerSecond;
  }

  /** Small or cached answers say nothing about the network and are left out. */
  add(bytes: number, ms: number): void {
    if (bytes < SMALLEST_SAMPLE_BYTES) return;
    const sample = (bytes * 8000) / Math.max(ms, 1);
    const keep = 0.5 ** (bytes / HALF_LIFE_BYTES);
    this.#bitsPerSecond = keep * this.#bitsPerSecond + (1 - keep) * sample;
  }
}

export interface Screen {
  /** Short edge of the picture on the screen, in device pixels. */
  shortEdge: number;
  bitsPerSecond: number;
  saveData: boolean;
}

const shortEdgeOf = (one: Rendition) => Math.min(one.width, one.height);

/** The best rendition the screen can show and the network can carry; the smallest when in doubt. */
export function chooseRendition(offered: readonly Rendition[], screen: Screen): Rendition | null {
  const ladder = [...offered].sort((a, b) => a.bandwidth - b.bandwidth);
  let chosen = ladder[0] ?? null;
  if (screen.saveData) return chosen;
  for (const one of ladder.slice(1)) {
    if (!chosen || one.bandwidth > screen.bitsPerSecond * SAFE_SHARE) break;
    // One step above the screen is enough; more would be bytes nobody sees.
    if (shortEdgeOf(chosen) >= screen.shortEdge) break;
    chosen = one;
  }
  return chosen;
}
