/** Pure message formatting: `{name}` places and plural forms chosen by Intl.PluralRules. */

export type Plural = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };
export type Message = string | Plural;
export type Catalog = Record<string, Message>;
export type Params = Record<string, string | number>;

const PLACE = /\{(\w+)\}/g;

/**
 * Fills a message. A plural is chosen by `params.count`; numbers are written the locale's way.
 * A place without a value stays visible, so that a missing parameter is seen in review.
 */
export function formatMessage(message: Message, locale: string, params: Params = {}): string {
  let text: string;
  if (typeof message === 'string') {
    text = message;
  } else {
    const rule = new Intl.PluralRules(locale).select(Number(params.count ?? 0));
    text = message[rule] ?? message.other;
  }
  return text.replace(PLACE, (place, name: string) => {
    const value = params[name];
    if (value === undefined) return place;
    return typeof value === 'number' ? new Intl.NumberFormat(locale).format(value) : value;
  });
}

/** The best offered language for what the person's browser asks, by base language. */
export function pickLanguage(
  asked: readonly string[],
  offered: readonly string[],
  fallback: string,
): string {
  for (const tag of asked) {
    const exact = offered.find((one) => one.toLowerCase() === tag.toLowerCase());
    if (exact) return exact;
    const base = tag.toLowerCase().split('-')[0];
    const near = offered.find((one) => one.toLowerCase().split('-')[0] === base);
    if (near) return near;
  }
  return fallback;
}

const RTL_SCRIPTS = new Set(['ar', 'fa', 'he', 'ur', 'ps', 'ckb', 'sd', 'ug', 'yi', 'dv']);

export function directionOf(locale: string): 'ltr' | 'rtl' {
  return RTL_SCRIPTS.has(locale.toLowerCase().split('-')[0] ?? '') ? 'rtl' : 'ltr';
}
