import { describe, expect, it } from 'vitest';

import {
  bestRecordingType,
  cameraTrouble,
  filmableMs,
  lengthChoices,
  portraitMiddle,
  recordingSize,
  ringPieces,
  soundPositionMs,
  soundRateWhileFilming,
  totalShownMs,
  voiceFits,
  type Speed,
} from '$lib/services/recorder-plan';

const take = (filmedMs: number, speed: Speed) => ({ filmedMs, speed });

describe('speed', () => {
  it('shows a take in less time the faster it is, and the sound ends up at its own pace', () => {
    for (const speed of [0.5, 1, 2] as const) {
      const filmed = 4_000;
      const heardWhileFilming = filmed * soundRateWhileFilming(speed);
      expect(totalShownMs([take(filmed, speed)])).toBeCloseTo(heardWhileFilming);
    }
  });

  it('begins the next take where the sound stopped', () => {
    const takes = [take(4_000, 2), take(1_000, 0.5)];
    expect(soundPositionMs(500, takes)).toBe(4_500);
    expect(soundPositionMs(500, takes, 1_000, 2)).toBe(5_000);
  });

  it('leaves as much camera time as fills the clip', () => {
    expect(filmableMs([take(5_000, 1)], 2, 15_000)).toBe(20_000);
    expect(filmableMs([take(5_000, 1)], 0.5, 15_000)).toBe(5_000);
    expect(filmableMs([take(20_000, 1)], 1, 15_000)).toBe(0);
  });
});

it('draws the takes one behind the other on the ring', () => {
  const pieces = ringPieces([take(3_000, 1), take(6_000, 2), take(99_000, 1)], 12_000);
  expect(pieces).toEqual([
    { from: 0, to: 0.25 },
    { from: 0.25, to: 0.5 },
    { from: 0.5, to: 1 },
  ]);
});

it('offers the usual lengths that fit, and the longest', () => {
  expect(lengthChoices(600_000)).toEqual([15_000, 60_000, 180_000, 600_000]);
  expect(lengthChoices(12_000)).toEqual([12_000]);
  expect(lengthChoices(60_000)).toEqual([15_000, 60_000]);
  expect(lengthChoices(60_000, 8_200)).toEqual([8_200, 15_000, 60_000]);
  expect(lengthChoices(60_000, 90_000)).toEqual([15_000, 60_000]);
});

describe('format', () => {
  it('prefers what the server need not encode again', () => {
    expect(bestRecordingType(() => true)).toContain('avc1');
    expect(bestRecordingType((type) => type.startsWith('video/webm'))).toBe(
      'video/webm;codecs=vp9,opus',
    );
    expect(bestRecordingType(() => false)).toBeNull();
  });

  it('records a portrait of even size, never larger than the camera sees', () => {
    expect(recordingSize(1920, 1080)).toEqual({ width: 608, height: 1080 });
    expect(recordingSize(1080, 1920)).toEqual({ width: 720, height: 1280 });
    expect(recordingSize(640, 480)).toEqual({ width: 270, height: 480 });
    const cut = portraitMiddle(1920, 1080);
    expect(cut.width / cut.height).toBeCloseTo(9 / 16);
    expect(cut.x + cut.width / 2).toBeCloseTo(960);
  });
});

it('knows why a camera did not open', () => {
  const named = (name: string) => Object.assign(new Error(name), { name });
  expect(cameraTrouble(named('NotAllowedError'))).toBe('refused');
  expect(cameraTrouble(named('NotFoundError'))).toBe('missing');
  expect(cameraTrouble(named('NotReadableError'))).toBe('busy');
  expect(cameraTrouble('nonsense')).toBe('unknown');
});

it('records a voice only where it can follow the speed', async () => {
  const asked: string[] = [];
  const supports = async (config: AudioEncoderConfig) => {
    asked.push(config.codec);
    return config.codec === 'opus';
  };
  expect(await voiceFits(1, 'video/mp4', null)).toBe(true);
  expect(await voiceFits(2, 'video/mp4', null)).toBe(false);
  expect(await voiceFits(2, 'video/webm;codecs=vp9,opus', supports)).toBe(true);
  expect(await voiceFits(0.5, 'video/mp4;codecs=avc1.640028,mp4a.40.2', supports)).toBe(false);
  expect(asked).toEqual(['opus', 'mp4a.40.2']);
});
