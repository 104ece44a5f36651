import { describe, expect, it } from 'vitest';

import { springMove } from '$lib/player/spring';
import { factorOf } from '$lib/player/gain';
import { Watch } from '$lib/player/watch';

function watch() {
  const told: string[] = [];
  const one = new Watch('clip', 'for-you', (_id, kind, facts) =>
    told.push(`${kind}:${facts.watchedMs ?? '-'}`),
  );
  return { one, told };
}

describe('Watch', () => {
  it('calls a short look a skip', () => {
    const { one, told } = watch();
    one.tick(900, 900, 0);
    one.end();
    expect(told).toEqual(['impression:-', 'skip:900']);
  });

  it('tells the end once and then every loop', () => {
    const { one, told } = watch();
    one.tick(3000, 0, 1);
    one.tick(3000, 0, 2);
    one.tick(3000, 0, 3);
    one.end();
    expect(told).toEqual(['impression:-', 'finish:3000', 'loop:6000', 'loop:9000']);
  });

  it('tells long clips on the way', () => {
    const { one, told } = watch();
    for (let i = 0; i < 25; i++) one.tick(1000, i * 1000, 0);
    one.end();
    expect(told).toEqual(['impression:-', 'progress:10000', 'progress:20000', 'progress:25000']);
  });
});

describe('springMove', () => {
  const points = (easing: string) => easing.slice(7, -1).split(', ').map(Number);

  it.each([-3, 0, 4, 12])('begins at rest, ends there, and hardly overshoots at %d', (velocity) => {
    const { easing, durationMs } = springMove(velocity);
    const way = points(easing);
    expect(way[0]).toBeCloseTo(0, 5);
    expect(way.at(-1)).toBe(1);
    expect(Math.max(...way)).toBeLessThan(1.12);
    expect(durationMs).toBeLessThan(450);
  });
});

describe('factorOf', () => {
  it('turns decibels into factors and stops before noise', () => {
    expect(factorOf(0)).toBe(1);
    expect(factorOf(-6)).toBeCloseTo(0.501, 2);
    expect(factorOf(40)).toBe(factorOf(9));
  });
});
