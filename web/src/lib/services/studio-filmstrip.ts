/** Still pictures out of a clip, drawn one after the other by a video element nobody sees. */

export interface Still {
  index: number;
  atMs: number;
  draw: (context: CanvasRenderingContext2D, width: number, height: number) => void;
}

function until(video: HTMLVideoElement, event: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = new AbortController();
    const end = (act: () => void) => () => {
      stop.abort();
      act();
    };
    const { signal: inner } = stop;
    video.addEventListener(event, end(resolve), { signal: inner });
    video.addEventListener(
      'error',
      end(() => reject(new Error('video'))),
      { signal: inner },
    );
    signal.addEventListener(
      'abort',
      end(() => reject(signal.reason as Error)),
      { signal: inner },
    );
  });
}

/** Where a picture of this size is cut so that it fills another. */
export function covering(
  sourceWidth: number,
  sourceHeight: number,
  width: number,
  height: number,
): { x: number; y: number; width: number; height: number } {
  const scale = Math.max(width / sourceWidth, height / sourceHeight);
  const cut = { width: width / scale, height: height / scale };
  return { x: (sourceWidth - cut.width) / 2, y: (sourceHeight - cut.height) / 2, ...cut };
}

/** Evenly spread moments, in the middle of each of `count` pieces. */
export function stillTimes(durationMs: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => ((index + 0.5) * durationMs) / count);
}

/** Calls back for every moment in turn; stops quietly at what the browser can't show. */
export async function eachStill(
  url: string,
  timesMs: readonly number[],
  show: (still: Still) => void,
  signal: AbortSignal,
): Promise<void> {
  const video = document.createElement('video');
  video.muted = true;
  video.playsInline = true;
  video.preload = 'auto';
  try {
    const ready = until(video, 'loadeddata', signal);
    video.src = url;
    await ready;
    for (const [index, atMs] of timesMs.entries()) {
      signal.throwIfAborted();
      const sought = until(video, 'seeked', signal);
      video.currentTime = Math.min(atMs / 1000, Math.max(0, video.duration - 0.05));
      await sought;
      const draw = (context: CanvasRenderingContext2D, width: number, height: number): void => {
        const cut = covering(video.videoWidth, video.videoHeight, width, height);
        context.drawImage(video, cut.x, cut.y, cut.width, cut.height, 0, 0, width, height);
      };
      show({ index, atMs, draw });
    }
  } catch (error) {
    if (!signal.aborted && !(error instanceof Error && error.message === 'video')) throw error;
  } finally {
    video.removeAttribute('src');
    video.load();
  }
}

/** A small picture of one moment as a data address, for lists. Null when it can't be shown. */
export async function thumbnailOf(url: string, atMs: number): Promise<string | null> {
  let address: string | null = null;
  const canvas = document.createElement('canvas');
  canvas.width = 90;
  canvas.height = 160;
  const context = canvas.getContext('2d');
  if (!context) return null;
  const give = (still: Still): void => {
    still.draw(context, canvas.width, canvas.height);
    address = canvas.toDataURL('image/jpeg', 0.7);
  };
  await eachStill(url, [atMs], give, AbortSignal.timeout(8000)).catch(() => undefined);
  return address;
}
