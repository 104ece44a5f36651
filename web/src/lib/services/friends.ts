import { ask, client } from '$lib/api/client';
import type { Page, PersonCard } from '$lib/api/types';
import type { components } from '$lib/api/schema';

type Schemas = components['schemas'];
export type Invite = Schemas['Invite'];
export type InviteShown = Schemas['InviteShown'];
export type SocialSettings = Schemas['SocialSettings'];
export type Act = Schemas['Act'];

/** For how many days an invite may hold. */
export const INVITE_DAYS = [1, 7, 30] as const;
export const CODE_CHARS = 10;

export function listFriends(cursor: string | null): Promise<Page<PersonCard>> {
  return ask(client.GET('/api/v1/me/friends', { params: { query: { cursor, limit: 30 } } }));
}

/** The handles of everybody on the list of close friends. */
export async function listCloseFriends(): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<PersonCard> = await ask(
      client.GET('/api/v1/me/close-friends', { params: { query: { cursor, limit: 50 } } }),
    );
    found.push(...page.items.map((one) => one.handle));
    cursor = page.next_cursor ?? null;
  } while (cursor);
  return found;
}

export async function setCloseFriend(handle: string, on: boolean): Promise<void> {
  const at = { params: { path: { handle } } };
  const path = '/api/v1/me/close-friends/{handle}' as const;
  await ask(on ? client.PUT(path, at) : client.DELETE(path, at));
}

export async function listInvites(): Promise<Invite[]> {
  return (await ask(client.GET('/api/v1/me/invites'))).items;
}

export function makeInvite(days: number): Promise<Invite> {
  return ask(client.POST('/api/v1/me/invites', { body: { days } }));
}

export async function takeInviteBack(id: string): Promise<void> {
  await ask(client.DELETE('/api/v1/me/invites/{invite_id}', { params: { path: { invite_id: id } } }));
}

export function getInvite(code: string): Promise<InviteShown> {
  return ask(client.GET('/api/v1/invites/{code}', { params: { path: { code } } }));
}

export function acceptInvite(code: string): Promise<PersonCard> {
  return ask(client.POST('/api/v1/invites/{code}/accept', { params: { path: { code } } }));
}

/** What somebody typed or read out as a code; null where it can't be one. */
export function readCode(typed: string): string | null {
  const last = typed.trim().split('/').at(-1) ?? '';
  const code = last.toUpperCase().replace(/[\s-]/g, '').replace(/O/g, '0').replace(/[IL]/g, '1');
  return /^[0-9A-HJKMNP-TV-Z]{10}$/.test(code) ? code : null;
}

/** A code in two groups, easier to read out. */
export function spellCode(code: string): string {
  return `${code.slice(0, CODE_CHARS / 2)} ${code.slice(CODE_CHARS / 2)}`;
}

export function getSocialSettings(): Promise<SocialSettings> {
  return ask(client.GET('/api/v1/me/social-settings'));
}

export function setSocialSettings(change: Partial<SocialSettings>): Promise<SocialSettings> {
  return ask(client.PUT('/api/v1/me/social-settings', { body: change }));
}

export function listActivity(cursor: string | null): Promise<Page<Act>> {
  return ask(client.GET('/api/v1/me/friends/activity', { params: { query: { cursor, limit: 20 } } }));
}
