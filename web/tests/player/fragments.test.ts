import { describe, expect, it } from 'vitest';

import { FragmentIndex, runLength } from '$lib/player/fragments';

const index = new FragmentIndex({ init_bytes: 100, fragment_ms: 500, fragments: [10, 20, 30, 40] });

describe('FragmentIndex', () => {
  it('gives the bytes of runs of fragments', () => {
    expect(index.range(0, 1)).toEqual({ start: 100, end: 110 });
    expect(index.range(1, 3)).toEqual({ start: 110, end: 160 });
  });

  it('ends where the file ends', () => {
    expect(index.range(3, 99)).toEqual({ start: 160, end: 200 });
    expect(index.range(4, 5)).toEqual({ start: 200, end: 200 });
  });

  it('puts the init segment before the first fragments', () => {
    expect(index.init()).toEqual({ start: 0, end: 100 });
    expect(index.head(2)).toEqual({ start: 0, end: 130 });
  });

  it('finds the fragment of a moment, within what exists', () => {
    expect([-5, 0, 499, 500, 1999, 9000].map((ms) => index.at(ms))).toEqual([0, 0, 0, 1, 3, 3]);
  });

  it('covers a time with whole fragments', () => {
    expect([0, 1, 500, 501, 60_000].map((ms) => index.covering(ms))).toEqual([1, 1, 1, 2, 4]);
  });

  it('stands for a file without fragments', () => {
    const none = new FragmentIndex({ init_bytes: 7, fragment_ms: 500, fragments: [] });
    expect(none.at(1000)).toBe(0);
    expect(none.head(3)).toEqual({ start: 0, end: 7 });
  });
});

describe('runLength', () => {
  it('asks for little while the buffer is thin', () => {
    expect([0, 2, 8].map((ahead) => runLength(ahead, 500))).toEqual([2, 4, 8]);
    expect(runLength(0, 4000)).toBe(1);
  });
});
