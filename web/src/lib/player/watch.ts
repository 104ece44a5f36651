/** One person watching one clip, from its appearance to the next swipe. Pure: facts in, events out. */
import type { WatchEventKind } from '$lib/api/types';
import type { WatchFacts } from '$lib/services/events';

export type Tell = (clipId: string, kind: WatchEventKind, facts: WatchFacts) => void;

const SKIP_BELOW_MS = 2000;
const PROGRESS_EVERY_MS = 10_000;

export class Watch {
  #watchedMs = 0;
  #toldMs = 0;
  #loops = 0;
  #positionMs = 0;

  constructor(
    private readonly clipId: string,
    private readonly source: string,
    private readonly tell: Tell,
  ) {
    tell(clipId, 'impression', { source });
  }

  get watchedMs(): number {
    return this.#watchedMs;
  }

  /** `playedMs` is how long the clip played since the last call. */
  tick(playedMs: number, positionMs: number, loops: number): void {
    this.#watchedMs += playedMs;
    this.#positionMs = positionMs;
    while (this.#loops < loops) {
      this.#tell(this.#loops === 0 ? 'finish' : 'loop');
      this.#loops += 1;
    }
    if (this.#watchedMs - this.#toldMs >= PROGRESS_EVERY_MS) this.#tell('progress');
  }

  end(): void {
    const skipped = this.#loops === 0 && this.#watchedMs < SKIP_BELOW_MS;
    if (skipped) this.#tell('skip');
    else if (this.#watchedMs > this.#toldMs) this.#tell('progress');
  }

  #tell(kind: WatchEventKind): void {
    this.#toldMs = this.#watchedMs;
    this.tell(this.clipId, kind, {
      watchedMs: this.#watchedMs,
      positionMs: this.#positionMs,
      source: this.source,
    });
  }
}
