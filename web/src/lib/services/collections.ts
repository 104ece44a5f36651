import { ask, client } from '$lib/api/client';
import type { components } from '$lib/api/schema';
import type { Clip, Page } from '$lib/api/types';

type Schemas = components['schemas'];
export type Collection = Schemas['Collection'];
export type CollectionChange = Schemas['CollectionChange'];
export type Shown = Collection['visibility'];

export const SHOWN: readonly Shown[] = ['only_me', 'friends', 'everyone'];
export const TITLE_CHARS = 60;

/** One's own collections; with a clip, which of them have it. */
export async function listMyCollections(clip_id?: string): Promise<Collection[]> {
  const query = clip_id ? { clip_id } : {};
  return (await ask(client.GET('/api/v1/me/collections', { params: { query } }))).items;
}

export async function listCollectionsOf(handle: string): Promise<Collection[]> {
  return (await ask(client.GET('/api/v1/people/{handle}/collections', { params: { path: { handle } } }))).items;
}

export function getCollection(id: string): Promise<Collection> {
  return ask(client.GET('/api/v1/collections/{collection_id}', { params: { path: { collection_id: id } } }));
}

export function listCollectionClips(id: string, cursor: string | null): Promise<Page<Clip>> {
  return ask(
    client.GET('/api/v1/collections/{collection_id}/clips', {
      params: { path: { collection_id: id }, query: { cursor, limit: 24 } },
    }),
  );
}

export function makeCollection(title: string, visibility: Shown): Promise<Collection> {
  return ask(client.POST('/api/v1/me/collections', { body: { title, visibility } }));
}

export function changeCollection(id: string, change: CollectionChange): Promise<Collection> {
  return ask(
    client.PATCH('/api/v1/me/collections/{collection_id}', { params: { path: { collection_id: id } }, body: change }),
  );
}

export async function deleteCollection(id: string): Promise<void> {
  await ask(client.DELETE('/api/v1/me/collections/{collection_id}', { params: { path: { collection_id: id } } }));
}

export async function setInCollection(id: string, clip: string, on: boolean): Promise<void> {
  const at = { params: { path: { collection_id: id, clip_id: clip } } };
  const path = '/api/v1/me/collections/{collection_id}/clips/{clip_id}' as const;
  await ask(on ? client.PUT(path, at) : client.DELETE(path, at));
}

/** Puts clips in this order; those left out follow as they did. */
export async function orderCollection(id: string, order: string[]): Promise<void> {
  await ask(
    client.PUT('/api/v1/me/collections/{collection_id}/order', {
      params: { path: { collection_id: id } },
      body: { order },
    }),
  );
}

export async function listSaved(): Promise<string[]> {
  return (await ask(client.GET('/api/v1/me/saved'))).ids;
}

export async function setSaved(clip: string, on: boolean): Promise<void> {
  const at = { params: { path: { clip_id: clip } } };
  const path = '/api/v1/me/saved/{clip_id}' as const;
  await ask(on ? client.PUT(path, at) : client.DELETE(path, at));
}

export function collectionLink(id: string): string {
  return `${location.origin}/collection/${id}`;
}
