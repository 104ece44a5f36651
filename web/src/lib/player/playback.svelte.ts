import type { Clip } from '$lib/api/types';
import { audio, soundRefused } from '$lib/state/audio.svelte';
import { Feeder } from './feeder';
import { applyGain } from './gain';
import { forgetHead, headOf } from './heads';
import { mediaSourceClass } from './sources';

const WAIT_SHOWN_MS = 350;

/** One video element and the clip it holds. Three of these make the reel. */
export class Playback {
  clip = $state.raw<Clip | null>(null);
  /** The first frame is on the screen. */
  ready = $state(false);
  /** The person stopped it. */
  paused = $state(false);
  waiting = $state(false);
  failed = $state(false);
  fast = $state(false);

  /** The browser has presented a frame of this clip: what is on the element is no longer empty. */
  presented = false;

  readonly video: HTMLVideoElement;
  #feeder: Feeder | null = null;
  #active = false;
  #waitTimer: ReturnType<typeof setTimeout> | undefined;
  #nativeLoops = 0;
  #lastNative = 0;

  constructor(video: HTMLVideoElement) {
    this.video = video;
    video.addEventListener('loadeddata', () => (this.ready = true));
    video.addEventListener('playing', () => this.#waited(false));
    video.addEventListener('waiting', () => this.#waited(true));
    video.addEventListener('error', () => {
      if (video.getAttribute('src')) this.#fail();
    });
    video.addEventListener('timeupdate', () => {
      if (this.#feeder) return;
      if (video.currentTime + 0.5 < this.#lastNative) this.#nativeLoops += 1;
      this.#lastNative = video.currentTime;
    });
  }

  get active(): boolean {
    return this.#active;
  }

  get positionMs(): number {
    return this.#feeder ? this.#feeder.positionMs : this.video.currentTime * 1000;
  }

  get loops(): number {
    return this.#feeder ? this.#feeder.loops : this.#nativeLoops;
  }

  /** Enough is buffered that other clips may be fetched. */
  get comfortable(): boolean {
    return this.#feeder ? this.#feeder.comfortable : this.ready;
  }

  /** Takes a clip up to its first frame. */
  load(clip: Clip, priority: 'high' | 'low'): void {
    if (this.clip?.id === clip.id && !this.failed) return;
    this.unload();
    this.clip = clip;
    if (!clip.media) return;
    this.#notePresented(clip);
    const head = headOf(clip, priority);
    if (!head && mediaSourceClass()) {
      // A neighbour that just failed; the watched clip asks again with high priority.
      if (priority === 'low') {
        this.clip = null;
        return;
      }
    }
    if (head) {
      this.#feeder = new Feeder(this.video, head);
      this.#feeder.onError = () => {
        forgetHead(clip.id);
        this.#fail();
      };
    } else {
      this.video.loop = true;
      this.video.src = this.video.canPlayType('application/vnd.apple.mpegurl')
        ? clip.media.hls_url
        : (clip.media.renditions[0]?.url ?? clip.media.hls_url);
    }
  }

  unload(): void {
    this.#active = false;
    this.#feeder?.close();
    this.#feeder = null;
    if (this.video.getAttribute('src')) {
      this.video.removeAttribute('src');
      this.video.load();
    }
    this.video.loop = false;
    this.clip = null;
    this.ready = false;
    this.presented = false;
    this.failed = false;
    this.paused = false;
    this.fast = false;
    this.#nativeLoops = 0;
    this.#lastNative = 0;
    this.#waited(false);
  }

  retry(): void {
    const clip = this.clip;
    const active = this.#active;
    if (!clip) return;
    this.clip = null;
    this.load(clip, 'high');
    if (active) this.activate();
  }

  /** Becomes the clip that is watched. */
  activate(): void {
    this.#active = true;
    this.#feeder?.setActive(true);
    if (!this.paused) void this.play();
  }

  /** Stops, and goes back to its beginning so that a return starts there. */
  deactivate(): void {
    this.#active = false;
    this.paused = false;
    this.setFast(false);
    this.#feeder?.setActive(false);
    this.video.pause();
    this.#waited(false);
  }

  async play(): Promise<void> {
    this.paused = false;
    if (!this.clip?.media) return;
    this.applySound();
    const silent = this.video.muted;
    try {
      await this.video.play();
    } catch (cause) {
      if (!(cause instanceof DOMException) || cause.name !== 'NotAllowedError') return;
      if (silent) {
        this.paused = true;
        return;
      }
      soundRefused();
      if (!this.#active) return;
      this.video.muted = true;
      await this.video.play().catch(() => undefined);
      this.paused = this.#active && this.video.paused;
    }
  }

  pause(): void {
    this.paused = true;
    this.video.pause();
    this.#waited(false);
  }

  applySound(): void {
    this.video.muted = !audio.on;
    applyGain(this.video, this.clip?.media?.gain_db ?? 0, audio.on);
  }

  seek(ms: number): void {
    if (this.#feeder) this.#feeder.seek(ms);
    else this.video.currentTime = ms / 1000;
  }

  /** Twice the speed, while a finger rests on the picture. */
  setFast(fast: boolean): void {
    this.fast = fast;
    this.video.playbackRate = fast ? 2 : 1;
  }

  #notePresented(clip: Clip): void {
    if (!('requestVideoFrameCallback' in this.video)) return;
    this.video.requestVideoFrameCallback(() => {
      if (this.clip?.id === clip.id) this.presented = true;
    });
  }

  #waited(waiting: boolean): void {
    clearTimeout(this.#waitTimer);
    if (!waiting) this.waiting = false;
    else this.#waitTimer = setTimeout(() => (this.waiting = this.#active), WAIT_SHOWN_MS);
  }

  #fail(): void {
    this.failed = true;
    this.#waited(false);
  }
}
