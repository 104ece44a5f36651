/** What is behind the screens of messages; fetched when they are first opened. */
import type { Me } from '$lib/api/types';

import type { Machine, Ready } from './types';

export interface Told {
  /** Conversations that changed; none named means any. */
  changed(conversations: readonly string[]): void;
  ready(now: Ready): void;
}

export async function openMachine(me: Me, told: Told): Promise<Machine> {
  throw new Error(`not there yet: ${me.handle} ${typeof told}`);
}
