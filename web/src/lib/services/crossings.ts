/** What other realms learned of the person, and whether they may. */
import { ask, client } from '$lib/api/client';
import type { ConsentGiven, Crossing } from '$lib/api/realms';
import type { Page } from '$lib/api/types';

const CONSENT = '/api/v1/me/consents/{realm_id}';
const at = (realm: string) => ({ params: { path: { realm_id: realm } } });

export function listCrossings(cursor: string | null): Promise<Page<Crossing>> {
  return ask(client.GET('/api/v1/me/crossings', { params: { query: { cursor, limit: 30 } } }));
}

/** Asks the other realm to forget one act. */
export async function withdrawCrossing(id: string): Promise<void> {
  await ask(client.POST('/api/v1/me/crossings/{crossing_id}/withdraw', { params: { path: { crossing_id: id } } }));
}

export async function listConsents(): Promise<ConsentGiven[]> {
  return (await ask(client.GET('/api/v1/me/consents'))).items;
}

export async function giveConsent(realm: string): Promise<void> {
  await ask<unknown>(client.PUT(CONSENT, at(realm)));
}

/** Takes everything back that the person did there; says how many things. */
export async function withdrawConsent(realm: string): Promise<number> {
  return (await ask(client.DELETE(CONSENT, at(realm)))).undone;
}
