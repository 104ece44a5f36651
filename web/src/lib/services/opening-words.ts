/** The sentence that stands before any evidence: who opened what, when and why. */
import type { GrantClass, Opening } from '$lib/api/types';
import { i18n, t, type Key } from '$lib/i18n/index.svelte';

import { dayWords, hourWords } from './kept-words';
import { taleOf } from './openings';

function together(words: string[]): string {
  return new Intl.ListFormat(i18n.locale).format(words);
}

/** «your e-mail address, phone number and birth date and what you watched». */
export function openedWords(classes: readonly (GrantClass | 'clip')[]): string {
  return together(classes.map((one) => t(`opened.${one}` as Key)));
}

/** «Two people at Reelm»: never who. */
export function staffWords(count: number, operator: string): string {
  if (count === 1) return t('opened.by_one', { operator });
  if (count === 2) return t('opened.by_two', { operator });
  return t('opened.by_many', { operator, number: count });
}

/** What was really opened; before anything was, what was asked for. */
function reached(opening: Opening): GrantClass[] {
  if (opening.used.length === 0) return opening.what;
  const seen = opening.used.map((one) => (one.what === 'clip' ? 'private' : one.what));
  return opening.what.filter((one) => seen.includes(one));
}

export function openingSentence(opening: Opening, operator: string): string {
  const tale = taleOf(opening);
  const key = opening.emergency && tale === 'opened' ? 'opened.sentence_emergency' : (`opened.sentence_${tale}` as Key);
  return t(key, {
    count: opening.people_involved,
    people: staffWords(opening.people_involved, operator),
    what: openedWords(reached(opening)),
    day: dayWords(opening.used[0]?.at ?? opening.at, i18n.locale),
    hour: opening.expires_at ? hourWords(opening.expires_at, i18n.locale) : '',
    why: t(`opened.why_${opening.reason}` as Key),
  });
}
