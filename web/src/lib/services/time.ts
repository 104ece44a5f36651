/** Times and numbers in the person's words. Pure: the moment and the locale come in. */

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['second', 60],
  ['minute', 60],
  ['hour', 24],
  ['day', 7],
  ['week', 52],
];

/** «3 hours ago» for anything within a week, a short date beyond. */
export function relativeTime(
  then: string,
  nowMs: number,
  locale: string,
  style: Intl.RelativeTimeFormatStyle = 'short',
): string {
  const at = new Date(then);
  let value = (at.getTime() - nowMs) / 1000;
  const words = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style });
  if (Math.abs(value) < 45) return words.format(0, 'second');
  for (const [unit, size] of STEPS) {
    if (unit === 'week') break;
    if (Math.abs(value) < size - 0.5) return words.format(Math.round(value), unit);
    value /= size;
  }
  const sameYear = at.getFullYear() === new Date(nowMs).getFullYear();
  return new Intl.DateTimeFormat(locale, {
    day: 'numeric',
    month: 'short',
    ...(sameYear ? {} : { year: 'numeric' }),
  }).format(at);
}

/** «4 seconds ago» while it is fresh, then as above: for what is renewed all the time. */
export function ago(
  then: string,
  nowMs: number,
  locale: string,
  style: Intl.RelativeTimeFormatStyle = 'long',
): string {
  const seconds = Math.max(0, Math.round((nowMs - Date.parse(then)) / 1000));
  if (seconds >= 60) return relativeTime(then, nowMs, locale, style);
  return new Intl.RelativeTimeFormat(locale, { style, numeric: 'auto' }).format(-seconds, 'second');
}

export function fullTime(then: string, locale: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'short' }).format(
    new Date(then),
  );
}

/** 1,234 as «1.2K»; small numbers whole. */
export function shortNumber(value: number, locale: string): string {
  return new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 }).format(value);
}

/** Milliseconds as m:ss. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

export function countryName(code: string, locale: string): string {
  if (!/^[A-Za-z]{2}$/.test(code)) return code;
  return new Intl.DisplayNames([locale], { type: 'region' }).of(code.toUpperCase()) ?? code;
}

/** Countries that English puts an article before. */
const WITH_ARTICLE = new Set('AE BS CC CD CF CG CK DO FK FO GB GM IO KM KY MH MP MV NL PH SB SC TC TF UM US VG VI'.split(' '));

/** The country's name within a sentence: “the United States”. */
export function countryInText(code: string, locale: string): string {
  const article = locale.startsWith('en') && WITH_ARTICLE.has(code.toUpperCase()) ? 'the ' : '';
  return article + countryName(code, locale);
}
