/** Where in a clip's storyboard the picture of a moment lies. Pure. */
import type { ClipMedia } from '$lib/api/types';

type Storyboard = NonNullable<ClipMedia['storyboard']>;

export interface Tile {
  url: string;
  width: number;
  height: number;
  /** CSS background size and position that show this tile alone. */
  size: string;
  position: string;
}

/** The tile of a moment, as wide as asked. */
export function tileAt(board: Storyboard, ms: number, width: number): Tile {
  const last = board.columns * board.rows - 1;
  const index = Math.min(Math.max(Math.floor(ms / board.interval_ms), 0), last);
  const height = (width * board.tile_height) / board.tile_width;
  const [column, row] = [index % board.columns, Math.floor(index / board.columns)];
  return {
    url: board.url,
    width,
    height,
    size: `${width * board.columns}px ${height * board.rows}px`,
    position: `${-column * width}px ${-row * height}px`,
  };
}
