/** What a chart is made of. */

/** One colour of a chart; `tone` is one of the eight that `Chart` knows. */
export interface Series {
  key: string;
  label: string;
  tone: 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;
}

export interface Column {
  key: string;
  /** Under the chart; not every column has room for one. */
  short: string;
  /** In the table and for whoever points at it. */
  long: string;
  /** A value for each series, in their order. */
  values: number[];
}

const ROUND = [1, 2, 3, 4, 5, 6, 8, 10];

/** The next round number at which an axis may end. */
export function roundTop(value: number): number {
  if (value <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return (ROUND.find((step) => step * power >= value) ?? 10) * power;
}

export const totalOf = (columns: readonly Column[]): number =>
  columns.reduce((sum, one) => sum + one.values.reduce((a, b) => a + b, 0), 0);
