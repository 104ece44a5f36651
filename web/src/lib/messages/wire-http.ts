/** The realm's routes for messages. */
import { ask, client } from '$lib/api/client';
import { asProblem } from '$lib/api/problem';

import type { Wire, WireTalk } from './wire';

const PAGE = 50;
const ENTRIES = 200;

const at = (id: string) => ({ params: { path: { conversation_id: id } } });
const device = (id: string) => ({ params: { path: { device_id: id } } });

async function allConversations(kind: 'all' | 'requests'): Promise<WireTalk[]> {
  const found: WireTalk[] = [];
  let cursor: string | null = null;
  do {
    const query: { kind: typeof kind; limit: number; cursor?: string } = { kind, limit: PAGE };
    if (cursor !== null) query.cursor = cursor;
    const page: { items: WireTalk[]; next_cursor?: string | null } = await ask(
      client.GET('/api/v1/conversations', { params: { query } }),
    );
    found.push(...page.items);
    cursor = page.next_cursor ?? null;
  } while (cursor !== null);
  return found;
}

export const httpWire: Wire = {
  identity: () => ask(client.GET('/api/v1/me/messages/identity')),
  putIdentity: async (key, replaces) => {
    const body = { identity_key: key, ...(replaces === undefined ? {} : { replaces }) };
    await ask(client.PUT('/api/v1/me/messages/identity', { body }));
  },
  addDevice: async (body) => {
    await ask(client.POST('/api/v1/me/devices', { body }));
  },
  endDevice: async (id) => {
    await ask(client.DELETE('/api/v1/me/devices/{device_id}', device(id)));
  },
  putPackages: async (id, packages, lastResort) => {
    const body = { packages, ...(lastResort === undefined ? {} : { last_resort: lastResort }) };
    return (await ask(client.PUT('/api/v1/me/devices/{device_id}/key-packages', { ...device(id), body }))).left;
  },
  packagesLeft: async (id) => (await ask(client.GET('/api/v1/me/devices/{device_id}/key-packages', device(id)))).left,
  person: (handle) => ask(client.GET('/api/v1/people/{handle}/devices', { params: { path: { handle } } })),
  claim: (people) => ask(client.POST('/api/v1/key-packages/claims', { body: { people } })),
  talks: async () => {
    const found = [...(await allConversations('all')), ...(await allConversations('requests'))];
    return [...new Map(found.map((one) => [one.id, one])).values()];
  },
  talk: (id) => ask(client.GET('/api/v1/conversations/{conversation_id}', at(id))),
  begin: (body) => ask(client.POST('/api/v1/conversations', { body })),
  leave: async (id) => {
    await ask(client.DELETE('/api/v1/conversations/{conversation_id}', at(id)));
  },
  accept: async (id) => {
    await ask(client.POST('/api/v1/conversations/{conversation_id}/accept', at(id)));
  },
  mute: async (id, until) => {
    await ask(client.PUT('/api/v1/conversations/{conversation_id}/mute', { ...at(id), body: { until } }));
  },
  read: async (id, seq) => {
    await ask(client.PUT('/api/v1/conversations/{conversation_id}/read', { ...at(id), body: { seq } }));
  },
  typing: async (id) => {
    await ask(client.POST('/api/v1/conversations/{conversation_id}/typing', at(id)));
  },
  groupInfo: (id) => ask(client.GET('/api/v1/conversations/{conversation_id}/group-info', at(id))),
  welcome: async (id, own) => {
    const params = { ...at(id).params, query: { device_id: own } };
    try {
      return await ask(client.GET('/api/v1/conversations/{conversation_id}/welcome', { params }));
    } catch (cause) {
      if (asProblem(cause).gone) return null;
      throw cause;
    }
  },
  dropWelcome: async (id, own) => {
    const params = { ...at(id).params, query: { device_id: own } };
    await ask(client.DELETE('/api/v1/conversations/{conversation_id}/welcome', { params }));
  },
  commit: (id, body) => ask(client.POST('/api/v1/conversations/{conversation_id}/commits', { ...at(id), body })),
  send: (id, body) => ask(client.POST('/api/v1/conversations/{conversation_id}/messages', { ...at(id), body })),
  entries: (id, after) => {
    const params = { ...at(id).params, query: { after, limit: ENTRIES } };
    return ask(client.GET('/api/v1/conversations/{conversation_id}/messages', { params }));
  },
  empty: async (id, seq) => {
    const params = { path: { conversation_id: id, seq } };
    await ask(client.DELETE('/api/v1/conversations/{conversation_id}/messages/{seq}', { params }));
  },
  keep: async (id, items) => {
    await ask(client.PUT('/api/v1/me/messages/history/{conversation_id}', { ...at(id), body: { items } }));
  },
  kept: (id, before) => {
    const query = before === null ? { limit: ENTRIES } : { before, limit: ENTRIES };
    const params = { ...at(id).params, query };
    return ask(client.GET('/api/v1/me/messages/history/{conversation_id}', { params }));
  },
  report: (id, body) => ask(client.POST('/api/v1/conversations/{conversation_id}/reports', { ...at(id), body })),
};
