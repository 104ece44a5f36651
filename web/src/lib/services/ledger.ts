/** The public ledger as the realm's API tells of it. What it tells is checked elsewhere (`ledger-check`). */
import { ask, client } from '$lib/api/client';
import type { DataMap, GrantCounts, Ledger, LedgerEntry, LedgerEntryFull, Page } from '$lib/api/types';

export function getLedger(): Promise<Ledger> {
  return ask(client.GET('/api/v1/ledger'));
}

const PAGE = 30;

/** Entries, newest first; of some kinds only, if any are given. */
export function listEntries(
  kinds: readonly string[],
  cursor: string | null,
  limit = PAGE,
): Promise<Page<LedgerEntry>> {
  const query = { limit, ...(cursor ? { cursor } : {}), ...(kinds.length > 0 ? { kind: kinds.join(',') } : {}) };
  // What an entry holds is for its kind to say, so its type is no narrower than any object's.
  return ask(client.GET('/api/v1/ledger/entries', { params: { query } })) as Promise<Page<LedgerEntry>>;
}

export function getEntry(index: number): Promise<LedgerEntryFull> {
  const answer = ask(client.GET('/api/v1/ledger/entries/{index}', { params: { path: { index } } }));
  return answer as Promise<LedgerEntryFull>;
}

/** Where the proof of an entry can be taken away as a file. */
export const proofPath = (index: number): string => `/api/v1/ledger/proofs/${index}`;

export function countGrants(): Promise<GrantCounts> {
  return ask(client.GET('/api/v1/transparency/grants'));
}

export function getDataMap(): Promise<DataMap> {
  return ask(client.GET('/api/v1/data-map')) as Promise<DataMap>;
}
