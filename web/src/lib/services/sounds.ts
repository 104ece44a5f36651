import { ask, client } from '$lib/api/client';
import type { Clip, Page, Sound, TagCount } from '$lib/api/types';

/** A sound's title without the note sign that stands beside it anyway. */
export function soundTitle(sound: { title: string }): string {
  return sound.title.replace(/^[♪♫]\s*/u, '');
}

export function getSound(id: string): Promise<Sound> {
  return ask(client.GET('/api/v1/sounds/{sound_id}', { params: { path: { sound_id: id } } }));
}

export function listSoundClips(id: string, cursor: string | null): Promise<Page<Clip>> {
  return ask(
    client.GET('/api/v1/sounds/{sound_id}/clips', {
      params: { path: { sound_id: id }, query: { cursor, limit: 24 } },
    }),
  );
}

/** Sounds to pick from: trending ones while `q` is empty. */
export function findSounds(q: string, cursor: string | null, signal?: AbortSignal): Promise<Page<Sound>> {
  return ask(
    client.GET('/api/v1/sounds', {
      params: { query: { q, cursor, limit: 20 } },
      signal: signal ?? null,
    }),
  );
}

export function getTag(tag: string): Promise<TagCount> {
  return ask(client.GET('/api/v1/tags/{tag}', { params: { path: { tag } } }));
}

export function listTagClips(tag: string, cursor: string | null): Promise<Page<Clip>> {
  return ask(
    client.GET('/api/v1/tags/{tag}/clips', {
      params: { path: { tag }, query: { cursor, limit: 24 } },
    }),
  );
}
