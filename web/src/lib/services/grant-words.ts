/** A grant in the words of the people who decide about it. */
import type { Grant, GrantClass } from '$lib/api/types';
import { i18n, t, type Key } from '$lib/i18n/index.svelte';

const list = (words: string[]) => new Intl.ListFormat(i18n.locale).format(words);

export function classesWords(classes: readonly GrantClass[]): string {
  return list(classes.map((one) => t(`grant.${one}` as Key)));
}

export function peopleWords(grant: Pick<Grant, 'people'>): string {
  return list(grant.people.map((one) => `@${one.handle}`));
}
