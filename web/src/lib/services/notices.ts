import { ask, client } from '$lib/api/client';
import type { Notice, Page } from '$lib/api/types';

export function listNotices(cursor: string | null): Promise<Page<Notice>> {
  return ask(
    client.GET('/api/v1/notices', { params: { query: { cursor, limit: 20 } } }),
  );
}

export async function countUnread(): Promise<number> {
  return (await ask(client.GET('/api/v1/notices/unread'))).count;
}

export async function markRead(upTo: string): Promise<void> {
  await ask<unknown>(client.PUT('/api/v1/notices/read', { body: { up_to: upTo } }));
}
