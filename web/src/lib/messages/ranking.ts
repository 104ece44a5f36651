/** Whom a person sends to most, by what this device remembers; the realm isn't asked and isn't told. */
import type { PersonCard } from '$lib/api/types';

import { messages, openedMachine } from './engine.svelte';

/** People one has written to from this device, the likeliest first. Opens messages if need be. */
export async function friendsFirst(): Promise<PersonCard[]> {
  await messages.start();
  return (await openedMachine()?.friendsFirst()) ?? [];
}
