/**
 * A media source that decodes nothing: it reads our test files, in which every fragment begins with
 * its own number, and keeps the same books of buffered time as a browser.
 */
export const INIT_BYTES = 4;
export const FRAGMENT_BYTES = 8;
export const FRAGMENT_SECONDS = 0.5;

export function fileOf(fragments: number): Uint8Array {
  const file = new Uint8Array(INIT_BYTES + fragments * FRAGMENT_BYTES);
  file.fill(255, 0, INIT_BYTES);
  for (let i = 0; i < fragments; i++) file.fill(i, INIT_BYTES + i * FRAGMENT_BYTES, INIT_BYTES + (i + 1) * FRAGMENT_BYTES);
  return file;
}

type Span = [number, number];

export class LocalSourceBuffer extends EventTarget {
  updating = false;
  timestampOffset = 0;
  spans: Span[] = [];
  appended: number[] = [];
  /** The picture begins this much after the sound, as with B-frames. */
  lateSeconds = 0;

  appendBuffer(bytes: ArrayBuffer): void {
    if (this.updating) throw new DOMException('busy', 'InvalidStateError');
    const all = new Uint8Array(bytes);
    const body = all[0] === 255 ? all.subarray(INIT_BYTES) : all;
    for (let at = 0; at < body.length; at += FRAGMENT_BYTES) {
      const number = body[at] ?? 0;
      this.appended.push(number);
      const begin = this.timestampOffset + number * FRAGMENT_SECONDS;
      const first = this.spans.length > 0 && number === 0 ? this.lateSeconds : 0;
      this.#merge([begin + first, begin + FRAGMENT_SECONDS + this.lateSeconds]);
    }
    this.#settle();
  }

  remove(from: number, to: number): void {
    this.spans = this.spans.flatMap(([a, b]): Span[] =>
      [[a, Math.min(b, from)] as Span, [Math.max(a, to), b] as Span].filter(([x, y]) => y > x),
    );
    this.#settle();
  }

  abort(): void {
    this.updating = false;
  }

  #settle(): void {
    this.updating = true;
    queueMicrotask(() => {
      this.updating = false;
      this.dispatchEvent(new Event('updateend'));
    });
  }

  #merge(span: Span): void {
    const all = [...this.spans, span].sort((a, b) => a[0] - b[0]);
    this.spans = [];
    for (const [a, b] of all) {
      const last = this.spans.at(-1);
      if (last && a <= last[1] + 1e-6) last[1] = Math.max(last[1], b);
      else this.spans.push([a, b]);
    }
  }
}

export class LocalMediaSource extends EventTarget {
  static last: LocalMediaSource | undefined;
  static lateSeconds = 0;
  duration = Number.NaN;
  readyState = 'open';
  buffer = new LocalSourceBuffer();

  constructor() {
    super();
    LocalMediaSource.last = this;
  }

  static isTypeSupported(type: string): boolean {
    return type.startsWith('video/mp4');
  }

  removeSourceBuffer(buffer: LocalSourceBuffer): void {
    buffer.spans = [];
  }

  addSourceBuffer(): LocalSourceBuffer {
    this.buffer.lateSeconds = LocalMediaSource.lateSeconds;
    return this.buffer;
  }
}

/** As on iPhones: it says itself when it wants bytes. */
export class LocalManagedMediaSource extends LocalMediaSource {
  streaming = true;
}

export class LocalVideo extends EventTarget {
  src = '';
  currentTime = 0;
  disableRemotePlayback = false;
  source: () => LocalMediaSource | undefined = () => LocalMediaSource.last;

  get buffered(): TimeRanges {
    const spans = this.source()?.buffer.spans ?? [];
    return {
      length: spans.length,
      start: (i: number) => spans[i]?.[0] ?? 0,
      end: (i: number) => spans[i]?.[1] ?? 0,
    };
  }

  removeAttribute(): void {
    this.src = '';
  }

  load(): void {
    this.dispatchEvent(new Event('emptied'));
  }

  /** Plays on to a moment, telling the time as an element does. */
  async playTo(seconds: number): Promise<void> {
    while (this.currentTime < seconds) {
      this.currentTime = Math.min(this.currentTime + 0.25, seconds);
      this.dispatchEvent(new Event('timeupdate'));
      for (let i = 0; i < 12; i++) await Promise.resolve();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
