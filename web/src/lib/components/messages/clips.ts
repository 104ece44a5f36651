/** Clips that were sent: fetched once while the page lives, and again where that failed. */
import type { Clip } from '$lib/api/types';
import { getClip } from '$lib/services/clips';

const KEPT = 200;
const asked = new Map<string, Promise<Clip>>();

export function sentClip(id: string): Promise<Clip> {
  let found = asked.get(id);
  if (!found) {
    found = getClip(id);
    asked.set(id, found);
    found.catch(() => asked.delete(id));
    for (const oldest of asked.keys()) {
      if (asked.size <= KEPT) break;
      asked.delete(oldest);
    }
  }
  return found;
}

/** The clip that a link of this realm leads to, where the text is nothing else. */
export function clipOfLink(text: string): string | null {
  const found = /^(\S+)\/c\/([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})\/?$/i.exec(text.trim());
  return found && found[1] === location.origin ? (found[2] ?? null) : null;
}
