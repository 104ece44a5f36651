import type { Head } from './heads';
import { runLength } from './fragments';
import { fetchRange } from './ranges';
import { isManaged, mediaSourceClass, mimeOf } from './sources';

const AHEAD_SECONDS = 10;
const BEHIND_SECONDS = 12;
/** A clip up to this size is kept whole, so that its loops cost no request. */
const KEEP_BYTES = 8_000_000;
/** Longer than any clip: the timeline goes on while the clip repeats. */
const ENDLESS_SECONDS = 86_400;
/** The longest distance between key frames that our ladder makes. */
const GROUP_MS = 2000;

/** Gaps up to this long inside what is buffered play through. */
const BRIDGED_SECONDS = 0.25;

/** How long playing can go on from `at` within buffered ranges. Pure. */
export function aheadOf(buffered: TimeRanges, at: number): number {
  let end = at;
  for (let i = 0; i < buffered.length; i++) {
    if (buffered.start(i) - BRIDGED_SECONDS <= end && buffered.end(i) > end) end = buffered.end(i);
  }
  return end - at;
}

/**
 * Feeds one video element from byte ranges. The clip repeats without a gap because its fragments
 * are appended again behind themselves: the element only ever plays forward.
 */
export class Feeder {
  readonly #video: HTMLVideoElement;
  readonly #head: Head;
  readonly #abort = new AbortController();
  readonly #source: MediaSource;
  readonly #address: string;
  readonly #runs = new Map<number, { count: number; bytes: ArrayBuffer }>();
  #buffer: SourceBuffer | null = null;
  #next = 0;
  #loop = 0;
  #loopSeconds = 0;
  #firstSecond = 0;
  #active = false;
  #pumping = false;
  #epoch = 0;
  onError: (cause: unknown) => void = () => undefined;

  constructor(video: HTMLVideoElement, head: Head) {
    const Source = mediaSourceClass();
    if (!Source) throw new Error('this browser has no media source');
    this.#video = video;
    this.#head = head;
    this.#source = new Source();
    this.#address = URL.createObjectURL(this.#source);
    if (isManaged(this.#source)) {
      video.disableRemotePlayback = true;
      this.#source.addEventListener('startstreaming', () => this.#wake());
    }
    this.#source.addEventListener('sourceopen', () => void this.#open(), { once: true });
    video.addEventListener('timeupdate', this.#wake);
    video.addEventListener('waiting', this.#wake);
    video.src = this.#address;
  }

  /** Where in the clip the element is, in ms, whatever the number of loops. */
  get positionMs(): number {
    const seconds = this.#video.currentTime - this.#firstSecond;
    if (seconds <= 0) return 0;
    return (this.#loopSeconds ? seconds % this.#loopSeconds : seconds) * 1000;
  }

  /** Completed rounds of the clip. */
  get loops(): number {
    if (!this.#loopSeconds) return 0;
    return Math.max(0, Math.floor((this.#video.currentTime - this.#firstSecond) / this.#loopSeconds));
  }

  get aheadSeconds(): number {
    return aheadOf(this.#video.buffered, this.#video.currentTime);
  }

  /** Whether what comes next is safe enough to spend the network on other clips. */
  get comfortable(): boolean {
    return this.#keptWhole || this.aheadSeconds >= AHEAD_SECONDS * 0.6;
  }

  get #keptWhole(): boolean {
    return this.#loopSeconds > 0 && this.#runs.size > 0;
  }

  /** A waiting clip holds its first second; a playing one reads on. */
  setActive(active: boolean): void {
    this.#active = active;
    if (active) this.#wake();
  }

  seek(ms: number): void {
    const round = this.#loopSeconds ? this.loops * this.#loopSeconds : 0;
    const target = this.#firstSecond + round + ms / 1000;
    this.#video.currentTime = target;
    if (this.aheadSeconds > 0) return;
    void this.#restart(ms, round);
  }

  close(): void {
    this.#active = false;
    this.#abort.abort();
    this.#runs.clear();
    this.#video.removeEventListener('timeupdate', this.#wake);
    this.#video.removeEventListener('waiting', this.#wake);
    this.#release();
    this.#video.removeAttribute('src');
    this.#video.load();
    URL.revokeObjectURL(this.#address);
  }

  /** Gives the buffered media back now, rather than whenever the browser collects it. */
  #release(): void {
    const buffer = this.#buffer;
    this.#buffer = null;
    if (!buffer || this.#source.readyState !== 'open') return;
    buffer.abort();
    this.#source.removeSourceBuffer(buffer);
  }

  readonly #wake = (): void => {
    if (this.#buffer && this.#active && !this.#pumping) void this.#pump();
  };

  async #open(): Promise<void> {
    try {
      this.#buffer = this.#source.addSourceBuffer(mimeOf(this.#head.rendition));
      this.#source.duration = ENDLESS_SECONDS;
      const bytes = await this.#head.bytes;
      await this.#append(bytes);
      this.#next = this.#head.fragments;
      this.#keep(0, this.#head.fragments, bytes);
      if (this.#video.buffered.length > 0) this.#firstSecond = this.#video.buffered.start(0);
      if (this.#firstSecond > 0 && this.#video.currentTime < this.#firstSecond) {
        this.#video.currentTime = this.#firstSecond;
      }
      this.#wake();
    } catch (cause) {
      this.#fail(cause);
    }
  }

  async #pump(): Promise<void> {
    this.#pumping = true;
    const epoch = this.#epoch;
    try {
      while (this.#active && this.#buffer && epoch === this.#epoch) {
        const ahead = this.aheadSeconds;
        if (ahead >= AHEAD_SECONDS) break;
        if (isManaged(this.#source) && !this.#source.streaming && ahead > 1) break;
        await this.#step(ahead, epoch);
      }
    } catch (cause) {
      if (epoch === this.#epoch) this.#fail(cause);
    } finally {
      this.#pumping = false;
    }
    if (epoch !== this.#epoch) this.#wake();
  }

  async #step(ahead: number, epoch: number): Promise<void> {
    const { index, rendition } = this.#head;
    if (this.#next >= index.count) this.#turn();
    const from = this.#next;
    const kept = this.#runs.get(from);
    let run = kept;
    if (!run) {
      const count = Math.min(runLength(ahead, index.fragmentMs), index.count - from);
      const range = index.range(from, from + count);
      const bytes = await fetchRange(rendition.url, range, {
        signal: this.#abort.signal,
        priority: ahead < 2 ? 'high' : 'low',
      });
      run = { count, bytes };
    }
    if (epoch !== this.#epoch || !this.#buffer) return;
    await this.#appendInRound(run.bytes);
    if (from === 0 && this.#loop === 1) await this.#closeSeam(run.bytes);
    this.#next = from + run.count;
    if (!kept) this.#keep(from, run.count, run.bytes);
    await this.#trim();
  }

  /** The end of the clip: measure one round, then go on from its beginning. */
  #turn(): void {
    if (!this.#loopSeconds) {
      const { buffered } = this.#video;
      const end = buffered.length ? buffered.end(buffered.length - 1) : 0;
      this.#loopSeconds = Math.max(end - this.#firstSecond, 0.1);
    }
    this.#loop += 1;
    this.#next = 0;
  }

  async #appendInRound(bytes: ArrayBuffer): Promise<void> {
    const offset = this.#loop * this.#loopSeconds;
    if (this.#buffer && this.#buffer.timestampOffset !== offset) this.#buffer.timestampOffset = offset;
    await this.#append(bytes);
  }

  /**
   * Sound and picture rarely begin at the same instant, so the second round may start a few frames
   * late. The gap is measured once, and every round is moved forward by it.
   */
  async #closeSeam(bytes: ArrayBuffer): Promise<void> {
    const buffer = this.#buffer;
    const { buffered } = this.#video;
    if (!buffer || buffered.length < 2) return;
    const end = buffered.end(buffered.length - 2);
    const gap = buffered.start(buffered.length - 1) - end;
    if (gap <= 0 || gap > BRIDGED_SECONDS) return;
    buffer.remove(end + gap / 2, Infinity);
    await settled(buffer);
    this.#loopSeconds -= gap;
    await this.#appendInRound(bytes);
  }

  #keep(from: number, count: number, bytes: ArrayBuffer): void {
    if (this.#head.rendition.bytes > KEEP_BYTES) return;
    this.#runs.set(from, { count, bytes });
  }

  async #restart(ms: number, roundSeconds: number): Promise<void> {
    this.#epoch += 1;
    const epoch = this.#epoch;
    const buffer = this.#buffer;
    if (!buffer) return;
    try {
      if (buffer.updating) await settled(buffer);
      if (epoch !== this.#epoch) return;
      buffer.abort();
      this.#next = this.#head.index.at(Math.max(0, ms - GROUP_MS));
      this.#loop = this.#loopSeconds ? Math.round(roundSeconds / this.#loopSeconds) : 0;
      this.#wake();
    } catch (cause) {
      this.#fail(cause);
    }
  }

  async #append(bytes: ArrayBuffer): Promise<void> {
    const buffer = this.#buffer;
    if (!buffer) return;
    if (buffer.updating) await settled(buffer);
    try {
      buffer.appendBuffer(bytes);
    } catch (cause) {
      if (!(cause instanceof DOMException) || cause.name !== 'QuotaExceededError') throw cause;
      await this.#trim(2);
      buffer.appendBuffer(bytes);
    }
    await settled(buffer);
  }

  async #trim(behind: number = BEHIND_SECONDS): Promise<void> {
    const buffer = this.#buffer;
    const until = this.#video.currentTime - behind;
    const first = this.#video.buffered.length ? this.#video.buffered.start(0) : 0;
    if (!buffer || buffer.updating || until - first < BEHIND_SECONDS / 2) return;
    buffer.remove(first, until);
    await settled(buffer);
  }

  #fail(cause: unknown): void {
    if (this.#abort.signal.aborted) return;
    this.onError(cause);
  }
}

function settled(buffer: SourceBuffer): Promise<void> {
  return new Promise((resolve, reject) => {
    if (!buffer.updating) return resolve();
    const done = (): void => {
      buffer.removeEventListener('updateend', done);
      buffer.removeEventListener('error', failed);
      resolve();
    };
    const failed = (): void => {
      buffer.removeEventListener('updateend', done);
      buffer.removeEventListener('error', failed);
      reject(new Error('the browser refused the bytes'));
    };
    buffer.addEventListener('updateend', done);
    buffer.addEventListener('error', failed);
  });
}
