/** The public lists: the same bytes for everyone they are for. */
import { ask, client } from '$lib/api/client';
import type { Clip, ListName, PublicList } from '$lib/api/types';

/** Which list is this person's at present. */
export function currentList(): Promise<ListName> {
  return ask(client.GET('/api/v1/feeds/lists/current'));
}

export function getList(name: ListName): Promise<PublicList> {
  return ask(
    client.GET('/api/v1/feeds/lists/{language}/{jurisdiction}/{age_band}/{epoch}', { params: { path: name } }),
  );
}

/** What the person may see of these clips, at most twenty. */
export async function cardsOf(ids: string[]): Promise<Clip[]> {
  return (await ask(client.POST('/api/v1/feeds/cards', { body: { clip_ids: ids } }))).items;
}
