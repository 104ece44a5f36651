/** Reasons in plain words. What a feature counts in logarithms is told as a number that people know. */
import { hasText, i18n, t, type Key } from '$lib/i18n/index.svelte';
import { relativeTime, shortNumber } from '$lib/services/time';
import { aboutOf, type Reason } from '$lib/services/why';
import type { FeatureName } from '$lib/verify/feed/model';

/** Foreign words stay in their own direction, whatever stands around them. */
export const isolate = (text: string): string => `\u2068${text}\u2069`;

const LOGARITHMS: readonly string[] = ['views', 'author_views'];

function numberOf(feature: FeatureName, value: number): string {
  if (LOGARITHMS.includes(feature)) return t('why.about', { number: shortNumber(aboutOf(value), i18n.locale) });
  return String(value);
}

/** Of a feature there may be words for more than nothing, less than nothing, and nothing. */
function keyOf(what: FeatureName, value: number): Key {
  const side = value === 0 ? 'none' : value > 0 ? 'more' : 'less';
  const key = `why.f_${what}_${side}`;
  return (hasText(key) ? key : `why.f_${what}_more`) as Key;
}

export function reasonWords({ what, value }: Reason, name: string): string {
  if (what === 'rest' || what === 'start' || what === 'assumed') return t(`why.${what}`);
  if (what === 'adjustment') return t('why.source_boost');
  const minutes = what === 'age' ? aboutOf(value) : 0;
  const nowMs = Date.now();
  return t(keyOf(what, value), {
    name: isolate(name),
    value,
    number: numberOf(what, value),
    percent: new Intl.NumberFormat(i18n.locale, { style: 'percent' }).format(value / 1024),
    when: relativeTime(new Date(nowMs - minutes * 60_000).toISOString(), nowMs, i18n.locale, 'long'),
  });
}
