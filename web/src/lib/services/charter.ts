/** The realm's charter, and how it is changed. */
import { ask } from '$lib/api/client';
import { realmApi, type Adoption, type Charter, type CharterDocument, type Proposal } from '$lib/api/realms';

const ONE = '/api/v1/charter/proposals/{digest}';

export function getCharter(): Promise<Charter> {
  return ask(realmApi.GET<Charter>('/api/v1/charter'));
}

export async function listProposals(): Promise<Proposal[]> {
  return (await ask(realmApi.GET<{ items: Proposal[] }>('/api/v1/charter/proposals'))).items;
}

export function getProposal(digest: string): Promise<Proposal> {
  return ask(realmApi.GET<Proposal>(ONE, { params: { path: { digest } } }));
}

/** Proposes a whole charter as the next version. */
export function proposeCharter(document: CharterDocument): Promise<Proposal> {
  return ask(realmApi.POST<Proposal>('/api/v1/charter/proposals', { body: { document } }));
}

/** Takes a proposal back, with its signatures. */
export async function forgetProposal(digest: string): Promise<void> {
  await ask(realmApi.DELETE<unknown>(ONE, { params: { path: { digest } } }));
}

/** Hands a signature in; the key that made it stays where it is. */
export function handSignatureIn(digest: string, keyholder: string, signature: string): Promise<unknown> {
  return ask(
    realmApi.POST<unknown>(`${ONE}/signatures`, { params: { path: { digest } }, body: { keyholder, signature } }),
  );
}

export function adoptProposal(digest: string): Promise<Adoption> {
  return ask(realmApi.POST<Adoption>(`${ONE}/adopt`, { params: { path: { digest } } }));
}
