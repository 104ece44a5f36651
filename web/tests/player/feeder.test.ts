import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { aheadOf, Feeder } from '$lib/player/feeder';
import { FragmentIndex } from '$lib/player/fragments';
import type { Head } from '$lib/player/heads';

import {
  fileOf,
  FRAGMENT_BYTES,
  INIT_BYTES,
  LocalManagedMediaSource,
  LocalMediaSource,
  LocalVideo,
} from './media';

const FRAGMENTS = 12;
const HEAD = 2;
let asked: string[] = [];

function headOf(fragments = FRAGMENTS): Head {
  const file = fileOf(fragments);
  const rendition = {
    url: '/clip.mp4',
    width: 360,
    height: 640,
    bytes: file.length,
    bandwidth: 1,
    codecs: 'avc1.64001f,mp4a.40.2',
    init_bytes: INIT_BYTES,
    fragment_ms: 500,
    fragments: Array.from({ length: fragments }, () => FRAGMENT_BYTES),
  };
  vi.stubGlobal('fetch', (_url: string, init: { headers: { Range: string } }) => {
    const [, from, to] = /bytes=(\d+)-(\d+)/.exec(init.headers.Range) ?? [];
    asked.push(init.headers.Range);
    const body = file.slice(Number(from), Number(to) + 1);
    return Promise.resolve(new Response(body, { status: 206 }));
  });
  const index = new FragmentIndex(rendition);
  const { start, end } = index.head(HEAD);
  return { rendition, index, fragments: HEAD, bytes: Promise.resolve(file.slice(start, end).buffer) };
}

const settle = async () => {
  for (let i = 0; i < 40; i++) await new Promise((resolve) => setImmediate(resolve));
};

function begin(head = headOf()) {
  const video = new LocalVideo();
  const feeder = new Feeder(video as unknown as HTMLVideoElement, head);
  const source = LocalMediaSource.last;
  if (!source) throw new Error('no source was made');
  source.dispatchEvent(new Event('sourceopen'));
  return { video, feeder, source };
}

beforeEach(() => {
  asked = [];
  LocalMediaSource.lateSeconds = 0;
  vi.stubGlobal('MediaSource', LocalMediaSource);
  vi.stubGlobal('ManagedMediaSource', undefined);
  vi.spyOn(URL, 'createObjectURL').mockReturnValue('blob:clip');
  vi.spyOn(URL, 'revokeObjectURL').mockReturnValue(undefined);
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe('Feeder', () => {
  it('holds only the head while it waits', async () => {
    const { source } = begin();
    await settle();
    expect(source.buffer.appended).toEqual([0, 1]);
    expect(asked).toEqual([]);
  });

  it('reads on in order once it plays, and not without end', async () => {
    const { feeder, source } = begin();
    await settle();
    feeder.setActive(true);
    await settle();
    expect(source.buffer.appended.slice(0, FRAGMENTS)).toEqual([...Array(FRAGMENTS).keys()]);
    expect(feeder.aheadSeconds).toBeGreaterThanOrEqual(10);
    expect(feeder.aheadSeconds).toBeLessThan(16);
  });

  it('repeats without a gap and without asking again', async () => {
    const { video, feeder, source } = begin();
    feeder.setActive(true);
    await settle();
    const requests = asked.length;
    await video.playTo(20);
    expect(asked).toHaveLength(requests);
    expect(source.buffer.spans).toHaveLength(1);
    expect(feeder.loops).toBe(3);
    expect(feeder.positionMs).toBeCloseTo(2000, 0);
  });

  it('closes the seam where picture and sound do not begin together', async () => {
    LocalMediaSource.lateSeconds = 0.08;
    const { video, feeder, source } = begin();
    feeder.setActive(true);
    await settle();
    await video.playTo(16);
    expect(source.buffer.spans).toHaveLength(1);
    expect(feeder.aheadSeconds).toBeGreaterThan(5);
  });

  it('forgets what lies far behind', async () => {
    const { video, feeder, source } = begin();
    feeder.setActive(true);
    await settle();
    await video.playTo(60);
    expect(source.buffer.spans[0]?.[0]).toBeGreaterThan(30);
  });

  it('seeks inside the round that is playing', async () => {
    const { video, feeder } = begin();
    feeder.setActive(true);
    await settle();
    await video.playTo(8);
    feeder.seek(1500);
    expect(video.currentTime).toBeCloseTo(7.5);
    expect(feeder.positionMs).toBeCloseTo(1500, 0);
  });

  it('starts again before a moment that is not buffered', async () => {
    const { video, feeder, source } = begin(headOf(80));
    await settle();
    feeder.setActive(true);
    await settle();
    feeder.seek(30_000);
    await settle();
    expect(video.currentTime).toBe(30);
    expect(source.buffer.appended).toContain(60);
    expect(feeder.aheadSeconds).toBeGreaterThan(5);
  });

  it('obeys a managed source that wants no more', async () => {
    vi.stubGlobal('ManagedMediaSource', LocalManagedMediaSource);
    const { video, feeder, source } = begin();
    const managed = source as LocalManagedMediaSource;
    expect(video.disableRemotePlayback).toBe(true);
    managed.streaming = false;
    feeder.setActive(true);
    await settle();
    expect(feeder.aheadSeconds).toBeLessThan(4);
    managed.streaming = true;
    managed.dispatchEvent(new Event('startstreaming'));
    await settle();
    expect(feeder.aheadSeconds).toBeGreaterThanOrEqual(10);
  });

  it('tells when the file is gone, and lets go when closed', async () => {
    const { feeder, video, source } = begin();
    await settle();
    const failures: unknown[] = [];
    feeder.onError = (cause) => failures.push(cause);
    vi.stubGlobal('fetch', () => Promise.resolve(new Response('', { status: 404 })));
    feeder.setActive(true);
    await settle();
    expect(failures).toHaveLength(1);
    feeder.close();
    expect(video.src).toBe('');
    expect(source.buffer.spans).toEqual([]);
    expect(URL.revokeObjectURL).toHaveBeenCalledWith('blob:clip');
  });
});

describe('aheadOf', () => {
  const ranges = (...spans: [number, number][]): TimeRanges => ({
    length: spans.length,
    start: (i) => spans[i]?.[0] ?? 0,
    end: (i) => spans[i]?.[1] ?? 0,
  });

  it('bridges small gaps only', () => {
    expect(aheadOf(ranges([0, 5], [5.1, 9]), 2)).toBe(7);
    expect(aheadOf(ranges([0, 5], [6, 9]), 2)).toBe(3);
    expect(aheadOf(ranges([0, 1]), 4)).toBe(0);
  });
});
