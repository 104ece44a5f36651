import { describe, expect, it } from 'vitest';

import { cellOf, columnWords, headlineOf, madeAt, sizeWords } from '$lib/services/kept-words';
import { taleOf } from '$lib/services/openings';

describe('a row of one’s own', () => {
  it('is headed by its own first words', () => {
    expect(headlineOf({ id: '1', caption: 'A walk', kind: 'clip' })).toBe('A walk');
    expect(headlineOf({ id: '1', caption: '  ', created_at: '2026-05-03T10:00:00Z' })).toBeNull();
    expect(madeAt({ created_at: '2026-05-03T10:00:00+00:00' })).toBe('2026-05-03T10:00:00+00:00');
    expect(madeAt({ created_at: 'yesterday' })).toBeNull();
  });

  it('shows every value as what it is', () => {
    expect(cellOf(null)).toEqual({ kind: 'nothing' });
    expect(cellOf('')).toEqual({ kind: 'nothing' });
    expect(cellOf([])).toEqual({ kind: 'nothing' });
    expect(cellOf(0)).toEqual({ kind: 'text', text: '0' });
    expect(cellOf(false)).toEqual({ kind: 'no' });
    expect(cellOf(['a', 'b'])).toEqual({ kind: 'text', text: 'a, b' });
    expect(cellOf({ a: 1 }).kind).toBe('code');
    expect(cellOf('2026-05-03T10:00:00.123456+00:00').kind).toBe('when');
    expect(cellOf('2026-05-03').kind).toBe('text');
  });

  it('says column names and sizes in words', () => {
    expect(columnWords('created_at')).toBe('Created at');
    expect(columnWords('watched_ms')).toBe('Watched');
    expect(sizeWords(999, 'en')).toBe('999 bytes');
    expect(sizeWords(24_000_000, 'en')).toBe('24 MB');
    expect(sizeWords(1_500, 'en')).toBe('1.5 kB');
  });
});

describe('what became of a request', () => {
  it.each([
    ['asked', 0, 'asked'],
    ['approved', 0, 'allowed'],
    ['approved', 1, 'opened'],
    ['expired', 2, 'opened'],
    ['expired', 0, 'unused'],
    ['closed', 0, 'unused'],
    ['denied', 0, 'refused'],
  ] as const)('%s with %i uses is told as %s', (state, uses, tale) => {
    expect(taleOf({ state, uses })).toBe(tale);
  });
});
