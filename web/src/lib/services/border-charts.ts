/** What the charts of the border show, from its counters. Pure, but for the words that come in. */
import type { BorderCount, Moved } from '$lib/api/realms';
import type { DataClass } from '$lib/api/types';
import type { Column, Series } from '$lib/components/ledger/series';

import { dayWords, lastDays } from './ledger-charts';

export const CLASSES: readonly DataClass[] = [
  'public',
  'social',
  'identity',
  'private',
  'telemetry',
  'derived',
  'operational',
];
const TONES: Record<string, Series['tone']> = {
  public: 3,
  social: 2,
  identity: 1,
  private: 4,
  telemetry: 6,
  derived: 7,
  operational: 5,
};

export function classSeries(label: (name: DataClass) => string): Series[] {
  return CLASSES.map((key) => ({ key, label: label(key), tone: TONES[key] ?? 5 }));
}

function daily(
  days: readonly BorderCount[],
  nowMs: number,
  locale: string,
  count: number,
  keys: readonly string[],
  keyOf: (one: BorderCount) => string,
  wanted: (one: BorderCount) => boolean,
): Column[] {
  const counted = new Map<string, number[]>();
  for (const one of days) {
    const at = keys.indexOf(keyOf(one));
    if (at < 0 || !wanted(one)) continue;
    const values = counted.get(one.day) ?? keys.map(() => 0);
    values[at] = (values[at] ?? 0) + one.objects;
    counted.set(one.day, values);
  }
  return lastDays(count, nowMs).map((day) => ({
    ...dayWords(day, locale),
    values: counted.get(day) ?? keys.map(() => 0),
  }));
}

/** Objects that crossed in one direction, per day and data class. */
export const crossedPerDay = (
  days: readonly BorderCount[],
  direction: 'out' | 'in',
  nowMs: number,
  locale: string,
  count = 14,
): Column[] =>
  daily(days, nowMs, locale, count, CLASSES, (one) => one.data_class, (one) => one.kind === 'crossing' && one.direction === direction);

/** What was stopped, per day: on its way out, on its way in. */
export const refusedPerDay = (days: readonly BorderCount[], nowMs: number, locale: string, count = 14): Column[] =>
  daily(days, nowMs, locale, count, ['out', 'in'], (one) => one.direction, (one) => one.kind === 'refused');

/** Objects that crossed in the days of a chart, by peer, the most first. */
export function crossedByPeer(
  days: readonly BorderCount[],
  direction: 'out' | 'in',
  nowMs: number,
  count = 14,
): [string, Moved][] {
  const since = lastDays(count, nowMs);
  const totals = new Map<string, Moved>();
  for (const one of days) {
    if (one.kind !== 'crossing' || one.direction !== direction || !since.includes(one.day)) continue;
    const total = totals.get(one.peer) ?? { objects: 0, bytes: 0 };
    totals.set(one.peer, { objects: total.objects + one.objects, bytes: total.bytes + one.bytes });
  }
  return [...totals].sort(([, a], [, b]) => b.objects - a.objects);
}

export const KINDS = ['crossing', 'storage', 'control', 'delivery', 'fetch'] as const;

/** Bytes by kind of connection in the days of a chart, both directions together. */
export function bytesByKind(days: readonly BorderCount[], nowMs: number, count = 14): [(typeof KINDS)[number], number][] {
  const since = lastDays(count, nowMs);
  return KINDS.map((kind) => [
    kind,
    days.reduce((sum, one) => sum + (one.kind === kind && since.includes(one.day) ? one.bytes : 0), 0),
  ]);
}
