/** The border as everybody sees it, and what operators do there. */
import { ask } from '$lib/api/client';
import { borderApi, type Batch, type Border, type PeerState } from '$lib/api/realms';

export function getBorder(): Promise<Border> {
  return ask(borderApi.GET<Border>('/api/v1/border'));
}

/** Deliveries that were given up. */
export async function listDead(): Promise<Batch[]> {
  const answer = await ask(
    borderApi.GET<{ items: Batch[] }>('/api/v1/border/batches', { params: { query: { state: 'dead' } } }),
  );
  return answer.items;
}

export async function retryBatch(id: string): Promise<void> {
  await ask(borderApi.POST<unknown>('/api/v1/border/batches/{batch_id}/retry', { params: { path: { batch_id: id } } }));
}

export async function setPeerState(realm: string, state: PeerState): Promise<void> {
  await ask(borderApi.PUT<unknown>('/api/v1/border/peers/{realm}', { params: { path: { realm } }, body: { state } }));
}
