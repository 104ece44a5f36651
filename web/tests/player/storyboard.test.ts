import { describe, expect, it } from 'vitest';

import { tileAt } from '$lib/player/storyboard';

const board = { url: '/s.jpg', columns: 5, rows: 2, tile_width: 90, tile_height: 160, interval_ms: 1000 };

describe('tileAt', () => {
  it('walks along the rows', () => {
    expect(tileAt(board, 0, 45)).toMatchObject({ position: '0px 0px', size: '225px 160px', height: 80 });
    expect(tileAt(board, 6999, 45).position).toBe('-45px -80px');
  });

  it('stays within the board', () => {
    expect(tileAt(board, 60_000, 45).position).toBe('-180px -80px');
    expect(tileAt(board, -5, 45).position).toBe('0px 0px');
  });
});
