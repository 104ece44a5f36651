import { ask } from '$lib/api/client';
import { realmApi, type Sites } from '$lib/api/realms';

export function getSites(): Promise<Sites> {
  return ask(realmApi.GET<Sites>('/api/v1/sites'));
}
