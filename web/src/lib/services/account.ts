import { ask, client } from '$lib/api/client';
import type { Me, MeChange, NewAccount, Passkey, SessionInfo } from '$lib/api/types';

export function getMe(): Promise<Me> {
  return ask(client.GET('/api/v1/me'));
}

export function changeMe(change: MeChange): Promise<Me> {
  return ask(client.PATCH('/api/v1/me', { body: change }));
}

export function signUp(account: NewAccount): Promise<Me> {
  return ask(client.POST('/api/v1/accounts', { body: account }));
}

export async function signIn(handle: string, password: string): Promise<Me> {
  return (await ask(client.POST('/api/v1/sessions', { body: { handle, password } }))).person;
}

export async function signOut(): Promise<void> {
  await ask<unknown>(client.DELETE('/api/v1/sessions/current'));
}

export async function signOutEverywhere(): Promise<void> {
  await ask<unknown>(client.DELETE('/api/v1/sessions'));
}

export async function listSessions(): Promise<SessionInfo[]> {
  return (await ask(client.GET('/api/v1/sessions'))).items;
}

export async function endSession(id: string): Promise<void> {
  await ask<unknown>(client.DELETE('/api/v1/sessions/{session_id}', { params: { path: { session_id: id } } }));
}

/** `current` is left out by people who so far have only a passkey. */
export async function changePassword(current: string | null, next: string): Promise<void> {
  await ask<unknown>(
    client.PUT('/api/v1/me/password', { body: { ...(current ? { current } : {}), new: next } }),
  );
}

/** The new picture's address. The body is the picture itself, which the schema does not describe. */
export async function setAvatar(picture: Blob): Promise<string | null> {
  const answer = await ask(
    client.PUT('/api/v1/me/avatar', {
      body: picture as never,
      bodySerializer: () => picture,
      headers: { 'Content-Type': picture.type },
    }),
  );
  return answer.avatar_url;
}

export async function removeAvatar(): Promise<void> {
  await ask<unknown>(client.DELETE('/api/v1/me/avatar'));
}

export async function listPasskeys(): Promise<Passkey[]> {
  return (await ask(client.GET('/api/v1/me/passkeys'))).items;
}

export async function removePasskey(id: string): Promise<void> {
  await ask<unknown>(client.DELETE('/api/v1/me/passkeys/{passkey_id}', { params: { path: { passkey_id: id } } }));
}
