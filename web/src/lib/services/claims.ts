/** What the realm claims of itself, and how strong each claim is. Pure. */
import type { Realm } from '$lib/api/types';
import { countryName } from './time';

export type Strength = 'self-declared' | 'not-yet-checked';

/** The countries of the storage sites, named and joined the locale's way. */
export function placesOf(storage: Realm['storage'], locale: string): string {
  const countries = [...new Set(storage.map((one) => one.country))];
  return new Intl.ListFormat(locale).format(countries.map((one) => countryName(one, locale)));
}
