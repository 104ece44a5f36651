/** One's own reports of messages: what was disclosed, and when staff opened it. */
import { ask, client } from '$lib/api/client';
import type { OwnReport, Page } from '$lib/api/types';

export function listOwnReports(cursor: string | null): Promise<Page<OwnReport>> {
  return ask(client.GET('/api/v1/me/reports', { params: { query: { cursor, limit: 20 } } }));
}
