/** A grant in the words of the people who decide about it. */
import type { Grant, GrantClass } from '$lib/api/types';
import { i18n, t, type Key } from '$lib/i18n/index.svelte';

const list = (words: string[]) => new Intl.ListFormat(i18n.locale).format(words);

const inside = (word: string) => word.charAt(0).toLocaleLowerCase(i18n.locale) + word.slice(1);

/** «Contact details and ties»: only the first begins with a capital. */
export function classesWords(classes: readonly GrantClass[]): string {
  const words = classes.map((one) => t(`grant.${one}` as Key));
  return list(words.map((word, at) => (at === 0 ? word : inside(word))));
}

export function peopleWords(grant: Pick<Grant, 'people'>): string {
  return list(grant.people.map((one) => `@${one.handle}`));
}
