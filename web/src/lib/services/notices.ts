import { ask, client } from '$lib/api/client';
import type { Notice, Page } from '$lib/api/types';

export function listNotices(cursor: string | null): Promise<Page<Notice>> {
  return ask(
    client.GET('/api/v1/notices', { params: { query: { cursor: cursor ?? undefined, limit: 20 } } }),
  );
}

export async function countUnread(): Promise<number> {
  return (await ask<{ count: number }>(client.GET('/api/v1/notices/unread'))).count;
}

export function markRead(upTo: string): Promise<void> {
  return ask(client.PUT('/api/v1/notices/read', { body: { up_to: upTo } }));
}
