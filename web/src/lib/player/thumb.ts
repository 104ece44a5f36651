import { thumbHashToAverageRGBA, thumbHashToRGBA } from 'thumbhash';

export interface Thumb {
  width: number;
  height: number;
  rgba: Uint8Array;
}

function bytesOf(thumbhash: string): Uint8Array | null {
  if (!thumbhash) return null;
  try {
    return Uint8Array.from(atob(thumbhash), (char) => char.charCodeAt(0));
  } catch {
    return null;
  }
}

/** The small picture inside a clip's thumbhash; null for none. */
export function readThumb(thumbhash: string): Thumb | null {
  const bytes = bytesOf(thumbhash);
  if (!bytes || bytes.length < 5) return null;
  const { w, h, rgba } = thumbHashToRGBA(bytes);
  return { width: w, height: h, rgba };
}

/** The light a picture throws into the room, as a CSS colour; null for none. */
export function lightOf(thumbhash: string): string | null {
  const bytes = bytesOf(thumbhash);
  if (!bytes || bytes.length < 5) return null;
  const { r, g, b } = thumbHashToAverageRGBA(bytes);
  return `rgb(${Math.round(r * 255)} ${Math.round(g * 255)} ${Math.round(b * 255)})`;
}

export function paintThumb(canvas: HTMLCanvasElement, thumbhash: string): void {
  const thumb = readThumb(thumbhash);
  if (!thumb) {
    canvas.width = canvas.height = 1;
    return;
  }
  canvas.width = thumb.width;
  canvas.height = thumb.height;
  const image = new ImageData(new Uint8ClampedArray(thumb.rgba), thumb.width, thumb.height);
  canvas.getContext('2d')?.putImageData(image, 0, 0);
}
