import { ask, client } from '$lib/api/client';
import type { Clip, ClipChange, ClipCounts, ClipStatus, Page } from '$lib/api/types';

export type { ClipChange };

export function getClip(id: string): Promise<Clip> {
  return ask(client.GET('/api/v1/clips/{clip_id}', { params: { path: { clip_id: id } } }));
}

export function changeClip(id: string, change: ClipChange): Promise<Clip> {
  return ask(client.PATCH('/api/v1/clips/{clip_id}', { params: { path: { clip_id: id } }, body: change }));
}

export async function deleteClip(id: string): Promise<void> {
  await ask(client.DELETE('/api/v1/clips/{clip_id}', { params: { path: { clip_id: id } } }));
}

export function retryClip(id: string): Promise<Clip> {
  return ask(client.POST('/api/v1/clips/{clip_id}/retry', { params: { path: { clip_id: id } } }));
}

export function cancelClip(id: string): Promise<Clip> {
  return ask(client.POST('/api/v1/clips/{clip_id}/cancel', { params: { path: { clip_id: id } } }));
}

export function listMyClips(status: ClipStatus, cursor: string | null): Promise<Page<Clip>> {
  return ask(
    client.GET('/api/v1/me/clips', {
      params: { query: { status, cursor, limit: 24 } },
    }),
  );
}

interface Reaction {
  counts: ClipCounts;
}

/** Likes or unlikes; the answer's counts are the realm's own. */
export function setLike(id: string, on: boolean): Promise<Reaction> {
  const at = { params: { path: { clip_id: id } } };
  return ask(on ? client.PUT('/api/v1/clips/{clip_id}/like', at) : client.DELETE('/api/v1/clips/{clip_id}/like', at));
}

export function setRepost(id: string, on: boolean): Promise<Reaction> {
  const at = { params: { path: { clip_id: id } } };
  return ask(
    on ? client.PUT('/api/v1/clips/{clip_id}/repost', at) : client.DELETE('/api/v1/clips/{clip_id}/repost', at),
  );
}

export async function countShare(id: string): Promise<void> {
  await ask(client.POST('/api/v1/clips/{clip_id}/share', { params: { path: { clip_id: id } } }));
}

export function clipLink(id: string): string {
  return `${location.origin}/c/${id}`;
}

export function downloadLink(id: string): string {
  return `/api/v1/clips/${id}/download`;
}
