/** What the realm claims of itself. Pure. */
import type { Realm } from '$lib/api/types';
import { countryName } from './time';

/** Where data is kept, in the fewest honest words: the countries, or the sites that name none. */
export function placesOf(storage: Realm['storage'], locale: string): string {
  const places = storage.map((one) => (one.country ? countryName(one.country, locale) : one.site));
  return new Intl.ListFormat(locale).format([...new Set(places)]);
}

/** A site with its country, when it names one. */
export function siteOf(one: Realm['storage'][number], locale: string): string {
  return one.country ? `${one.site} (${countryName(one.country, locale)})` : one.site;
}

/** Whether the realm belongs to those who run it, so that it need not be said twice. */
export function ownsItself(realm: Pick<Realm, 'operator' | 'owners'>): boolean {
  return realm.owners.every((one) => one.name === realm.operator.name);
}
