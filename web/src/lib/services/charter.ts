/** The realm's charter, and how it is changed. */
import { ask, client } from '$lib/api/client';
import type { Adoption, Charter, CharterDocument, Proposal } from '$lib/api/realms';

const at = (digest: string) => ({ params: { path: { digest } } });

export function getCharter(): Promise<Charter> {
  return ask(client.GET('/api/v1/charter'));
}

export async function listProposals(): Promise<Proposal[]> {
  return (await ask(client.GET('/api/v1/charter/proposals'))).items;
}

export function getProposal(digest: string): Promise<Proposal> {
  return ask(client.GET('/api/v1/charter/proposals/{digest}', at(digest)));
}

/** Proposes a whole charter as the next version. */
export function proposeCharter(document: CharterDocument): Promise<Proposal> {
  return ask(client.POST('/api/v1/charter/proposals', { body: { document } }));
}

/** Takes a proposal back, with its signatures. */
export async function forgetProposal(digest: string): Promise<void> {
  await ask<unknown>(client.DELETE('/api/v1/charter/proposals/{digest}', at(digest)));
}

/** Hands a signature in; the key that made it stays where it is. */
export function handSignatureIn(digest: string, keyholder: string, signature: string): Promise<Proposal> {
  return ask(
    client.POST('/api/v1/charter/proposals/{digest}/signatures', { ...at(digest), body: { keyholder, signature } }),
  );
}

export function adoptProposal(digest: string): Promise<Adoption> {
  return ask(client.POST('/api/v1/charter/proposals/{digest}/adopt', at(digest)));
}
