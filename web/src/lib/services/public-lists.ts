/** The public lists: the same bytes for everyone they are for. */
import { ask } from '$lib/api/client';
import type { Clip } from '$lib/api/types';

export interface ListName {
  language: string;
  jurisdiction: string;
  age_band: string;
  epoch: number;
}

export interface PublicList {
  epoch: number;
  ids: string[];
}

async function answered<T>(call: Promise<Response>): Promise<{ data: T; error: unknown; response: Response }> {
  const response = await call;
  const body: unknown = await response.json().catch(() => null);
  return { data: body as T, error: body, response };
}

/** Which list is this person's at present. */
export function currentList(): Promise<ListName> {
  return ask(answered<ListName>(fetch('/api/v1/feeds/lists/current')));
}

export function getList(name: ListName): Promise<PublicList> {
  const path = [name.language, name.jurisdiction, name.age_band, name.epoch].map((part) => encodeURIComponent(part)).join('/');
  return ask(answered<PublicList>(fetch(`/api/v1/feeds/lists/${path}`)));
}

/** What the person may see of these clips, at most twenty. */
export async function cardsOf(ids: string[]): Promise<Clip[]> {
  const call = fetch('/api/v1/feeds/cards', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ids }),
  });
  return (await ask(answered<{ items: Clip[] }>(call))).items;
}
