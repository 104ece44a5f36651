/** Who opened my data, and the proof of it. */
import { ask, client } from '$lib/api/client';
import type { Opening, Page } from '$lib/api/types';

export function listOpenings(cursor: string | null): Promise<Page<Opening>> {
  return ask(client.GET('/api/v1/me/openings', { params: { query: { cursor, limit: 20 } } }));
}

export function receiptPath(id: string): string {
  return `/api/v1/me/openings/${id}/receipt`;
}

/** The receipt's text, as the person would keep it in a file. */
export async function getReceipt(id: string): Promise<string> {
  return ask(
    client.GET('/api/v1/me/openings/{opening_id}/receipt', {
      params: { path: { opening_id: id } },
      parseAs: 'text',
    }),
  );
}

/** What a person is told first: how far it went. */
export type OpeningTale =
  | 'asked'
  | 'allowed'
  | 'opened'
  | 'refused'
  | 'unanswered'
  | 'unused';

/** What became of a request, for the sentence that stands first. Pure. */
export function taleOf(opening: Pick<Opening, 'state' | 'uses'>): OpeningTale {
  if (opening.uses > 0) return 'opened';
  if (opening.state === 'asked' || opening.state === 'draft') return 'asked';
  if (opening.state === 'approved') return 'allowed';
  if (opening.state === 'denied') return 'refused';
  return 'unused';
}
