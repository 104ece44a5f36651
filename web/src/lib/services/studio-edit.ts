/**
 * What a person has decided about their clip, and what the server is told of it.
 *
 * The state keeps what the hands did (a zoom and a point, not a rectangle), so that going back to a
 * tool finds it as it was left. `editForServer` turns it into the `edit` object of the API: times in
 * milliseconds of the source file, lengths as fractions of the displayed frame, defaults left out.
 */

/** A clip is portrait: nine wide, sixteen high. */
export const CLIP_ASPECT = 9 / 16;
/** The shortest clip that can be kept by the trim handles. */
export const SHORTEST_CLIP_MS = 500;
export const LARGEST_ZOOM = 4;
export const MOST_TEXTS = 20;
export const LONGEST_TEXT = 200;

export interface TextOverlay {
  id: string;
  text: string;
  /** Centre, as a fraction of the clip's frame. */
  x: number;
  y: number;
  /** Height of a line, as a fraction of the frame's height. */
  size: number;
  color: string;
  background: boolean;
  /** Both null: from the first frame to the last. Times of the source, like the trim's. */
  startMs: number | null;
  endMs: number | null;
}

export interface CropView {
  /** 1 shows as much as fits, larger is closer. */
  zoom: number;
  /** The point of the frame kept in the middle, as fractions. */
  cx: number;
  cy: number;
}

export interface EditState {
  trimStartMs: number;
  /** null: to the end, whatever its length turns out to be. */
  trimEndMs: number | null;
  /** null: the whole picture. */
  crop: CropView | null;
  coverMs: number | null;
  originalVolume: number;
  soundVolume: number;
  soundOffsetMs: number;
  texts: TextOverlay[];
}

export interface Frame {
  width: number;
  height: number;
}

export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface ServerText {
  text: string;
  x: number;
  y: number;
  size: number;
  color: string;
  background: boolean;
  start_ms?: number;
  end_ms?: number;
}

export interface ServerEdit {
  trim_start_ms?: number;
  trim_end_ms?: number;
  crop?: Rect;
  cover_ms?: number;
  original_volume: number;
  sound_volume: number;
  sound_offset_ms: number;
  texts?: ServerText[];
}

export function untouchedEdit(): EditState {
  return {
    trimStartMs: 0,
    trimEndMs: null,
    crop: null,
    coverMs: null,
    originalVolume: 1,
    soundVolume: 1,
    soundOffsetMs: 0,
    texts: [],
  };
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), Math.max(low, high));
}

function rounded(value: number, digits: number): number {
  const scale = 10 ** digits;
  return Math.round(value * scale) / scale;
}

/** Where the clip ends in the source, the file's end when nobody moved the handle. */
export function trimEnd(edit: EditState, durationMs: number): number {
  return edit.trimEndMs === null ? durationMs : Math.min(edit.trimEndMs, durationMs);
}

export function keptMs(edit: EditState, durationMs: number): number {
  return Math.max(0, trimEnd(edit, durationMs) - edit.trimStartMs);
}

/** Move one end of the trim. The other end stays; they never come closer than the shortest clip. */
export function moveTrim(
  edit: EditState,
  end: 'start' | 'end',
  toMs: number,
  durationMs: number,
): EditState {
  const shortest = Math.min(SHORTEST_CLIP_MS, durationMs);
  if (end === 'start') {
    const start = clamp(toMs, 0, trimEnd(edit, durationMs) - shortest);
    return withTrim(edit, start, edit.trimEndMs, durationMs);
  }
  const stop = clamp(toMs, edit.trimStartMs + shortest, durationMs);
  return withTrim(edit, edit.trimStartMs, stop >= durationMs ? null : stop, durationMs);
}

/** Slide the kept part along the source without changing its length. */
export function slideTrim(edit: EditState, toStartMs: number, durationMs: number): EditState {
  const length = keptMs(edit, durationMs);
  const start = clamp(toStartMs, 0, durationMs - length);
  const stop = start + length;
  return withTrim(edit, start, stop >= durationMs ? null : stop, durationMs);
}

function withTrim(
  edit: EditState,
  startMs: number,
  endMs: number | null,
  durationMs: number,
): EditState {
  const start = Math.round(startMs);
  const stop = endMs === null ? null : Math.round(endMs);
  const last = stop ?? durationMs;
  const coverMs = edit.coverMs === null ? null : clamp(edit.coverMs, start, last);
  return { ...edit, trimStartMs: start, trimEndMs: stop, coverMs };
}

/** The largest portrait rectangle of a frame, as fractions of it. */
function largestPortrait(frame: Frame): { width: number; height: number } {
  const aspect = frame.width / frame.height;
  return aspect > CLIP_ASPECT
    ? { width: CLIP_ASPECT / aspect, height: 1 }
    : { width: 1, height: aspect / CLIP_ASPECT };
}

/** Is the picture portrait enough that cropping it to fill the screen changes nothing to speak of? */
export function isPortrait(frame: Frame): boolean {
  return Math.abs(frame.width / frame.height / CLIP_ASPECT - 1) < 0.02;
}

export function cropRect(crop: CropView, frame: Frame): Rect {
  const largest = largestPortrait(frame);
  const zoom = clamp(crop.zoom, 1, LARGEST_ZOOM);
  const width = largest.width / zoom;
  const height = largest.height / zoom;
  return {
    x: clamp(crop.cx - width / 2, 0, 1 - width),
    y: clamp(crop.cy - height / 2, 0, 1 - height),
    width,
    height,
  };
}

/** The crop whose middle is really in the middle: what dragging continues from. */
export function settledCrop(crop: CropView, frame: Frame): CropView {
  const rect = cropRect(crop, frame);
  return {
    zoom: clamp(crop.zoom, 1, LARGEST_ZOOM),
    cx: rect.x + rect.width / 2,
    cy: rect.y + rect.height / 2,
  };
}

/** Move the picture under the window by (dx, dy), fractions of the window's own width and height. */
export function panCrop(crop: CropView, dx: number, dy: number, frame: Frame): CropView {
  const settled = settledCrop(crop, frame);
  const rect = cropRect(settled, frame);
  return settledCrop(
    { ...settled, cx: settled.cx - dx * rect.width, cy: settled.cy - dy * rect.height },
    frame,
  );
}

/** Position and size of the whole picture in units of the window, for drawing it behind the window. */
export function pictureInWindow(rect: Rect): Rect {
  return {
    x: -rect.x / rect.width,
    y: -rect.y / rect.height,
    width: 1 / rect.width,
    height: 1 / rect.height,
  };
}

/** Where the whole picture sits inside a portrait window when nothing is cut off, as fractions. */
export function pictureFitted(frame: Frame): Rect {
  const aspect = frame.width / frame.height;
  if (aspect > CLIP_ASPECT) {
    const height = CLIP_ASPECT / aspect;
    return { x: 0, y: (1 - height) / 2, width: 1, height };
  }
  const width = aspect / CLIP_ASPECT;
  return { x: (1 - width) / 2, y: 0, width, height: 1 };
}

export function newText(id: string, text = ''): TextOverlay {
  return {
    id,
    text,
    x: 0.5,
    y: 0.4,
    size: 0.05,
    color: '#ffffff',
    background: true,
    startMs: null,
    endMs: null,
  };
}

export function changeText(
  edit: EditState,
  id: string,
  change: Partial<Omit<TextOverlay, 'id'>>,
): EditState {
  return {
    ...edit,
    texts: edit.texts.map((each) => (each.id === id ? tidyText({ ...each, ...change }) : each)),
  };
}

export function removeText(edit: EditState, id: string): EditState {
  return { ...edit, texts: edit.texts.filter((each) => each.id !== id) };
}

function tidyText(text: TextOverlay): TextOverlay {
  const { startMs } = text;
  let { endMs } = text;
  if (startMs !== null && endMs !== null && endMs <= startMs) endMs = startMs + 100;
  return {
    ...text,
    text: [...text.text].slice(0, LONGEST_TEXT).join(''),
    x: clamp(text.x, 0, 1),
    y: clamp(text.y, 0, 1),
    size: clamp(text.size, 0.02, 0.2),
    endMs,
  };
}

/** Is this text on screen at this moment of the source? */
export function textShownAt(text: TextOverlay, atMs: number): boolean {
  return atMs >= (text.startMs ?? -Infinity) && atMs < (text.endMs ?? Infinity);
}

/**
 * The `edit` object for `POST /api/v1/clips`, or undefined when nothing differs from the file.
 *
 * Here every time is on the source, so that moving the trim moves nothing else; the server wants
 * the cover's and the texts' times on the trimmed clip. `frame` is null when this browser can't show
 * the file; its crop is then left out.
 */
export function editForServer(
  edit: EditState,
  source: { frame: Frame | null; durationMs: number | null; withSound: boolean },
): ServerEdit | undefined {
  const out: ServerEdit = {
    original_volume: rounded(edit.originalVolume, 2),
    sound_volume: source.withSound ? rounded(edit.soundVolume, 2) : 1,
    sound_offset_ms: source.withSound ? Math.round(edit.soundOffsetMs) : 0,
  };
  const mixed = out.original_volume !== 1 || out.sound_volume !== 1 || out.sound_offset_ms !== 0;
  const plain = Object.keys(out).length;
  const last = trimEnd(edit, source.durationMs ?? Infinity);
  const onClip = (ms: number): number =>
    Math.round(clamp(ms, edit.trimStartMs, last) - edit.trimStartMs);
  if (edit.trimStartMs > 0) out.trim_start_ms = Math.round(edit.trimStartMs);
  if (edit.trimEndMs !== null) out.trim_end_ms = Math.round(edit.trimEndMs);
  if (edit.crop && source.frame) {
    const rect = cropRect(edit.crop, source.frame);
    if (rect.width < 0.999 || rect.height < 0.999) out.crop = roundedRect(rect);
  }
  if (edit.coverMs !== null) out.cover_ms = onClip(edit.coverMs);
  const texts = edit.texts
    .filter((each) => each.text.trim() !== '')
    .filter((each) => (each.endMs ?? Infinity) > edit.trimStartMs && (each.startMs ?? 0) < last)
    .map((each) => textForServer(each, onClip, last));
  if (texts.length > 0) out.texts = texts;
  return mixed || Object.keys(out).length > plain ? out : undefined;
}

/** Rounded inwards, so that no edge leaves the picture. */
function roundedRect(rect: Rect): Rect {
  const x = rounded(rect.x, 5);
  const y = rounded(rect.y, 5);
  return {
    x,
    y,
    width: Math.min(rounded(rect.width, 5), rounded(1 - x, 5)),
    height: Math.min(rounded(rect.height, 5), rounded(1 - y, 5)),
  };
}

function textForServer(
  text: TextOverlay,
  onClip: (ms: number) => number,
  last: number,
): ServerText {
  const out: ServerText = {
    text: text.text.trim(),
    x: rounded(text.x, 4),
    y: rounded(text.y, 4),
    size: rounded(text.size, 4),
    color: text.color,
    background: text.background,
  };
  if (text.startMs !== null && onClip(text.startMs) > 0) out.start_ms = onClip(text.startMs);
  if (text.endMs !== null && text.endMs < last) out.end_ms = onClip(text.endMs);
  return out;
}

/**
 * Steps back and forth. Changes that share a `gesture` (one drag, one slider held down) are one step.
 */
export class History<T> {
  readonly #past: T[] = [];
  #future: T[] = [];
  #gesture: string | null = null;
  #now: T;

  constructor(
    first: T,
    private readonly depth = 100,
  ) {
    this.#now = first;
  }

  get now(): T {
    return this.#now;
  }

  get canUndo(): boolean {
    return this.#past.length > 0;
  }

  get canRedo(): boolean {
    return this.#future.length > 0;
  }

  change(next: T, gesture: string | null = null): void {
    if (next === this.#now) return;
    if (gesture === null || gesture !== this.#gesture) {
      this.#past.push(this.#now);
      if (this.#past.length > this.depth) this.#past.shift();
    }
    this.#gesture = gesture;
    this.#future = [];
    this.#now = next;
  }

  /** The hand let go: the next change is a step of its own, even by the same tool. */
  settle(): void {
    this.#gesture = null;
  }

  undo(): T {
    const before = this.#past.pop();
    if (before !== undefined) {
      this.#future.push(this.#now);
      this.#now = before;
    }
    this.#gesture = null;
    return this.#now;
  }

  redo(): T {
    const after = this.#future.pop();
    if (after !== undefined) {
      this.#past.push(this.#now);
      this.#now = after;
    }
    this.#gesture = null;
    return this.#now;
  }
}
