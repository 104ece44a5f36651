import { ask, client } from '$lib/api/client';
import type { Clip, Page, Sound, TagCount } from '$lib/api/types';

export function getSound(id: string): Promise<Sound> {
  return ask(client.GET('/api/v1/sounds/{id}', { params: { path: { id } } }));
}

export function listSoundClips(id: string, cursor: string | null): Promise<Page<Clip>> {
  return ask(
    client.GET('/api/v1/sounds/{id}/clips', {
      params: { path: { id }, query: { cursor: cursor ?? undefined, limit: 24 } },
    }),
  );
}

/** Sounds to pick from: trending ones while `q` is empty. */
export function findSounds(q: string, cursor: string | null, signal?: AbortSignal): Promise<Page<Sound>> {
  return ask(
    client.GET('/api/v1/sounds', {
      params: { query: { q: q || undefined, cursor: cursor ?? undefined, limit: 20 } },
      signal,
    }),
  );
}

export function getTag(tag: string): Promise<TagCount> {
  return ask(client.GET('/api/v1/tags/{tag}', { params: { path: { tag } } }));
}

export function listTagClips(tag: string, cursor: string | null): Promise<Page<Clip>> {
  return ask(
    client.GET('/api/v1/tags/{tag}/clips', {
      params: { path: { tag }, query: { cursor: cursor ?? undefined, limit: 24 } },
    }),
  );
}
