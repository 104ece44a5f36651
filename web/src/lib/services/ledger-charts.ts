/** What the charts of the promises' page show, from what the API counts. Pure, but for the words that come in. */
import type { EntryBody, GrantCounts, Ledger } from '$lib/api/types';
import type { Column, Series } from '$lib/components/ledger/series';

import { FAMILIES, familyOf, SEALS } from './promises';

const DAY_MS = 86_400_000;
const TONES: Record<(typeof FAMILIES)[number], Series['tone']> = {
  grant: 1,
  rights: 2,
  realm: 3,
  staff: 4,
  keys: 5,
  feed: 6,
  border: 7,
  other: 8,
};

export function familySeries(label: (family: (typeof FAMILIES)[number]) => string): Series[] {
  return FAMILIES.map((family) => ({ key: family, label: label(family), tone: TONES[family] }));
}

export function dayWords(day: string, locale: string): Pick<Column, 'key' | 'short' | 'long'> {
  const at = new Date(`${day}T00:00:00Z`);
  const write = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(locale, { timeZone: 'UTC', ...options }).format(at);
  return { key: day, short: write({ day: 'numeric', month: 'numeric' }), long: write({ dateStyle: 'medium' }) };
}

/** The last `count` days up to today (UTC), those without anything too. */
export function lastDays(count: number, nowMs: number): string[] {
  return Array.from({ length: count }, (_, at) =>
    new Date(nowMs - (count - 1 - at) * DAY_MS).toISOString().slice(0, 10),
  );
}

export function dayColumns(days: Ledger['days'], nowMs: number, locale: string, count = 14): Column[] {
  const counts = new Map(days.map((one) => [one.day, one.counts]));
  return lastDays(count, nowMs).map((day) => {
    const values = FAMILIES.map(() => 0);
    for (const [kind, value] of Object.entries(counts.get(day) ?? {})) {
      const family = familyOf(kind);
      if (family === SEALS) continue;
      const at = FAMILIES.indexOf(family);
      values[at] = (values[at] ?? 0) + value;
    }
    return { ...dayWords(day, locale), values };
  });
}

/** Every month from the first that has something up to this one. */
function monthsUpTo(first: string, nowMs: number): string[] {
  const last = new Date(nowMs).toISOString().slice(0, 7);
  const found: string[] = [];
  for (let at = new Date(`${first}-01T00:00:00Z`); at.toISOString().slice(0, 7) <= last; at.setUTCMonth(at.getUTCMonth() + 1)) {
    found.push(at.toISOString().slice(0, 7));
  }
  return found;
}

/** For each month: emergencies apart (they are approved too), approved, denied or unanswered, still waiting. */
export function grantColumns(months: GrantCounts['months'], nowMs: number, locale: string): Column[] {
  const known = new Map(months.map((one) => [one.month, one]));
  const first = [...known.keys()].sort()[0];
  if (!first) return [];
  return monthsUpTo(first, nowMs).map((month) => {
    const one = known.get(month);
    const at = new Date(`${month}-01T00:00:00Z`);
    const write = (options: Intl.DateTimeFormatOptions) =>
      new Intl.DateTimeFormat(locale, { timeZone: 'UTC', ...options }).format(at);
    const words = { key: month, short: write({ month: 'short' }), long: write({ month: 'long', year: 'numeric' }) };
    if (!one) return { ...words, values: [0, 0, 0, 0] };
    const denied = one.denied + one.unanswered;
    const waiting = Math.max(0, one.requested - one.approved - denied);
    return { ...words, values: [one.emergencies, Math.max(0, one.approved - one.emergencies), denied, waiting] };
  });
}

/** The reasons of all months together, the commonest first. */
export function reasonTotals(months: GrantCounts['months']): [string, number][] {
  const totals = new Map<string, number>();
  for (const month of months) {
    for (const [reason, count] of Object.entries(month.reasons)) {
      totals.set(reason, (totals.get(reason) ?? 0) + count);
    }
  }
  return [...totals].sort(([, a], [, b]) => b - a);
}

/** Keys given out per day and purpose, from the hourly entries; the four commonest purposes, and the rest. */
export function keyColumns(
  entries: readonly EntryBody[],
  nowMs: number,
  locale: string,
  rest: string,
  count = 7,
): { series: Series[]; columns: Column[] } {
  const days = lastDays(count, nowMs);
  const totals = new Map<string, number>();
  const perDay = new Map<string, Map<string, number>>();
  for (const entry of entries) {
    const day = typeof entry.hour === 'string' ? entry.hour.slice(0, 10) : '';
    if (!days.includes(day) || typeof entry.counts !== 'object' || entry.counts === null) continue;
    const counted = perDay.get(day) ?? new Map<string, number>();
    perDay.set(day, counted);
    for (const [purpose, value] of Object.entries(entry.counts)) {
      if (typeof value !== 'number') continue;
      counted.set(purpose, (counted.get(purpose) ?? 0) + value);
      totals.set(purpose, (totals.get(purpose) ?? 0) + value);
    }
  }
  const MOST = 5;
  const ordered = [...totals].sort(([, a], [, b]) => b - a).map(([purpose]) => purpose);
  const named = ordered.length > MOST ? ordered.slice(0, MOST) : ordered;
  const series: Series[] = named.map((purpose, at) => ({
    key: purpose,
    label: purpose,
    tone: ((at + 2) % 6 || 6) as Series['tone'],
  }));
  if (ordered.length > MOST) series.push({ key: '*', label: rest, tone: 1 });
  const columns = days.map((day) => {
    const counted = perDay.get(day) ?? new Map<string, number>();
    const values = named.map((purpose) => counted.get(purpose) ?? 0);
    if (ordered.length > MOST) values.push(ordered.slice(MOST).reduce((sum, one) => sum + (counted.get(one) ?? 0), 0));
    return { ...dayWords(day, locale), values };
  });
  return { series, columns };
}
