import { describe, expect, it } from 'vitest';

import {
  CLIP_ASPECT,
  History,
  changeText,
  cropRect,
  editForServer,
  keptMs,
  moveTrim,
  newText,
  panCrop,
  pictureFitted,
  pictureInWindow,
  settledCrop,
  slideTrim,
  textShownAt,
  untouchedEdit,
} from '$lib/services/studio-edit';

const LANDSCAPE = { width: 1920, height: 1080 };
const TALL = { width: 1000, height: 3000 };
const source = { frame: LANDSCAPE, durationMs: 10_000, withSound: false };

describe('trim', () => {
  it('keeps the ends apart and inside the source', () => {
    const edit = untouchedEdit();
    expect(moveTrim(edit, 'start', 9_900, 10_000).trimStartMs).toBe(9_500);
    expect(moveTrim(edit, 'start', -50, 10_000).trimStartMs).toBe(0);
    const late = moveTrim(edit, 'start', 4_000, 10_000);
    expect(moveTrim(late, 'end', 100, 10_000).trimEndMs).toBe(4_500);
    expect(moveTrim(late, 'end', 10_000, 10_000).trimEndMs).toBeNull();
  });

  it('slides without changing its length', () => {
    const cut = moveTrim(untouchedEdit(), 'end', 6_000, 9_000);
    const slid = slideTrim(cut, 8_000, 9_000);
    expect(slid.trimStartMs).toBe(3_000);
    expect(slid.trimEndMs).toBeNull();
    expect(keptMs(slid, 9_000)).toBe(6_000);
  });

  it('takes the cover along', () => {
    const edit = { ...untouchedEdit(), coverMs: 500 };
    expect(moveTrim(edit, 'start', 2_000, 10_000).coverMs).toBe(2_000);
  });

  it('can leave a clip shorter than the shortest whole', () => {
    expect(keptMs(moveTrim(untouchedEdit(), 'start', 200, 300), 300)).toBe(300);
  });
});

describe('crop', () => {
  it.each([LANDSCAPE, TALL, { width: 641, height: 359 }])('is portrait and inside %o', (frame) => {
    for (const zoom of [0.2, 1, 1.7, 4, 9]) {
      for (const [cx, cy] of [
        [0, 0],
        [0.5, 0.5],
        [1, 1],
      ] as const) {
        const rect = cropRect({ zoom, cx, cy }, frame);
        const aspect = (rect.width * frame.width) / (rect.height * frame.height);
        expect(aspect).toBeCloseTo(CLIP_ASPECT, 6);
        expect(rect.x).toBeGreaterThanOrEqual(0);
        expect(rect.y).toBeGreaterThanOrEqual(0);
        expect(rect.x + rect.width).toBeLessThanOrEqual(1 + 1e-9);
        expect(rect.y + rect.height).toBeLessThanOrEqual(1 + 1e-9);
      }
    }
  });

  it('follows the hand: the picture moves with it, and no further than its edge', () => {
    const crop = { zoom: 2, cx: 0.5, cy: 0.5 };
    expect(panCrop(crop, 0.5, 0, LANDSCAPE).cx).toBeLessThan(0.5);
    const far = panCrop(crop, 99, 99, LANDSCAPE);
    expect(cropRect(far, LANDSCAPE)).toMatchObject({ x: 0, y: 0 });
    expect(settledCrop(far, LANDSCAPE)).toEqual(far);
  });

  it('places the whole picture round the window', () => {
    const rect = cropRect({ zoom: 1, cx: 0.5, cy: 0.5 }, LANDSCAPE);
    const placed = pictureInWindow(rect);
    expect(placed.height).toBeCloseTo(1);
    expect(placed.x + placed.width / 2).toBeCloseTo(0.5);
    const fitted = pictureFitted(LANDSCAPE);
    expect(fitted.width).toBe(1);
    expect(fitted.y * 2 + fitted.height).toBeCloseTo(1);
  });
});

describe('what the server is told', () => {
  it('is nothing for an untouched file', () => {
    expect(editForServer(untouchedEdit(), source)).toBeUndefined();
    const sounding = { ...source, withSound: true };
    expect(editForServer(untouchedEdit(), sounding)).toBeUndefined();
  });

  it('is every decision, with the times of cover and texts on the trimmed clip', () => {
    const edit = {
      ...untouchedEdit(),
      trimStartMs: 1_000,
      trimEndMs: 6_000,
      crop: { zoom: 1, cx: 0.5, cy: 0.5 },
      coverMs: 2_500,
      originalVolume: 0.333,
      soundVolume: 0.8,
      soundOffsetMs: 1_200.4,
      texts: [
        { ...newText('a', ' Hi '), startMs: 2_000, endMs: 3_000 },
        { ...newText('b', 'All'), startMs: 500, endMs: 9_000 },
        newText('c', '   '),
        { ...newText('d', 'Cut away'), startMs: 7_000, endMs: 8_000 },
      ],
    };
    expect(editForServer(edit, { ...source, withSound: true })).toEqual({
      trim_start_ms: 1_000,
      trim_end_ms: 6_000,
      crop: { x: 0.3418, y: 0, width: 0.31641, height: 1 },
      cover_ms: 1_500,
      original_volume: 0.33,
      sound_volume: 0.8,
      sound_offset_ms: 1_200,
      texts: [
        {
          text: 'Hi',
          x: 0.5,
          y: 0.4,
          size: 0.05,
          color: '#ffffff',
          background: true,
          start_ms: 1_000,
          end_ms: 2_000,
        },
        { text: 'All', x: 0.5, y: 0.4, size: 0.05, color: '#ffffff', background: true },
      ],
    });
  });

  it('says nothing of a sound that is not there, nor of a crop nobody could see', () => {
    const edit = {
      ...untouchedEdit(),
      soundVolume: 0.2,
      soundOffsetMs: 900,
      crop: { zoom: 2, cx: 0.5, cy: 0.5 },
    };
    expect(editForServer(edit, { ...source, frame: null })).toBeUndefined();
  });
});

describe('texts', () => {
  it('stay on the picture, and end after they begin', () => {
    const edit = { ...untouchedEdit(), texts: [newText('a', 'x')] };
    const moved = changeText(edit, 'a', { x: 2, y: -1, size: 9, startMs: 500, endMs: 400 });
    expect(moved.texts[0]).toMatchObject({ x: 1, y: 0, size: 0.2, endMs: 600 });
  });

  it('come and go on time', () => {
    const text = { ...newText('a', 'x'), startMs: 100, endMs: 200 };
    expect([99, 100, 199, 200].map((at) => textShownAt(text, at))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });
});

describe('history', () => {
  it('undoes a whole gesture at once', () => {
    const history = new History(0);
    history.change(1, 'drag');
    history.change(2, 'drag');
    history.settle();
    history.change(3, 'drag');
    expect(history.undo()).toBe(2);
    expect(history.undo()).toBe(0);
    expect(history.canUndo).toBe(false);
    expect(history.redo()).toBe(2);
    history.change(9);
    expect(history.canRedo).toBe(false);
  });

  it('forgets the oldest step first', () => {
    const history = new History(0, 2);
    for (const step of [1, 2, 3]) history.change(step);
    history.undo();
    expect(history.undo()).toBe(1);
    expect(history.canUndo).toBe(false);
  });
});
