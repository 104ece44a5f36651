import { ask, client } from '$lib/api/client';
import type { Realm } from '$lib/api/types';

export function getRealm(): Promise<Realm> {
  return ask(client.GET('/api/v1/realm'));
}
