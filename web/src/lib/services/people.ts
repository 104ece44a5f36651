import { ask, client } from '$lib/api/client';
import type { Clip, FollowState, Page, Person, PersonCard } from '$lib/api/types';

export function getPerson(handle: string): Promise<Person> {
  return ask(client.GET('/api/v1/people/{handle}', { params: { path: { handle } } }));
}

export function listPersonClips(handle: string, cursor: string | null): Promise<Page<Clip>> {
  return ask(
    client.GET('/api/v1/people/{handle}/clips', {
      params: { path: { handle }, query: { cursor, limit: 24 } },
    }),
  );
}

export function listReposts(handle: string, cursor: string | null): Promise<Page<Clip>> {
  return ask(
    client.GET('/api/v1/people/{handle}/reposts', {
      params: { path: { handle }, query: { cursor, limit: 24 } },
    }),
  );
}

/** Follows, or asks to where the account is private; says which. */
export function setFollow(handle: string, on: boolean): Promise<{ follow: FollowState }> {
  const at = { params: { path: { handle } } };
  return ask(
    on
      ? client.PUT('/api/v1/people/{handle}/follow', at)
      : client.DELETE('/api/v1/people/{handle}/follow', at),
  );
}

export function setBlock(handle: string, on: boolean): Promise<unknown> {
  const at = { params: { path: { handle } } };
  return ask(
    on
      ? client.PUT('/api/v1/people/{handle}/block', at)
      : client.DELETE('/api/v1/people/{handle}/block', at),
  );
}

const LIST_PATHS = {
  followers: '/api/v1/me/followers',
  following: '/api/v1/me/following',
  blocks: '/api/v1/me/blocks',
  'follow-requests': '/api/v1/me/follow-requests',
} as const;

export type MyList = keyof typeof LIST_PATHS;

export function listMine(list: MyList, cursor: string | null): Promise<Page<PersonCard>> {
  return ask(
    client.GET(LIST_PATHS[list], { params: { query: { cursor, limit: 30 } } }),
  );
}

export function answerFollowRequest(handle: string, accept: boolean): Promise<unknown> {
  const at = { params: { path: { handle } } };
  const path = '/api/v1/me/follow-requests/{handle}' as const;
  return ask(accept ? client.PUT(path, at) : client.DELETE(path, at));
}

export function removeFollower(handle: string): Promise<unknown> {
  return ask(client.DELETE('/api/v1/me/followers/{handle}', { params: { path: { handle } } }));
}
