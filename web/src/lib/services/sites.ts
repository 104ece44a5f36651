import { ask, client } from '$lib/api/client';
import type { Sites } from '$lib/api/realms';

/** Where the realm's data lies, and who answers for that. */
export function getSites(): Promise<Sites> {
  return ask(client.GET('/api/v1/sites'));
}
