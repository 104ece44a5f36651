import { ask, client } from '$lib/api/client';
import type { Clip, ClipCounts, ClipPermissions, ClipStatus, Page, Visibility } from '$lib/api/types';

export interface ClipChange {
  caption?: string;
  visibility?: Visibility;
  permissions?: ClipPermissions;
  labels?: { ai: boolean; paid: boolean };
  draft?: boolean;
  publish_at?: string | null;
  cover_ms?: number;
}

export function getClip(id: string): Promise<Clip> {
  return ask(client.GET('/api/v1/clips/{id}', { params: { path: { id } } }));
}

export function changeClip(id: string, change: ClipChange): Promise<Clip> {
  return ask(client.PATCH('/api/v1/clips/{id}', { params: { path: { id } }, body: change }));
}

export function deleteClip(id: string): Promise<void> {
  return ask(client.DELETE('/api/v1/clips/{id}', { params: { path: { id } } }));
}

export function retryClip(id: string): Promise<Clip> {
  return ask(client.POST('/api/v1/clips/{id}/retry', { params: { path: { id } } }));
}

export function cancelClip(id: string): Promise<Clip> {
  return ask(client.POST('/api/v1/clips/{id}/cancel', { params: { path: { id } } }));
}

export function listMyClips(status: ClipStatus, cursor: string | null): Promise<Page<Clip>> {
  return ask(
    client.GET('/api/v1/me/clips', {
      params: { query: { status, cursor: cursor ?? undefined, limit: 24 } },
    }),
  );
}

interface Reaction {
  counts?: ClipCounts;
}

/** Likes or unlikes; the answer's counts are the realm's own. */
export function setLike(id: string, on: boolean): Promise<Reaction | undefined> {
  const at = { params: { path: { id } } };
  return ask(on ? client.PUT('/api/v1/clips/{id}/like', at) : client.DELETE('/api/v1/clips/{id}/like', at));
}

export function setRepost(id: string, on: boolean): Promise<Reaction | undefined> {
  const at = { params: { path: { id } } };
  return ask(
    on ? client.PUT('/api/v1/clips/{id}/repost', at) : client.DELETE('/api/v1/clips/{id}/repost', at),
  );
}

export function countShare(id: string): Promise<void> {
  return ask(client.POST('/api/v1/clips/{id}/share', { params: { path: { id } } }));
}

export function clipLink(id: string): string {
  return `${location.origin}/c/${id}`;
}

export function downloadLink(id: string): string {
  return `/api/v1/clips/${id}/download`;
}
