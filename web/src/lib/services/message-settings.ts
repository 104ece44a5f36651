import { ask, client } from '$lib/api/client';
import type { components } from '$lib/api/schema';

export type MessageSettings = components['schemas']['MessageSettings'];

/** Who may write to one, and what of one's reading and typing others see. */
export function getMessageSettings(): Promise<MessageSettings> {
  return ask(client.GET('/api/v1/me/messages/settings'));
}

export function changeMessageSettings(body: MessageSettings): Promise<MessageSettings> {
  return ask(client.PUT('/api/v1/me/messages/settings', { body }));
}
