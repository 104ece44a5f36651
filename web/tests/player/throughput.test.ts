import { describe, expect, it } from 'vitest';

import { chooseRendition, Throughput } from '$lib/player/throughput';

const rendition = (height: number, bandwidth: number) => ({
  url: `/${height}`,
  width: (height * 9) / 16,
  height,
  bytes: 1,
  bandwidth,
  codecs: 'avc1.64001f',
  init_bytes: 1,
  fragment_ms: 500,
  fragments: [1],
});

const LADDER = [rendition(640, 600_000), rendition(1280, 1_800_000), rendition(1920, 4_000_000)];

describe('Throughput', () => {
  it('moves towards what is measured, more for more bytes', () => {
    const little = new Throughput(1_000_000);
    const much = new Throughput(1_000_000);
    little.add(50_000, 40);
    much.add(5_000_000, 4000);
    expect(little.bitsPerSecond).toBeGreaterThan(1_000_000);
    expect(much.bitsPerSecond).toBeGreaterThan(little.bitsPerSecond);
    expect(much.bitsPerSecond).toBeLessThanOrEqual(10_000_000);
  });

  it('learns nothing from crumbs', () => {
    const one = new Throughput(1_000_000);
    one.add(500, 1);
    expect(one.bitsPerSecond).toBe(1_000_000);
  });
});

describe('chooseRendition', () => {
  const phone = { shortEdge: 780, bitsPerSecond: 20_000_000, saveData: false };

  it('goes no further than the first that fills the screen', () => {
    expect(chooseRendition(LADDER, phone)?.height).toBe(1920);
    expect(chooseRendition(LADDER, { ...phone, shortEdge: 390 })?.height).toBe(1280);
    expect(chooseRendition(LADDER, { ...phone, shortEdge: 300 })?.height).toBe(640);
  });

  it('keeps within what the network carries', () => {
    expect(chooseRendition(LADDER, { ...phone, bitsPerSecond: 3_000_000 })?.height).toBe(1280);
    expect(chooseRendition(LADDER, { ...phone, bitsPerSecond: 10_000 })?.height).toBe(640);
  });

  it('takes the smallest for those who save data', () => {
    expect(chooseRendition([...LADDER].reverse(), { ...phone, saveData: true })?.height).toBe(640);
  });

  it('has nothing to choose from nothing', () => {
    expect(chooseRendition([], phone)).toBeNull();
  });
});
