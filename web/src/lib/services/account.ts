import { ask, client } from '$lib/api/client';
import type { Me, Passkey, SessionInfo } from '$lib/api/types';

export interface NewAccount {
  handle: string;
  password?: string;
  passkey?: { challenge_id: string; credential: unknown };
  birth_date: string;
  country: string;
  language: string;
  display_name?: string;
  email?: string;
  phone?: string;
}

export interface MeChange {
  display_name?: string;
  bio?: string;
  language?: string;
  private?: boolean;
  email?: string | null;
  phone?: string | null;
  country?: string;
}

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
  const answer = await ask<{ person: Me }>(
    client.POST('/api/v1/sessions', { body: { handle, password } }),
  );
  return answer.person;
}

export function signOut(): Promise<void> {
  return ask(client.DELETE('/api/v1/sessions/current'));
}

export function signOutEverywhere(): Promise<void> {
  return ask(client.DELETE('/api/v1/sessions'));
}

export async function listSessions(): Promise<SessionInfo[]> {
  return (await ask<{ items: SessionInfo[] }>(client.GET('/api/v1/sessions'))).items;
}

export function endSession(id: string): Promise<void> {
  return ask(client.DELETE('/api/v1/sessions/{id}', { params: { path: { id } } }));
}

/** `current` is left out by people who so far have only a passkey. */
export function changePassword(current: string | null, next: string): Promise<void> {
  return ask(
    client.PUT('/api/v1/me/password', { body: { ...(current ? { current } : {}), new: next } }),
  );
}

export function setAvatar(picture: Blob): Promise<Me> {
  return ask(
    client.PUT('/api/v1/me/avatar', {
      body: picture,
      bodySerializer: (body: unknown) => body as Blob,
      headers: { 'Content-Type': picture.type },
    }),
  );
}

export function removeAvatar(): Promise<unknown> {
  return ask(client.DELETE('/api/v1/me/avatar'));
}

export async function listPasskeys(): Promise<Passkey[]> {
  const answer = await ask<{ items: Passkey[] } | Passkey[]>(client.GET('/api/v1/me/passkeys'));
  return Array.isArray(answer) ? answer : answer.items;
}

export function removePasskey(id: string): Promise<void> {
  return ask(client.DELETE('/api/v1/me/passkeys/{id}', { params: { path: { id } } }));
}
