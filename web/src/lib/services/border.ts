/** The border as everybody sees it, and what operators do there. */
import { ask, client } from '$lib/api/client';
import type { Border, Delivery, PeerState } from '$lib/api/realms';

export function getBorder(): Promise<Border> {
  return ask(client.GET('/api/v1/border'));
}

const MOST = 50;

/** Deliveries that were given up, the newest. */
export async function listGivenUp(): Promise<Delivery[]> {
  return (await ask(client.GET('/api/v1/border/batches', { params: { query: { state: 'dead', limit: MOST } } }))).items;
}

export async function retryDelivery(id: string): Promise<void> {
  await ask<unknown>(client.POST('/api/v1/border/batches/{batch_id}/retry', { params: { path: { batch_id: id } } }));
}

export async function setPeerState(realm: string, state: PeerState): Promise<void> {
  await ask<unknown>(client.PUT('/api/v1/border/peers/{realm_id}', { params: { path: { realm_id: realm } }, body: { state } }));
}
