/** Where a person's own clip was shown. */
import { ask, client } from '$lib/api/client';
import type { Reach } from '$lib/api/types';

const DAY_MS = 86_400_000;

export function getReach(id: string): Promise<Reach> {
  return ask(client.GET('/api/v1/clips/{clip_id}/reach', { params: { path: { clip_id: id } } }));
}

export interface Told {
  count: number;
  few: boolean;
}

export interface Day extends Told {
  day: string;
}

/** The last `count` days up to today (UTC), those without showings too, but none before the first that has some. */
export function lastDays(days: readonly Day[], nowMs: number, count: number): Day[] {
  const known = new Map(days.map((one) => [one.day, one]));
  const all = Array.from({ length: count }, (_, at) => {
    const day = new Date(nowMs - (count - 1 - at) * DAY_MS).toISOString().slice(0, 10);
    return known.get(day) ?? { day, count: 0, few: false };
  });
  const first = all.findIndex((one) => one.count > 0);
  return first < 0 ? [] : all.slice(first);
}
