/** The realms of the network, and who belongs where. */
import { ask, client } from '$lib/api/client';
import type { Network, NetworkRealm } from '$lib/api/realms';
import type { Person } from '$lib/api/types';

export function getNetwork(): Promise<Network> {
  return ask(client.GET('/api/v1/network'));
}

/** The realm whose charter names a country, else the one for everybody whom none names. Pure. */
export function homeOf(network: Network, country: string): NetworkRealm | null {
  const named = network.realms.find((one) => one.countries.includes(country));
  return named ?? network.realms.find((one) => one.elsewhere) ?? null;
}

/** A realm as a refusal names it, when the directory could not be read. */
export function realmTold(fields: Record<string, string>, country: string): NetworkRealm | null {
  if (!fields.realm) return null;
  return {
    realm: fields.realm,
    name: fields.name || fields.realm,
    operator: '',
    countries: [country],
    elsewhere: false,
    web: fields.web ?? '',
    here: false,
    storage: [],
    charter: '',
  };
}

/** Finds somebody by an address such as `@lea@us`; asks that realm when they aren't known here yet. */
export function lookupPerson(address: string): Promise<Person> {
  return ask(client.GET('/api/v1/people/lookup', { params: { query: { address } } }));
}
