/** The rows a person sees of themselves, in words. Pure. */
import type { DataClass, DataRow } from '$lib/api/types';

/** From what is most one's own to what only the machine needs. */
export const CLASS_ORDER: readonly DataClass[] = [
  'identity',
  'private',
  'public',
  'social',
  'telemetry',
  'derived',
  'operational',
];

/** `created_at` as «created at»: the realm's own name of a column, readable. */
export function columnWords(name: string): string {
  return name
    .replace(/_(sealed|ms|id)$/, '')
    .replaceAll('_', ' ')
    .replace(/^./, (first) => first.toUpperCase());
}

const WHEN = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;

export type Cell =
  | { kind: 'nothing' }
  | { kind: 'yes' }
  | { kind: 'no' }
  | { kind: 'when'; text: string }
  | { kind: 'text'; text: string }
  | { kind: 'code'; text: string };

/** How one value is shown. */
export function cellOf(value: unknown): Cell {
  if (value === null || value === undefined || value === '') return { kind: 'nothing' };
  if (typeof value === 'boolean') return { kind: value ? 'yes' : 'no' };
  if (typeof value === 'string' && WHEN.test(value)) return { kind: 'when', text: value };
  if (Array.isArray(value) && value.every((one) => typeof one !== 'object')) {
    return value.length ? { kind: 'text', text: value.join(', ') } : { kind: 'nothing' };
  }
  if (typeof value === 'object') return { kind: 'code', text: JSON.stringify(value, null, 1) };
  return { kind: 'text', text: String(value) };
}

const HEADLINES = ['display_name', 'handle', 'caption', 'text', 'title', 'word', 'tag', 'kind', 'client', 'filename', 'label'];

/** A row's own first words, so that a list of them can be read. */
export function headlineOf(row: DataRow): string | null {
  for (const name of HEADLINES) {
    const value = row[name];
    if (typeof value === 'string' && value.trim()) return value;
  }
  return null;
}

/** When a row was made, if it says so. */
export function madeAt(row: DataRow): string | null {
  for (const name of ['created_at', 'at', 'published_at', 'asked_at', 'started_at']) {
    const value = row[name];
    if (typeof value === 'string' && WHEN.test(value)) return value;
  }
  return null;
}

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;

export function sizeWords(bytes: number, locale: string): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: UNITS[unit] ?? 'byte',
    unitDisplay: unit === 0 ? 'long' : 'short',
    maximumFractionDigits: value < 10 && unit > 0 ? 1 : 0,
  }).format(value);
}

/** A day as people say it; the year only when it is another one. */
export function dayWords(then: string, locale: string, now = new Date()): string {
  const at = new Date(then);
  return new Intl.DateTimeFormat(locale, {
    day: 'numeric',
    month: 'long',
    ...(at.getFullYear() === now.getFullYear() ? {} : { year: 'numeric' }),
  }).format(at);
}

export function hourWords(then: string, locale: string): string {
  return new Intl.DateTimeFormat(locale, { timeStyle: 'short' }).format(new Date(then));
}
