/** What other realms learned of the person, and whether they may. */
import { ask } from '$lib/api/client';
import { realmApi, type ConsentGiven, type Crossing } from '$lib/api/realms';
import type { Page } from '$lib/api/types';

const CONSENT = '/api/v1/me/consents/{realm}';

export function listCrossings(cursor: string | null): Promise<Page<Crossing>> {
  return ask(realmApi.GET<Page<Crossing>>('/api/v1/me/crossings', { params: { query: { cursor, limit: 30 } } }));
}

/** Asks the other realm to forget one act. */
export async function withdrawCrossing(id: string): Promise<void> {
  await ask(realmApi.POST<unknown>('/api/v1/me/crossings/{crossing_id}/withdraw', { params: { path: { crossing_id: id } } }));
}

export async function listConsents(): Promise<ConsentGiven[]> {
  return (await ask(realmApi.GET<{ items: ConsentGiven[] }>('/api/v1/me/consents'))).items;
}

export async function giveConsent(realm: string): Promise<void> {
  await ask(realmApi.PUT<unknown>(CONSENT, { params: { path: { realm } } }));
}

/** Takes everything back that the person did there; says how many things. */
export async function withdrawConsent(realm: string): Promise<number> {
  return (await ask(realmApi.DELETE<{ undone: number }>(CONSENT, { params: { path: { realm } } }))).undone;
}
