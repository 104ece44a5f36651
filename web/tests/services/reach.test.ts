import { describe, expect, it } from 'vitest';

import { lastDays } from '$lib/services/reach';

const NOW = Date.parse('2026-11-22T05:00:00Z');

describe('days of a clip', () => {
  it('begin with the first that has something and have no gaps', () => {
    const days = [
      { day: '2026-11-19', count: 12, few: false },
      { day: '2026-11-21', count: 5, few: true },
    ];
    expect(lastDays(days, NOW, 14)).toEqual([
      { day: '2026-11-19', count: 12, few: false },
      { day: '2026-11-20', count: 0, few: false },
      { day: '2026-11-21', count: 5, few: true },
      { day: '2026-11-22', count: 0, few: false },
    ]);
  });

  it('are none when nothing was shown, or only before', () => {
    expect(lastDays([], NOW, 14)).toEqual([]);
    expect(lastDays([{ day: '2026-10-01', count: 9, few: false }], NOW, 14)).toEqual([]);
  });
});
