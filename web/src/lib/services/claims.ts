/** What the realm claims of itself. Pure. */
import type { Realm } from '$lib/api/types';
import { countryInText, countryName } from './time';

type Place = Pick<Realm['storage'][number], 'site' | 'country'>;

/** Where data is kept, in the fewest honest words: the countries, or the sites that name none. */
export function placesOf(storage: readonly Place[], locale: string): string {
  const places = storage.map((one) => (one.country ? countryInText(one.country, locale) : one.site));
  return new Intl.ListFormat(locale).format([...new Set(places)]);
}

/** A site with its country, when it names one. */
export function siteOf(one: Place, locale: string): string {
  return one.country ? `${one.site} (${countryName(one.country, locale)})` : one.site;
}

/** Whether the realm belongs to those who run it, so that it need not be said twice. */
export function ownsItself(realm: { operator: { name: string }; owners: readonly { name: string }[] }): boolean {
  return realm.owners.every((one) => one.name === realm.operator.name);
}
