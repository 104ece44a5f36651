/** Reasons in plain words. What a feature counts in logarithms is told as a number that people know. */
import { hasText, i18n, t, type Key } from '$lib/i18n/index.svelte';
import { relativeTime, shortNumber } from '$lib/services/time';
import { aboutOf, type Reason } from '$lib/services/why';
import type { FeatureName } from '$lib/verify/feed/model';

/** Foreign words stay in their own direction, whatever stands around them. */
export const isolate = (text: string): string => `\u2068${text}\u2069`;

const LOGARITHMS: readonly string[] = ['views', 'author_views'];
const PARTS: readonly string[] = ['finish_rate', 'skip_rate', 'act_rate', 'viewer_finish_rate'];

function numberOf(feature: FeatureName, value: number): string {
  if (LOGARITHMS.includes(feature)) return t('why.about', { number: shortNumber(aboutOf(value), i18n.locale) });
  return String(value);
}

export function reasonWords(what: Reason['what'], value: number, name: string): string {
  if (what === 'rest' || what === 'start') return t(`why.${what}`);
  if (what === 'adjustment') return t('why.source_boost');
  const side = value > 0 ? 'more' : value < 0 ? 'less' : 'none';
  // A part of all viewers has words only for what it is, also where it is nothing.
  const key = `why.f_${what}_${side}`;
  return t((hasText(key) ? key : `why.f_${what}_more`) as Key, {
    name: isolate(name),
    value,
    number: numberOf(what, value),
    percent: PARTS.includes(what)
      ? new Intl.NumberFormat(i18n.locale, { style: 'percent' }).format(value / 1024)
      : '',
    when: what === 'age' ? relativeTime(new Date(Date.now() - aboutOf(value) * 60_000).toISOString(), Date.now(), i18n.locale, 'long') : '',
  });
}
