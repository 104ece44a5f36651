/** A realm that nobody has named anything in yet says what a new charter says: that is said in the reader's language. */
import { t } from '$lib/i18n/index.svelte';

export function named(name: string): string {
  if (name === 'the person who runs this machine') return t('realm.its_person');
  if (name === 'this machine') return t('realm.its_machine');
  return name;
}
